import base64
import itertools
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from conftest import IMAGES, PHOTOS, encode
from small_inputs import iou

from backend import PicoDetector
from backend.images.decode import decode_image
from backend.images.errors import ImageTooLargeError
from backend.model.errors import ThresholdError
from backend.parts.cutting import DetailError

BOX_TOLERANCE, SCORE_TOLERANCE = 1.5, 0.01  # other processors round otherwise


def without_timing(answer):
    return {name: value for name, value in answer.items() if name != "timing_ms"}


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.name)
def test_the_samples_give_the_stored_detections(detector, expected_detections, photo):
    answer, expected = detector.predict(photo), expected_detections[photo.name]
    assert answer["image"] == expected["image"]
    assert [r["label"] for r in answer["results"]] == [r["label"] for r in expected["results"]]
    for result, wanted in zip(answer["results"], expected["results"], strict=True):
        assert result["score"] == pytest.approx(wanted["score"], abs=SCORE_TOLERANCE)
        assert result["box"] == pytest.approx(wanted["box"], abs=BOX_TOLERANCE)


@pytest.mark.parametrize(
    ("name", "masked", "unmasked"),
    [
        ("test_face.jpg", 0, 1),
        ("test_mask.jpg", 1, 0),
        ("test_group.jpg", 2, 2),
        ("test_no_face.jpg", 0, 0),
    ],
)
def test_the_samples_are_counted_right(detector, name, masked, unmasked):
    labels = [result["label"] for result in detector.predict(IMAGES / name)["results"]]
    assert (labels.count("face_mask"), labels.count("face")) == (masked, unmasked)


def test_the_answer_has_the_form_of_the_contract(detector, group_photo):
    answer = detector.predict(img_bin=group_photo)
    assert list(answer) == ["results", "image", "timing_ms", "model", "detail", "parts"]
    assert list(answer["timing_ms"]) == ["decode", "preprocess", "inference", "total", "parts"]
    assert answer["model"] == {
        "name": "picodet_s_416_facemask",
        "checksum": detector.checksum,
        "labels": ["face", "face_mask"],
        "threshold": detector.config.draw_threshold,
    }
    scores = [result["score"] for result in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    width, height = answer["image"]["width"], answer["image"]["height"]
    for result in answer["results"]:
        x1, y1, x2, y2 = result["box"]
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert all(isinstance(side, float) for side in result["box"])


def test_path_bytes_and_array_agree(detector):
    photo = IMAGES / "test_mask.jpg"
    from backend.images.decode import decode_image

    answers = [
        detector.predict(photo),
        detector.predict(str(photo)),
        detector.predict(img_bin=photo.read_bytes()),
        detector.predict_image(decode_image(photo.read_bytes())),
    ]
    assert all(without_timing(answer) == without_timing(answers[0]) for answer in answers)


def test_threads_share_one_detector(detector):
    alone = {photo: without_timing(detector.predict(photo)) for photo in PHOTOS}
    work = PHOTOS * 8
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda photo: without_timing(detector.predict(photo)), work))
    assert together == [alone[photo] for photo in work]


def test_a_lower_threshold_only_adds(detector, group_photo):
    low = detector.predict(img_bin=group_photo, threshold=0.05)["results"]
    high = detector.predict(img_bin=group_photo, threshold=0.4)["results"]
    assert high == [result for result in low if result["score"] >= 0.4]


@pytest.mark.parametrize("threshold", [0, 1, 0.5, np.float32(0.5)])
def test_thresholds_from_0_to_1(detector, group_photo, threshold):
    results = detector.predict(img_bin=group_photo, threshold=threshold)["results"]
    assert all(result["score"] >= threshold for result in results)


@pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan"), float("inf"), "0.5", True, [0.5], 10**400, 1j])
def test_other_thresholds_are_refused(detector, group_photo, threshold):
    with pytest.raises(ThresholdError, match="a number from 0 to 1"):
        detector.predict(img_bin=group_photo, threshold=threshold)


def test_no_face_has_two_labels(detector, group_photo):
    results = detector.predict(img_bin=group_photo, threshold=0)["results"]
    boxes = [result["box"] for result in results]

    overlaps = [iou(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
    assert max(overlaps) <= detector.config.nms.iou_threshold + 1e-3


def test_per_class_suppression_on_request(group_photo):
    both = PicoDetector(one_label=False).predict(img_bin=group_photo, threshold=0)["results"]
    one = PicoDetector().predict(img_bin=group_photo, threshold=0)["results"]
    assert len(both) > len(one)


def test_annotated_image(detector, group_photo):
    answer = detector.predict(img_bin=group_photo, annotate=True)
    assert answer["annotated_image"].startswith("data:image/jpeg;base64,/9j/")


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (416, 416)])
def test_extreme_shapes(detector, shape):
    answer = detector.predict_image(np.full((*shape, 3), 127, np.uint8))
    assert answer["image"] == {"width": shape[1], "height": shape[0]}


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
        np.zeros((0, 10, 3), np.uint8),
        [[[0, 0, 0]]],
        None,
    ],
)
def test_other_arrays_are_refused(detector, image):
    with pytest.raises(ValueError, match="an image should"):
        detector.predict_image(image)


def test_either_a_path_or_bytes(detector):
    for arguments in ({}, {"path": "a.jpg", "img_bin": b""}):
        with pytest.raises(TypeError, match="either a path or img_bin"):
            detector.predict(**arguments)


@pytest.mark.parametrize("data", ["abc", 5, [1]])
def test_bytes_that_are_none(detector, data):
    with pytest.raises(TypeError, match="should be the bytes of an image file"):
        detector.predict(img_bin=data)


def test_a_missing_file(detector, tmp_path):
    with pytest.raises(FileNotFoundError):
        detector.predict(tmp_path / "none.jpg")


def test_the_pixel_limit_is_the_detectors(noise):
    with pytest.raises(ImageTooLargeError):
        PicoDetector(max_pixels=100).predict(img_bin=encode(".png", noise))


def test_a_large_photo_is_decoded_small_and_gives_the_same_faces(detector, group_photo):
    small = cv2.imdecode(np.frombuffer(group_photo, np.uint8), cv2.IMREAD_COLOR)
    large = encode(".jpg", cv2.resize(small, (4000, 4000 * small.shape[0] // small.shape[1])))
    assert detector.decode(large).image.shape[1] < 4000
    reduced = detector.predict(img_bin=large)
    whole = detector.predict_image(cv2.imdecode(np.frombuffer(large, np.uint8), cv2.IMREAD_COLOR))
    assert reduced["image"] == whole["image"]
    pairs = zip(*(sorted(answer["results"], key=lambda face: face["box"]) for answer in (reduced, whole)), strict=True)
    for one, other in pairs:
        assert one["label"] == other["label"]
        np.testing.assert_allclose(one["box"], other["box"], atol=40)  # 1 % of the width


def test_a_large_photo_is_drawn_whole_and_gives_the_same_answer(detector, group_photo):
    small = cv2.imdecode(np.frombuffer(group_photo, np.uint8), cv2.IMREAD_COLOR)
    large = encode(".jpg", cv2.resize(small, (4000, 4000 * small.shape[0] // small.shape[1])))
    plain, drawn = detector.predict(img_bin=large), detector.predict(img_bin=large, annotate=True)
    assert drawn["results"] == plain["results"]
    jpeg = base64.b64decode(drawn["annotated_image"].partition(",")[2])
    assert decode_image(jpeg).shape[1] == 4000


def test_the_hundredth_call_allocates_no_more_than_the_second(detector):
    photo = (IMAGES / "test_mask.jpg").read_bytes()

    def cost():
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        detector.predict(img_bin=photo)
        current, peak = tracemalloc.get_traced_memory()
        return current - before, peak - before

    detector.predict(img_bin=photo)
    tracemalloc.start()
    try:
        second, *_, hundredth = (cost() for _ in range(99))
    finally:
        tracemalloc.stop()
    kept, peak = hundredth
    assert kept <= second[0] + 1000  # bytes
    assert peak <= second[1] * 1.01
    assert peak < 3 * 4 * 3 * 416 * 416  # a few tensors, never a photo's copies


def panorama(detector, width, height, side):
    """A long photo of faces of this side, with what is around them, one after the other; their boxes."""
    samples = [cv2.imread(str(IMAGES / name)) for name in ("test_mask.jpg", "test_face.jpg")]
    found = [detector.predict_image(image)["results"][0]["box"] for image in samples]
    photo, boxes, at = np.full((height, width, 3), 128, np.uint8), [], 37
    for image, box in itertools.cycle(zip(samples, found, strict=True)):
        scale = side / max(box[2] - box[0], box[3] - box[1])
        around = min(width, height) / 2 / scale - 1  # as much of the sample as the panorama takes
        middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
        left, top = (max(0, int(place - around)) for place in middle)
        part = image[top : int(middle[1] + around), left : int(middle[0] + around)]
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        high, wide = part.shape[:2]
        if at + max(high, wide) > max(width, height):
            return photo, boxes
        spare = len(boxes) * 97 % max(1, min(width, height) - (high if width > height else wide))
        x, y = (at, spare) if width > height else (spare, at)
        photo[y : y + high, x : x + wide] = part
        boxes.append(
            [
                (side - start) * scale + place
                for side, start, place in zip(box, (left, top) * 2, (x, y) * 2, strict=True)
            ]
        )
        at += (wide if width > height else high) + 53
    return photo, boxes


@pytest.mark.parametrize(("width", "height"), [(8000, 600), (600, 8000)])
@pytest.mark.parametrize("side", [40, 60, 100, 250, 400])
def test_faces_in_a_panorama_are_found_once_each(detector, width, height, side):
    photo, boxes = panorama(detector, width, height, side)
    found = [face["box"] for face in detector.predict_image(photo)["results"]]
    times = [sum(iou(box, other) > 0.5 for other in found) for box in boxes]
    missed = 2 if (height, side) == (8000, 40) else 0  # one of the two samples, as small as that (models/README.md)
    assert times.count(1) >= len(boxes) - missed
    assert max(times) == 1
    assert len(boxes) > 4


def test_a_finer_look_finds_what_one_misses(detector, group_photo):
    group = cv2.imdecode(np.frombuffer(group_photo, np.uint8), cv2.IMREAD_COLOR)
    photo = np.full((1080, 1440, 3), 128, np.uint8)
    faces = cv2.resize(group, (320, 320 * group.shape[0] // group.shape[1]), interpolation=cv2.INTER_AREA)
    for x, y in ((10, 10), (1100, 10), (560, 500), (10, 930), (1100, 930)):
        photo[y : y + faces.shape[0], x : x + 320] = faces
    normal, fine = (detector.predict_image(photo, detail=detail) for detail in ("normal", "fine"))
    assert (normal["parts"], fine["parts"]) == (1, 14)
    assert len(normal["results"]) < 20 <= len(fine["results"])


@pytest.mark.parametrize("detail", ["", "FINE", "finest", 5, True])
def test_a_detail_that_there_is_not(detector, group_photo, detail):
    for call in (
        lambda: detector.predict(img_bin=group_photo, detail=detail),
        lambda: detector.predict_image(np.zeros((9, 9, 3), np.uint8), detail=detail),
    ):
        with pytest.raises(DetailError, match="should be normal or fine"):
            call()


def test_most_parts(group_photo):
    assert PicoDetector(max_parts=1, warm_up=False).predict(img_bin=group_photo, detail="fine")["parts"] == 1


def test_a_finer_look_at_a_photo_that_is_decoded_smaller(detector):
    """12 megapixels: what is found in the JPEG is what is found in its pixels."""
    image = cv2.imread(str(IMAGES / "test_mask.jpg"))
    large = cv2.resize(image, (3000, 3750), interpolation=cv2.INTER_CUBIC)
    jpeg, pixels = (
        detector.predict(img_bin=encode(".jpg", large), detail="fine"),
        detector.predict_image(large, detail="fine"),
    )
    assert jpeg["image"] == pixels["image"] == {"width": 3000, "height": 3750}
    assert len(jpeg["results"]) == len(pixels["results"]) == 1
    assert jpeg["results"][0]["box"] == pytest.approx(pixels["results"][0]["box"], abs=15)
    assert (
        iou(
            jpeg["results"][0]["box"],
            [side * 3000 / image.shape[1] for side in detector.predict_image(image)["results"][0]["box"]],
        )
        > 0.8
    )
