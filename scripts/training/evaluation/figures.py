"""The pictures of an evaluation: curves, and sheets of what went wrong."""

from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np

from backend.images.decode import decode_image
from scripts.training.data.voc import Truth
from scripts.training.evaluation.measures import INPUT_SIZE, Found, match_any_class

matplotlib.use("Agg")

from matplotlib import pyplot

TILE = 150
COLUMNS, ROWS = 8, 6
CONTEXT = 0.6  # of the box's longer side, around it
RED = (0, 0, 255)


def draw_curves(curves: dict[str, tuple[Any, Any, Any]], bins: list[dict[str, float]], target: Path) -> None:
    """Draw precision over recall, F1 over the threshold, and how often a score is right."""
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(13, 4))
    for label, (precision, recall, scores) in curves.items():
        left.plot(recall, precision, label=label)
        middle.plot(scores, 2 * precision * recall / np.maximum(precision + recall, 1e-9), label=label)
    left.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    middle.set(xlabel="threshold", ylabel="F1", xlim=(0, 1), ylim=(0, 1.02))
    right.plot([0, 1], [0, 1], color="grey", linewidth=1)
    right.plot([entry["score"] for entry in bins], [entry["right"] for entry in bins], "o-")
    right.set(xlabel="score", ylabel="share of right detections", xlim=(0, 1), ylim=(0, 1.02))
    left.legend()
    middle.legend()
    figure.tight_layout()
    figure.savefig(target, dpi=120)
    pyplot.close(figure)


def draw_sheet(entries: list[tuple[Path, Any, str]], target: Path) -> None:
    """Write a sheet with one tile for each of the first entries: photo, box, caption."""
    sheet = np.full((ROWS * TILE, COLUMNS * TILE, 3), 255, np.uint8)
    for index, (photo, box, caption) in enumerate(entries[: ROWS * COLUMNS]):
        row, column = divmod(index, COLUMNS)
        sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] = draw_tile(photo, box, caption)
    cv2.imwrite(str(target), sheet)


def draw_tile(photo: Path, box: Any, caption: str) -> Any:
    """Cut a box with its surroundings out of a photo and caption it."""
    image = decode_image(photo.read_bytes())
    x1, y1, x2, y2 = (round(float(side)) for side in box)
    half = max(4, round(max(x2 - x1, y2 - y1) * (0.5 + CONTEXT)))
    x, y = (x1 + x2) // 2 + half, (y1 + y2) // 2 + half
    framed = cv2.copyMakeBorder(image, half, half, half, half, cv2.BORDER_CONSTANT, value=(200, 200, 200))
    cv2.rectangle(framed, (x1 + half, y1 + half), (x2 + half, y2 + half), RED, max(1, half // 60))
    tile = cv2.resize(framed[y - half : y + half, x - half : x + half], (TILE, TILE), interpolation=cv2.INTER_AREA)
    cv2.putText(tile, caption, (4, TILE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(tile, caption, (4, TILE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return tile


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
