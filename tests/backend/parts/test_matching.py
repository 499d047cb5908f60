import numpy as np
import pytest

from backend.parts.cutting import Part
from backend.parts.matching import overlaps, whole_in

LARGE, NOSE = [0, 0, 100, 100], [40, 40, 60, 60]


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def test_overlap_against_the_union_or_the_smaller_box():
    assert overlaps(boxes(LARGE), boxes(NOSE))[0, 0] == pytest.approx(0.04)
    assert overlaps(boxes(LARGE), boxes(NOSE), of_smaller=True)[0, 0] == pytest.approx(1)
    assert overlaps(boxes(LARGE), boxes([200, 0, 300, 100])).tolist() == [[0]]


def test_no_boxes_and_boxes_without_area():
    assert overlaps(boxes(), boxes(NOSE)).shape == (0, 1)
    assert overlaps(boxes([5, 5, 5, 5]), boxes([5, 5, 5, 5])).tolist() == [[0]]


def test_which_parts_show_a_box_whole():
    parts = [Part(0, 0, 500, 300), Part(0, 0, 300, 180), Part(200, 0, 500, 180)]
    asked = boxes([10, 10, 50, 50], [190, 10, 230, 50], [240, 20, 280, 60], [280, 20, 320, 60], [0, 0, 170, 100])
    assert whole_in(asked, parts, 500, 300).tolist() == [
        [True, True, False],
        [True, True, False],  # cut by the second tile's left edge
        [True, True, True],  # in the overlap
        [True, False, True],
        [True, False, False],  # over half of a tile: that is the whole's
    ]


def test_an_edge_of_the_photo_cuts_nothing_and_one_inside_does_a_little_before_it():
    parts = [Part(0, 0, 300, 180)]
    assert whole_in(boxes([-2, -2, 40, 40]), parts, 500, 300).tolist() == [[True]]
    assert whole_in(boxes([250, 20, 298, 60]), parts, 500, 300).tolist() == [[False]]


def test_in_a_row_of_tiles_a_face_may_be_large():
    parts = [Part(0, 0, 700, 600), Part(500, 0, 1200, 600)]
    assert whole_in(boxes([20, 10, 480, 590]), parts, 1200, 600).tolist() == [[True, False]]
