from pathlib import Path

import numpy as np
from small_inputs import detections

from scripts.training.data.voc import Truth
from scripts.training.evaluation.thresholds import by_threshold

FACES = [[0, 0, 100, 100], [200, 200, 400, 400], [10, 300, 30, 320]]


def truth(boxes=FACES, class_ids=(0, 1, 0), difficult=(False, False, True)):
    return Truth(
        Path("a_1.jpg"),
        416,
        416,
        np.array(boxes, float).reshape(-1, 4),
        np.array(class_ids, int),
        np.array(difficult, bool),
    )


def test_found_and_wrong_by_size():
    found = detections([FACES[0], FACES[1], FACES[2], [300, 0, 310, 10]], [0.9, 0.6, 0.9, 0.45], [0, 0, 1, 0])
    table = by_threshold([found], [truth()])
    assert table["0.3"]["all"] == {
        "found": 50.0,
        "wrong": 66.7,
    }  # the label of one is wrong; the difficult one counts not
    assert table["0.3"]["under 32 px"] == {"found": 0.0, "wrong": 100.0}
    assert table["0.5"]["over 96 px"] == {"found": 50.0, "wrong": 50.0}
    assert table["0.8"]["all"] == {"found": 50.0, "wrong": 0.0}


def test_a_photo_without_faces_and_one_without_boxes():
    nothing = truth([], [], [])
    table = by_threshold([detections([[0, 0, 20, 20]], [0.9]), detections([])], [nothing, truth()])
    assert table["0.5"]["all"] == {"found": 0.0, "wrong": 100.0}
