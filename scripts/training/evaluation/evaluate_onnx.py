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

from tqdm import tqdm

from backend import PicoDetector
from backend.images.decode import Photo, decode_image
from backend.parts.cutting import DETAILS, Part
from backend.parts.merging import LOWEST
from backend.settings import ROOT
from scripts.training.data.voc import Truth, read_truths
from scripts.training.evaluation.figures import draw_curves, draw_sheet, worst_false_alarms, worst_misses
from scripts.training.evaluation.measures import (
    Found,
    best_common_threshold,
    best_f1,
    calibration,
    class_curve,
    confusion,
    recall_by_size,
    summarise,
)
from scripts.training.evaluation.thresholds import by_threshold


def main() -> None:
    """Evaluate as the arguments say."""
    parser = argparse.ArgumentParser(description="Evaluate the ONNX model on the validation photos.")
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--lists", type=Path, required=True, help="folder with val.txt")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--output", type=Path, default=Path("output/evaluation"))
    parser.add_argument("--detail", choices=DETAILS, default=DETAILS[0], help="default: one look")
    parser.add_argument("--first", type=int, metavar="N", help="the first N validation photos only")
    args = parser.parse_args()
    truths = read_truths(args.dataset, args.lists / "val.txt")[: args.first]
    detector = PicoDetector(args.models)
    per_class, one_label = detect_all(detector, truths, args.detail)
    threshold = detector.config.draw_threshold
    curves = {label: class_curve(per_class, truths, i) for i, label in enumerate(detector.labels)}
    metrics: dict[str, Any] = {
        "photos": len(truths),
        "detail": args.detail,
        "per class NMS": summarise(per_class, truths, detector.labels),
        "one label a face": summarise(one_label, truths, detector.labels),
        "by source": {
            source: summarise(*of_source(per_class, truths, source), detector.labels)
            for source in sorted({truth.source for truth in truths})
        },
        "default threshold": threshold,
        "best F1": {label: best_f1(*curve) for label, curve in curves.items()},
        "best F1 of all classes": best_common_threshold(one_label, truths, detector.labels),
        "recall by size": recall_by_size(one_label, truths, threshold),
        "by threshold": by_threshold(one_label, truths),
        "confusion": confusion(one_label, truths, threshold, detector.labels),
        "calibration": calibration(one_label, truths, len(detector.labels)),
    }
    if (args.lists / "backgrounds.txt").is_file():
        metrics["pictures without people"] = false_alarms_without_people(
            detector, args.lists / "backgrounds.txt", args.detail
        )
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    draw_curves(curves, metrics["calibration"]["bins"], args.output / "curves.png")
    draw_sheet(worst_misses(one_label, truths, threshold), args.output / "misses.jpg")
    draw_sheet(worst_false_alarms(one_label, truths, detector.labels), args.output / "false_alarms.jpg")
    print(json.dumps(metrics, indent=1))


def detect_all(detector: PicoDetector, truths: list[Truth], detail: str = "normal") -> tuple[Found, Found]:
    """Return, for each photo, what each class's own suppression leaves, and what one label a face leaves."""
    per_class = []
    for truth in tqdm(truths, desc="detecting", unit="photo"):
        photo, parts, looks = look_at(detector, truth.path, detail)
        per_class.append(detector.merge(looks, parts, photo).clip(photo.width, photo.height))
    return per_class, [detector.settle(found) for found in per_class]


def look_at(detector: PicoDetector, path: Path, detail: str) -> tuple[Photo, list[Part], Found]:
    """Return a photo, the parts of it that are looked at, and what was found in each, whatever its score."""
    image = decode_image(path.read_bytes())
    photo = Photo(image, image.shape[1], image.shape[0])
    parts = detector.cut(photo.width, photo.height, detail)
    return photo, parts, detector.look(photo, parts, 0.0 if len(parts) == 1 else LOWEST).found


def false_alarms_without_people(detector: PicoDetector, listed: Path, detail: str) -> dict[str, float]:
    """Return in how many of the pictures that backgrounds.py held out a face is shown, and how sure of it at most."""
    paths = [Path(line.split()[0]) for line in listed.read_text(encoding="utf-8").splitlines()]
    answers = [
        detector.predict(path, detail=detail) for path in tqdm(paths, desc="pictures without people", unit="picture")
    ]
    scores = [face["score"] for answer in answers for face in answer["results"]]
    shown = sum(bool(answer["results"]) for answer in answers)
    return {"pictures": len(paths), "with a face": shown, "highest score": max(scores, default=0.0)}


def of_source(found: Found, truths: list[Truth], source: str) -> tuple[Found, list[Truth]]:
    """Return the photos of one source."""
    chosen = [index for index, truth in enumerate(truths) if truth.source == source]
    return [found[index] for index in chosen], [truths[index] for index in chosen]


if __name__ == "__main__":
    main()
