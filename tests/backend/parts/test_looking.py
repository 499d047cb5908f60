import numpy as np
from small_inputs import detections

from backend.images.decode import Photo
from backend.parts.cutting import Part
from backend.parts.looking import look

PARTS = [Part(0, 0, 80, 60), Part(40, 30, 80, 60)]


def test_boxes_are_in_the_photos_pixels_also_where_it_is_decoded_smaller():
    seen, calls = [], []

    def prepare(image):
        seen.append(image.shape)
        return image

    photo = Photo(np.zeros((30, 40, 3), np.uint8), width=80, height=60)
    looks = look(photo, PARTS, prepare, lambda _: detections([[1, 2, 3, 4]]), lambda: calls.append(len(seen)))
    assert seen == [(30, 40, 3), (15, 20, 3)]
    assert [found.boxes.tolist() for found in looks.found] == [[[2, 4, 6, 8]], [[42, 34, 46, 38]]]
    assert calls == [1]  # between two looks, not before the first
    assert looks.preprocess >= 0
    assert looks.inference >= 0
