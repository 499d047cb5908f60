"""What an evaluation measures: average precision, recall by size, confusion, calibration."""

from typing import Any

import numpy as np

from backend.model.detections import Detections
from scripts.training.data.voc import Truth, average_precision, iou_matrix, match, precision_recall

IOU = 0.5
STRICTER_IOUS = np.arange(0.5, 1.0, 0.05)
INPUT_SIZE = 416
SIZES = {"under 32 px": (0, 32), "32 to 96 px": (32, 96), "over 96 px": (96, 10**9)}
LEAST_SCORE = 0.05  # for the calibration: what nobody would show says nothing

Found = list[Detections]


def class_curve(found: Found, truths: list[Truth], class_id: int, iou: float = IOU) -> tuple[Any, Any, Any]:
    """Return precision, recall and score of one class over all photos."""
    scores, verdicts, count = [], [], 0
    for detections, truth in zip(found, truths, strict=True):
        of_class = detections.select(detections.class_ids == class_id)
        scores.append(of_class.scores.astype(np.float64))
        verdicts.append(match(of_class, truth, iou)[0])
        count += int(((truth.class_ids == class_id) & ~truth.difficult).sum())
    return precision_recall(np.concatenate(scores), np.concatenate(verdicts), count)


def summarise(found: Found, truths: list[Truth], labels: tuple[str, ...]) -> dict[str, float]:
    """Return the AP of each class at IoU 0.5, their mean, and the mean over IoU 0.5 to 0.95, in percent."""

    def ap(class_id: int, iou: float) -> float:
        precision, recall, _ = class_curve(found, truths, class_id, iou)
        return 100 * average_precision(precision, recall)

    result = {label: ap(class_id, IOU) for class_id, label in enumerate(labels)}
    stricter = [ap(class_id, iou) for class_id in range(len(labels)) for iou in STRICTER_IOUS]
    result |= {"mAP 0.5": float(np.mean(list(result.values()))), "mAP 0.5:0.95": float(np.mean(stricter))}
    return {name: round(value, 2) for name, value in result.items()}


def best_f1(precision: Any, recall: Any, scores: Any) -> dict[str, float]:
    """Return the threshold with the best F1, and what it gives."""
    if not len(scores):
        return {"threshold": 0.0, "F1": 0.0, "precision": 0.0, "recall": 0.0}
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    at = int(f1.argmax())
    values = {"threshold": scores[at], "F1": f1[at], "precision": precision[at], "recall": recall[at]}
    return {name: round(float(value), 3) for name, value in values.items()}


def best_common_threshold(found: Found, truths: list[Truth], labels: tuple[str, ...]) -> dict[str, float]:
    """Return the one threshold with the best mean F1 of the classes, to two decimals."""
    curves = [class_curve(found, truths, class_id) for class_id in range(len(labels))]

    def f1_at(threshold: float) -> float:
        values = []
        for precision, recall, scores in curves:
            kept = int((scores >= threshold).sum())
            both = precision[kept - 1] + recall[kept - 1] if kept else 0
            values.append(2 * precision[kept - 1] * recall[kept - 1] / both if both else 0)
        return float(np.mean(values))

    thresholds = np.arange(0.1, 0.9, 0.01)
    values = [f1_at(threshold) for threshold in thresholds]
    at = int(np.argmax(values))
    return {"threshold": round(float(thresholds[at]), 2), "mean F1": round(values[at], 4)}


def match_any_class(found: Detections, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Pair detections with faces whatever their classes, best score first.

    Returns:
        faces (n,): the index of the face that each detection covers, or -1;
        difficult (n,): whether it covers a difficult one.
    """
    faces, difficult = np.full(len(found), -1), np.zeros(len(found), bool)
    if not len(found) or not len(truth.boxes):
        return faces, difficult
    overlaps = iou_matrix(found.boxes.astype(np.float64), truth.boxes)
    difficult = (overlaps * truth.difficult).max(axis=1) > IOU
    overlaps[:, truth.difficult] = 0
    for index in range(len(found)):
        face = int(overlaps[index].argmax())
        if overlaps[index, face] > IOU:
            faces[index] = face
            overlaps[:, face] = 0
    return faces, difficult


def recall_by_size(found: Found, truths: list[Truth], threshold: float) -> dict[str, dict[str, float]]:
    """Return, by the face's side at the input's size, how many were found at all, and with the right label."""
    sides, seen, right = [], [], []
    for detections, truth in zip(found, truths, strict=True):
        shown = detections.above(threshold)
        faces, _ = match_any_class(shown, truth)
        label = np.full(len(truth.boxes), -1)
        label[faces[faces >= 0]] = shown.class_ids[faces >= 0]
        counted = ~truth.difficult
        sides.append(truth.sides(INPUT_SIZE)[counted])
        seen.append(label[counted] >= 0)
        right.append(label[counted] == truth.class_ids[counted])
    side, was_seen, was_right = (np.concatenate(parts) for parts in (sides, seen, right))
    result = {}
    for name, (low, high) in SIZES.items():
        inside = (side >= low) & (side < high)
        share = {"found": was_seen[inside], "found and labelled right": was_right[inside]}
        result[name] = {"faces": int(inside.sum())} | {
            key: round(100 * float(values.mean()), 1) for key, values in share.items() if len(values)
        }
    return result


def confusion(
    found: Found, truths: list[Truth], threshold: float, labels: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    """Return how often each true label was shown as which; "nothing" stands for a miss, or for no face there."""
    names = [*labels, "nothing"]
    table = {name: dict.fromkeys(names, 0) for name in names}
    for detections, truth in zip(found, truths, strict=True):
        shown = detections.above(threshold)
        faces, difficult = match_any_class(shown, truth)
        covered = set(faces.tolist())
        for class_id, face, unclear in zip(shown.class_ids, faces, difficult, strict=True):
            if face >= 0:
                table[names[truth.class_ids[face]]][names[class_id]] += 1
            elif not unclear:
                table["nothing"][names[class_id]] += 1
        for face in np.flatnonzero(~truth.difficult):
            if int(face) not in covered:
                table[names[truth.class_ids[face]]]["nothing"] += 1
    return table


def calibration(found: Found, truths: list[Truth], classes: int) -> dict[str, Any]:
    """Return, for each tenth of the score, how many detections are right, and the expected calibration error."""
    scores, right = [], []
    for detections, truth in zip(found, truths, strict=True):
        for class_id in range(classes):
            of_class = detections.select(detections.class_ids == class_id).above(LEAST_SCORE)
            verdicts, _ = match(of_class, truth, IOU)
            scores.append(of_class.scores[verdicts >= 0])
            right.append(verdicts[verdicts >= 0])
    score, is_right = np.concatenate(scores), np.concatenate(right)
    bins, error = [], 0.0
    for low in np.arange(0, 1, 0.1):
        inside = (score >= low) & (score < low + 0.1)
        if inside.any():
            mean, share = float(score[inside].mean()), float(is_right[inside].mean())
            error += inside.mean() * abs(mean - share)
            bins.append({"score": round(mean, 3), "right": round(share, 3), "detections": int(inside.sum())})
    return {"expected calibration error": round(float(error), 4), "bins": bins}
