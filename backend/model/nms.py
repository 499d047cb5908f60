"""Non-maximum suppression: per class, as PaddleDetection does, and across classes, which leaves one label a face."""

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.model.detections import Detections
from backend.model.infer_config import Nms


def suppress_per_class(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], nms: Nms, threshold: float = 0.0
) -> Detections:
    """Do what PaddleDetection's MultiClassNMS does.

    Args:
        boxes: (n, 4), x1 y1 x2 y2.
        scores: (classes, n), 0 to 1.
        nms: thresholds and limits.
        threshold: lower scores are left out before the suppression, not after it: the same faces remain, since a box
            is suppressed by higher scores only, and there is less to compare.
    """
    wanted = (scores > nms.score_threshold) & (scores >= threshold) & (scores <= 1)  # NaN is none of it
    class_ids, anchors = np.nonzero(wanted)
    finite = np.isfinite(boxes[anchors]).all(axis=1)
    class_ids, anchors = class_ids[finite], anchors[finite]
    candidates = Detections.sort(boxes[anchors], scores[class_ids, anchors], class_ids)
    kept = [
        suppress(candidates.select(candidates.class_ids == class_id), nms.iou_threshold, nms.top_k)
        for class_id in range(len(scores))
    ]
    together = Detections.sort(
        np.concatenate([part.boxes for part in kept]),
        np.concatenate([part.scores for part in kept]),
        np.concatenate([part.class_ids for part in kept]),
    )
    return together.select(np.arange(min(len(together), nms.keep_top_k)))


def suppress(detections: Detections, iou_threshold: float, top_k: int = 0) -> Detections:
    """Greedy non-maximum suppression, whatever the classes: of two that overlap more, the lower score goes."""
    if not len(detections):
        return detections
    corners = detections.boxes
    rectangles = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    top_k = min(top_k, len(detections))
    kept = cv2.dnn.NMSBoxes(rectangles.tolist(), detections.scores.tolist(), 0.0, iou_threshold, top_k=top_k)
    return detections.select(np.sort(np.asarray(kept, np.int64).reshape(-1)))
