import cv2
import numpy as np
import pytest

from backend.images.drawing import draw_results, encode_jpeg

RESULT = {"label": "face_mask", "class_id": 1, "score": 0.97, "box": [20.0, 30.0, 60.0, 50.0]}


def test_the_photo_itself_stays_as_it_is(noise):
    before = noise.copy()
    drawn = draw_results(noise, [RESULT])
    np.testing.assert_array_equal(noise, before)
    assert (drawn != noise).any()


def test_nothing_found_draws_nothing(noise):
    np.testing.assert_array_equal(draw_results(noise, []), noise)


@pytest.mark.parametrize("box", [[0, 0, 80, 60], [79, 59, 80, 60], [0, 0, 1, 1], [0, 50, 80, 60]])
@pytest.mark.parametrize("label", ["face", "a label far longer than the photo is wide", "口罩"])
def test_boxes_at_the_edges_and_long_labels(noise, box, label):
    assert draw_results(noise, [RESULT | {"box": box, "label": label}]).shape == noise.shape


def test_classes_have_colours_of_their_own(noise):
    assert (draw_results(noise, [RESULT]) != draw_results(noise, [RESULT | {"class_id": 0}])).any()


def test_a_picture_longer_than_jpeg_allows_is_scaled_down():
    decoded = cv2.imdecode(np.frombuffer(encode_jpeg(np.zeros((1, 70000, 3), np.uint8)), np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (1, 65500, 3)


def test_encode_jpeg(noise):
    decoded = cv2.imdecode(np.frombuffer(encode_jpeg(noise), np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == noise.shape
