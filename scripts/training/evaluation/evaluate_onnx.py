"""Evaluate the model as it is served: the ONNX file, through PicoDetector, on the validation photos.

    python scripts/training/evaluation/evaluate_onnx.py --dataset DIR --lists DIR [--models DIR] [--output DIR]

Prints the figures of the model card; writes them to metrics.json, with curves.png, misses.jpg and false_alarms.jpg.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import numpy as np
from tqdm import tqdm

from backend import PicoDetector
from backend.images.decode import decode_image
from backend.model.detections import Detections
from backend.settings import ROOT
from scripts.training.data.voc import Truth, average_precision, iou_matrix, match, precision_recall, read_truths
from scripts.training.evaluation.figures import draw_curves, draw_sheet

IOU = 0.5
STRICTER_IOUS = np.arange(0.5, 1.0, 0.05)
INPUT_SIZE = 416
SIZES = {"under 32 px": (0, 32), "32 to 96 px": (32, 96), "over 96 px": (96, 10**9)}
LEAST_SCORE = 0.05  # for the calibration: what nobody would show says nothing

Found = list[Detections]


def main() -> None:
    """Evaluate as the arguments say."""
    parser = argparse.ArgumentParser(description="Evaluate the ONNX model on the validation photos.")
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--lists", type=Path, required=True, help="folder with val.txt")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--output", type=Path, default=Path("output/evaluation"))
    args = parser.parse_args()
    truths = read_truths(args.dataset, args.lists / "val.txt")
    detector = PicoDetector(args.models)
    per_class, one_label = detect_all(detector, truths)
    threshold = detector.config.draw_threshold
    curves = {label: class_curve(per_class, truths, i) for i, label in enumerate(detector.labels)}
    metrics: dict[str, Any] = {
        "photos": len(truths),
        "per class NMS": summarise(per_class, truths, detector.labels),
        "one label a face": summarise(one_label, truths, detector.labels),
        "by source": {
            source: summarise(*of_source(per_class, truths, source), detector.labels)
            for source in sorted({truth.source for truth in truths})
        },
        "default threshold": threshold,
        "best F1": {label: best_f1(*curve) for label, curve in curves.items()},
        "best F1 of both": best_common_threshold(one_label, truths, detector.labels),
        "recall by size": recall_by_size(one_label, truths, threshold),
        "confusion": confusion(one_label, truths, threshold, detector.labels),
        "calibration": calibration(one_label, truths),
    }
    if (args.lists / "backgrounds.txt").is_file():
        metrics["pictures without people"] = false_alarms_without_people(detector, args.lists / "backgrounds.txt")
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    draw_curves(curves, metrics["calibration"]["bins"], args.output / "curves.png")
    draw_sheet(worst_misses(one_label, truths, threshold), args.output / "misses.jpg")
    draw_sheet(worst_false_alarms(one_label, truths, detector.labels), args.output / "false_alarms.jpg")
    print(json.dumps(metrics, indent=1))


def detect_all(detector: PicoDetector, truths: list[Truth]) -> tuple[Found, Found]:
    """Return, for each photo, what each class's own suppression leaves, and what one label a face leaves."""
    per_class = []
    for truth in tqdm(truths, desc="detecting", unit="photo"):
        image = decode_image(truth.path.read_bytes())
        model_input = detector.config.preprocessor(image)
        per_class.append(detector.model.detect(model_input).clip(image.shape[1], image.shape[0]))
    return per_class, [detector.settle(found) for found in per_class]


def false_alarms_without_people(detector: PicoDetector, listed: Path) -> dict[str, float]:
    """Return in how many of the pictures that backgrounds.py held out a face is shown, and how sure of it at most."""
    paths = [Path(line.split()[0]) for line in listed.read_text(encoding="utf-8").splitlines()]
    answers = [detector.predict(path) for path in tqdm(paths, desc="pictures without people", unit="picture")]
    scores = [face["score"] for answer in answers for face in answer["results"]]
    shown = sum(bool(answer["results"]) for answer in answers)
    return {"pictures": len(paths), "with a face": shown, "highest score": max(scores, default=0.0)}


def of_source(found: Found, truths: list[Truth], source: str) -> tuple[Found, list[Truth]]:
    """Return the photos of one source."""
    chosen = [index for index, truth in enumerate(truths) if truth.source == source]
    return [found[index] for index in chosen], [truths[index] for index in chosen]


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


def calibration(found: Found, truths: list[Truth]) -> dict[str, Any]:
    """Return, for each tenth of the score, how many detections are right, and the expected calibration error."""
    scores, right = [], []
    for detections, truth in zip(found, truths, strict=True):
        for class_id in range(2):
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


def worst_misses(found: Found, truths: list[Truth], threshold: float) -> list[tuple[Path, Any, str]]:
    """Return photo, box and caption of the faces that were missed, largest first."""
    misses = []
    for detections, truth in zip(found, truths, strict=True):
        faces, _ = match_any_class(detections.above(threshold), truth)
        sides = truth.sides(INPUT_SIZE)
        for face in set(np.flatnonzero(~truth.difficult).tolist()) - set(faces.tolist()):
            misses.append((sides[face], truth.path, truth.boxes[face], f"{sides[face]:.0f} px"))
    return [miss[1:] for miss in sorted(misses, key=lambda miss: -miss[0])]


def worst_false_alarms(found: Found, truths: list[Truth], labels: tuple[str, ...]) -> list[tuple[Path, Any, str]]:
    """Return photo, box and caption of the detections that are wrong, best score first."""
    alarms = []
    for detections, truth in zip(found, truths, strict=True):
        faces, difficult = match_any_class(detections, truth)
        for index in np.flatnonzero(~difficult):
            face, class_id, score = faces[index], detections.class_ids[index], float(detections.scores[index])
            if face < 0 or truth.class_ids[face] != class_id:
                caption = f"{labels[class_id]} {score:.2f}"
                alarms.append((score, truth.path, detections.boxes[index], caption))
    return [alarm[1:] for alarm in sorted(alarms, key=lambda alarm: -alarm[0])]


if __name__ == "__main__":
    main()
