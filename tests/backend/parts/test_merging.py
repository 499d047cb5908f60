import numpy as np
import pytest
from small_inputs import detections

from backend.parts.cutting import cut
from backend.parts.merging import merge

WIDTH, HEIGHT = 500, 500
PARTS = cut(WIDTH, HEIGHT, (416, 416), "fine")
NOTHING = detections([])
FACE = [210, 210, 240, 240]  # whole in all five parts


def merged(*looks, parts=PARTS, size=(WIDTH, HEIGHT)):
    looks = [*looks, *[NOTHING] * (len(parts) - len(looks))]
    return merge(looks, parts, *size, iou_threshold=0.5)


def test_the_parts_of_these_tests():
    assert len(PARTS) == 5
    assert PARTS[1][:4] == (0, 0, 300, 300)


def test_one_look_is_left_as_it_is():
    found = detections([FACE, [0, 0, 9, 9]], [0.9, 0.1])
    assert merge([found], PARTS[:1], WIDTH, HEIGHT, 0.5) is found


def test_nothing_found():
    assert len(merged()) == 0


def test_a_face_seen_twice_is_one_between_both():
    both = merged(detections([FACE], [0.6]), detections([[214, 210, 244, 240]], [0.6]))
    assert both.boxes[0] == pytest.approx([212, 210, 242, 240])


def test_the_more_parts_find_it_the_surer():
    looks = [detections([FACE], [0.7])] * 5
    sure = [merged(*looks[:count]).scores[0] for count in (1, 3, 5)]
    assert sure == sorted(sure)
    assert sure[0] < 0.3 < 0.8 < sure[2]


def test_a_single_look_that_could_see_it_keeps_its_score():
    large = [20, 20, 400, 400]
    found = merged(detections([large], [0.83]))
    assert found.boxes.tolist() == [large]
    assert found.scores[0] == pytest.approx(0.83)


def test_a_large_face_is_not_replaced_by_its_nose():
    whole = detections([[100, 100, 400, 400]], [0.9])
    cut_off = detections([[100, 100, 300, 300]], [0.95])
    found = merged(whole, cut_off)
    assert found.boxes.tolist() == [[100, 100, 400, 400]]


def test_a_face_cut_by_an_edge_is_that_of_the_next_part():
    left, right = detections([[280, 50, 300, 80]], [0.9]), detections([[280, 50, 310, 80]], [0.8])
    found = merged(NOTHING, left, right)
    assert found.boxes.tolist() == [[280, 50, 310, 80]]


def test_labels_are_merged_by_themselves():
    found = merged(detections([FACE, FACE], [0.9, 0.8], [0, 1]), detections([FACE], [0.9], [0]))
    assert sorted(found.class_ids.tolist()) == [0, 1]


def test_scores_are_probabilities_and_fall():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 450, (60, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 50, (60, 2))], axis=1)
    look = detections(boxes, rng.uniform(0, 1, 60))
    found = merged(look, look, look)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert (np.diff(found.scores) <= 0).all()


PANORAMA = cut(8000, 600, (416, 416), "normal")


def test_in_a_panorama_two_pieces_of_a_large_face_become_one():
    first, second = PANORAMA[:2]
    face = [second.left - 150, 50, first.right + 150, 560]
    pieces = detections([[face[0], 50, first.right, 560]], [0.9]), detections([[second.left, 52, face[2], 560]], [0.7])
    found = merged(*pieces, parts=PANORAMA, size=(8000, 600))
    assert found.boxes.tolist() == [[face[0], 50, face[2], 560]]
    assert 0.7 < found.scores[0] < 0.9


def test_in_a_panorama_a_piece_that_another_part_would_show_whole_is_none():
    first, second = PANORAMA[:2]
    small = [second.left + 10, 50, first.right, 100]
    assert len(merged(detections([small]), parts=PANORAMA, size=(8000, 600))) == 0


def test_in_a_panorama_a_large_piece_stands_for_its_face_where_nothing_else_does():
    first = PANORAMA[0]
    piece, smaller = [first.right - 300, 50, first.right, 560], [first.right - 280, 60, first.right, 400]
    found = merged(detections([piece, smaller], [0.9, 0.8]), parts=PANORAMA, size=(8000, 600))
    assert found.boxes.tolist() == [piece]
