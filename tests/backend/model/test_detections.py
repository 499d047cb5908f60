import numpy as np
import pytest
from small_inputs import detections

from backend.model.detections import Detections


def test_empty():
    empty = detections([])
    assert len(empty) == 0
    assert len(empty.above(0)) == 0
    assert len(empty.clip(10, 10)) == 0
    assert empty.as_results(("face",)) == []


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"should be \(n, 4\)"):
        Detections(np.zeros((2, 4), np.float32), np.zeros(1, np.float32), np.zeros(2, np.int64))


def test_sort_puts_the_best_first_and_keeps_ties_in_order():
    boxes = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = Detections.sort(boxes, np.array([0.2, 0.9, 0.2], np.float32), np.array([0, 1, 1]))
    assert found.scores.tolist() == pytest.approx([0.9, 0.2, 0.2])
    assert found.class_ids.tolist() == [1, 0, 1]


def test_above_includes_the_threshold():
    assert len(detections([[0, 0, 1, 1]], [0.5]).above(0.5)) == 1


def test_clip_keeps_boxes_inside_and_drops_what_is_outside():
    clipped = detections([[-5, -5, 5, 5], [95, 45, 120, 60], [200, 0, 210, 10], [3, 3, 3, 9]]).clip(100, 50)
    assert clipped.boxes.tolist() == [[0, 0, 5, 5], [95, 45, 100, 50]]


def test_results_are_plain_values():
    (result,) = detections([[1.234, 2, 3, 4]], [0.98768], [1]).as_results(("face", "face_mask"))
    assert result == {"label": "face_mask", "class_id": 1, "score": 0.9877, "box": [1.23, 2.0, 3.0, 4.0]}
