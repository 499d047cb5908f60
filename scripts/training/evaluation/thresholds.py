"""What a threshold means: how many faces are found, and how many boxes are wrong, by size."""

import numpy as np

from scripts.training.data.voc import Truth
from scripts.training.evaluation.measures import INPUT_SIZE, SIZES, Found, match_any_class

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def by_threshold(found: Found, truths: list[Truth]) -> dict[str, dict[str, dict[str, float]]]:
    """Return, for each threshold and size, how many faces of 100 are found and how many boxes of 100 are wrong.

    A face is found if a box with its label lies on it; a box is wrong if it lies on no face, or on one of another
    label. The size is that of the face, or of the wrong box, at the input's size.
    """
    table: dict[str, dict[str, dict[str, float]]] = {}
    for threshold in THRESHOLDS:
        faces, boxes = judge(found, truths, threshold)
        table[f"{threshold:g}"] = {
            name: {"found": percent(of_size(faces, low, high)), "wrong": percent(of_size(boxes, low, high))}
            for name, (low, high) in (SIZES | {"all": (0, 10**9)}).items()
        }
    return table


def judge(found: Found, truths: list[Truth], threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Return (side, found) of each face and (side, wrong) of each box, at one threshold."""
    faces, boxes = [np.empty((0, 2))], [np.empty((0, 2))]
    for detections, truth in zip(found, truths, strict=True):
        shown = detections.above(threshold)
        covered, difficult = match_any_class(shown, truth)
        right = (covered >= 0) & (truth.class_ids[covered] == shown.class_ids) if len(truth.boxes) else covered >= 0
        was_found = np.isin(np.arange(len(truth.boxes)), covered[right])
        counted = ~truth.difficult
        faces.append(np.stack([truth.sides(INPUT_SIZE), was_found], axis=1)[counted])
        unclear = difficult & (covered < 0)
        boxes.append(np.stack([truth.sides(INPUT_SIZE, shown.boxes), ~right], axis=1)[~unclear])
    return np.concatenate(faces), np.concatenate(boxes)


def of_size(judged: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the verdicts (n,) of those, (m, 2), whose side lies in a range."""
    return np.asarray(judged[(judged[:, 0] >= low) & (judged[:, 0] < high), 1])


def percent(verdicts: np.ndarray) -> float:
    """Return the share of ones in percent; 0 of none."""
    return round(100 * float(verdicts.mean()), 1) if len(verdicts) else 0.0
