"""Compare ways to make one answer of several looks at a photo, on the validation photos.

    python scripts/training/experiments/merging.py --dataset DIR --lists DIR [--models DIR]

Prints the model card's table: average precision, faces found, boxes on no face, pictures without people.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import numpy as np
from tqdm import tqdm

from backend import PicoDetector
from backend.images.decode import Photo
from backend.model.detections import Detections, concatenate
from backend.model.nms import suppress
from backend.parts.cutting import Part
from backend.parts.matching import overlaps, whole_in
from backend.settings import ROOT
from scripts.training.data.voc import Truth, read_truths
from scripts.training.evaluation.evaluate_onnx import look_at
from scripts.training.evaluation.measures import SIZES, calibration, confusion, recall_by_size, summarise

IOU = 0.5
INSIDE = 0.5  # share of the smaller box, in the rules of the sliced-inference literature


class Looked(NamedTuple):
    """One photo: its size, the parts of it, and what was found in each."""

    photo: Photo
    parts: list[Part]
    found: list[Detections]


Rule = Callable[[PicoDetector, Looked], Detections]


def main() -> None:
    """Compare as the arguments say."""
    parser = argparse.ArgumentParser(description="Compare ways to merge several looks at a photo.")
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--lists", type=Path, required=True, help="folder with val.txt and backgrounds.txt")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    args = parser.parse_args()
    detector = PicoDetector(args.models)
    truths = read_truths(args.dataset, args.lists / "val.txt")
    listed = (args.lists / "backgrounds.txt").read_text(encoding="utf-8").splitlines()
    photos = [looked(detector, truth.path) for truth in tqdm(truths, desc="looking", unit="photo")]
    without_people = [looked(detector, Path(line.split()[0])) for line in tqdm(listed, unit="picture")]
    columns = ["one label", *SIZES, "boxes on no face", "calibration error", f"of {len(listed)} without people"]
    print(f"| way | mAP at IoU 0.5 | {' | '.join(columns)} |\n| {'--- | ' * (len(columns) + 2)}".rstrip())
    for name, rule in RULES.items():
        print(row(name, detector, rule, photos, truths, without_people), flush=True)


def looked(detector: PicoDetector, path: Path) -> Looked:
    """Look at all parts of a photo, without its pixels afterwards."""
    photo, parts, found = look_at(detector, path, "fine")
    return Looked(Photo(np.empty((0, 0, 3), np.uint8), photo.width, photo.height), parts, found)


def uncut(one: Looked) -> Detections:
    """Return what was found in all parts, but for what an edge inside the photo cuts."""
    found = concatenate(one.found)
    part_of = np.repeat(np.arange(len(one.parts)), [len(part) for part in one.found])
    kept = whole_in(found.boxes, one.parts, one.photo.width, one.photo.height)[np.arange(len(found)), part_of]
    chosen = found.select(kept)
    return Detections.sort(chosen.boxes, chosen.scores, chosen.class_ids)


def each_label(found: Detections, merge: Callable[[Detections], Detections]) -> Detections:
    """Merge each label by itself."""
    merged = concatenate(
        [merge(found.select(found.class_ids == label)) for label in np.unique(found.class_ids)] or [found]
    )
    return Detections.sort(merged.boxes, merged.scores, merged.class_ids)


def greedy(found: Detections, fused: bool, inside: bool) -> Detections:
    """Let the best of overlapping boxes stand for them, or their mean weighted by score.

    Args:
        found: of one label, by falling score.
        fused: whether boxes are averaged (weighted boxes fusion).
        inside: whether a box most of which lies in a better one overlaps it too (SAHI's IOS).
    """
    same = overlaps(found.boxes, found.boxes) > IOU
    if inside:
        same |= overlaps(found.boxes, found.boxes, of_smaller=True) > INSIDE
    left, boxes, kept = np.ones(len(found), bool), [], []
    for index in range(len(found)):
        if left[index]:
            group = same[index] & left
            left &= ~group
            weights = found.scores[group][:, None]
            boxes.append((found.boxes[group] * weights).sum(axis=0) / weights.sum() if fused else found.boxes[index])
            kept.append(index)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), found.scores[kept], found.class_ids[kept])


def row(
    name: str, detector: PicoDetector, rule: Rule, photos: list[Looked], truths: list[Truth], empty: list[Looked]
) -> str:
    """Return the table's row of one way."""
    per_class = [rule(detector, one).clip(one.photo.width, one.photo.height) for one in photos]
    one_label = [suppress(found, IOU) for found in per_class]
    threshold, labels = detector.config.draw_threshold, detector.labels
    nothing = confusion(one_label, truths, threshold, labels)["nothing"]
    found = [f"{of_size['found']} %" for of_size in recall_by_size(one_label, truths, threshold).values()]
    with_a_face = sum(bool(len(rule(detector, one).above(threshold))) for one in empty)
    figures = [summarise(kind, truths, labels)["mAP 0.5"] for kind in (per_class, one_label)]
    error = calibration(one_label, truths, len(labels))["expected calibration error"]
    cells = [name, *figures, *found, sum(nothing.values()), error, with_a_face]
    return "| " + " | ".join(map(str, cells)) + " |"


RULES: dict[str, Rule] = {
    "one look": lambda _, one: one.found[0],
    "NMS over all, cut boxes too": lambda _, one: each_label(
        Detections.sort(*vars(concatenate(one.found)).values()), lambda found: greedy(found, fused=False, inside=False)
    ),
    "NMS": lambda _, one: each_label(uncut(one), lambda found: greedy(found, fused=False, inside=False)),
    "NMS, IOS too": lambda _, one: each_label(uncut(one), lambda found: greedy(found, fused=False, inside=True)),
    "weighted boxes, best score": lambda _, one: each_label(
        uncut(one), lambda found: greedy(found, fused=True, inside=False)
    ),
    "**weighted boxes, pooled score**": lambda detector, one: detector.merge(one.found, one.parts, one.photo),
}

if __name__ == "__main__":
    main()
