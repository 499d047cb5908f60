from small_inputs import detections

from backend.parts.cutting import Part
from backend.parts.stitching import BOTTOM, RIGHT, shared_edge, stitch

LEFT_TILE, RIGHT_TILE = Part(0, 0, 600, 500), Part(400, 0, 1000, 500)
UPPER, LOWER = Part(0, 0, 500, 600), Part(0, 400, 500, 1000)


def test_which_edge_two_tiles_share():
    assert shared_edge(LEFT_TILE, RIGHT_TILE) == RIGHT
    assert shared_edge(UPPER, LOWER) == BOTTOM
    assert shared_edge(RIGHT_TILE, LEFT_TILE) is None
    assert shared_edge(LEFT_TILE, LEFT_TILE) is None
    assert shared_edge(LEFT_TILE, Part(700, 0, 1000, 500)) is None


def test_pieces_left_and_right_and_above_and_below():
    wide = stitch(
        [detections([[200, 20, 600, 480]]), detections([[400, 20, 800, 480]])], [LEFT_TILE, RIGHT_TILE], 1000, 500
    )
    tall = stitch([detections([[20, 200, 480, 600]]), detections([[20, 400, 480, 800]])], [UPPER, LOWER], 500, 1000)
    assert wide.boxes.tolist() == [[200, 20, 800, 480]]
    assert tall.boxes.tolist() == [[20, 200, 480, 800]]


def test_pieces_of_other_heights_or_labels_do_not_belong_together():
    first = detections([[200, 20, 600, 480]], class_ids=[0])
    for other in ([[400, 20, 800, 150]], [0]), ([[400, 20, 800, 480]], [1]), ([[450, 20, 800, 480]], [0]):
        assert len(stitch([first, detections(other[0], class_ids=other[1])], [LEFT_TILE, RIGHT_TILE], 1000, 500)) == 0


def test_nothing_found():
    assert len(stitch([detections([])] * 2, [LEFT_TILE, RIGHT_TILE], 1000, 500)) == 0
