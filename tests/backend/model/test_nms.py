import numpy as np
import pytest
from small_inputs import detections, iou

from backend.model.infer_config import Nms
from backend.model.nms import suppress, suppress_per_class


def reference(boxes, scores, nms):
    """Greedy suppression for each class, in plain Python."""
    found = []
    for class_id, of_class in enumerate(scores):
        order = [i for i in np.argsort(-of_class, kind="stable") if of_class[i] > nms.score_threshold][: nms.top_k]
        kept = []
        for index in order:
            if all(iou(boxes[index], boxes[other]) <= nms.iou_threshold for other in kept):
                kept.append(index)
        found += [(float(of_class[i]), class_id, tuple(boxes[i].tolist())) for i in kept]
    return sorted(found, reverse=True)[: nms.keep_top_k]


@pytest.mark.parametrize("nms", [Nms(), Nms(0.3, 0.5), Nms(0.025, 0.6, 20, 10), Nms(0.9, 0.1, 5, 3)])
@pytest.mark.parametrize("seed", range(5))
def test_equals_plain_greedy_suppression(nms, seed):
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 60, (300, 2))
    boxes = np.concatenate([corner, corner + random.uniform(5, 40, (300, 2))], 1).astype(np.float32)
    scores = random.uniform(0, 1, (2, 300)).astype(np.float32)
    found = suppress_per_class(boxes, scores, nms)
    expected = reference(boxes, scores, nms)
    assert [
        (float(s), int(c), tuple(b.tolist()))
        for b, s, c in zip(found.boxes, found.scores, found.class_ids, strict=True)
    ] == (expected)


def test_nothing_above_the_score_threshold():
    found = suppress_per_class(np.zeros((5, 4), np.float32), np.zeros((2, 5), np.float32), Nms())
    assert len(found) == 0


def test_one_candidate():
    scores = np.array([[0.0, 0.9], [0.0, 0.0]], np.float32)
    found = suppress_per_class(np.array([[0, 0, 1, 1], [5, 5, 9, 9]], np.float32), scores, Nms())
    assert found.boxes.tolist() == [[5, 5, 9, 9]]


def test_each_class_is_suppressed_by_itself():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10]], np.float32)
    scores = np.array([[0.9, 0.8], [0.0, 0.7]], np.float32)
    assert suppress_per_class(boxes, scores, Nms()).class_ids.tolist() == [0, 1]


def test_a_face_gets_one_label():
    both = detections([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], [0.9, 0.8, 0.7], [1, 0, 0])
    kept = suppress(both, 0.6)
    assert kept.class_ids.tolist() == [1, 0]
    assert kept.scores.tolist() == pytest.approx([0.9, 0.7])


def test_suppressing_nothing():
    assert len(suppress(detections([]), 0.6)) == 0
