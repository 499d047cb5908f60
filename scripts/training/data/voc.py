"""Ground truth in Pascal VOC layout, and the matching and average precision of PaddleDetection's VOC metric."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree  # nosec B405

import numpy as np
from numpy.typing import NDArray

from backend.model.detections import Detections
from scripts.training.data.label_list import NAME as LABEL_LIST
from scripts.training.data.label_list import LabelsError, read_labels

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """The faces of one photo.

    Attributes:
        path: the photo.
        width, height: its size in pixels.
        boxes: (n, 4), x1 y1 x2 y2 in pixels.
        class_ids: (n,).
        difficult: (n,), True for boxes that are neither right nor wrong to find.
    """

    path: Path
    width: int
    height: int
    boxes: Floats
    class_ids: NDArray[np.int64]
    difficult: NDArray[np.bool_]

    @property
    def source(self) -> str:
        """Where the photo comes from: its name up to the last underscore."""
        return self.path.stem.rpartition("_")[0]

    def sides(self, input_size: int, boxes: NDArray[Any] | None = None) -> Floats:
        """Return the side (the square root of the area) of each face, or of each of the boxes (n, 4) on this photo.

        The photo is taken to be scaled to a square input.
        """
        boxes = self.boxes if boxes is None else boxes
        size = (boxes[:, 2:] - boxes[:, :2]) * input_size / np.array([self.width, self.height])
        return np.asarray(np.sqrt(size.prod(axis=1)))


def read_truths(dataset: Path, list_file: Path) -> list[Truth]:
    """Read the photos and annotations that a list of split_dataset.py names.

    Raises:
        SystemExit: the list is missing, or the data set's label_list.txt cannot be used.
    """
    if not list_file.is_file():
        raise SystemExit(f"{list_file}: no such file; --lists is the folder that split_dataset.py wrote")
    try:
        beside = list_file.parent / LABEL_LIST  # the clean one of split_dataset.py
        labels = read_labels(list_file.parent if beside.is_file() else dataset)
    except LabelsError as error:
        raise SystemExit(f"{error} --dataset is the folder in VOC layout.") from None
    pairs = [line.split() for line in list_file.read_text(encoding="utf-8").splitlines()]
    return [read_truth(dataset / image, dataset / annotation, labels) for image, annotation in pairs]


def read_truth(image: Path, annotation: Path, labels: list[str]) -> Truth:
    """Read one annotation; boxes are clipped to width - 1 and height - 1, as PaddleDetection does."""
    root = ElementTree.parse(annotation).getroot()  # nosec B314
    width, height = (int(float(root.findtext(f"size/{side}", ""))) for side in ("width", "height"))
    objects = root.findall("object")
    sides = ("xmin", "ymin", "xmax", "ymax")
    boxes = np.array([[float(o.findtext(f"bndbox/{side}", "")) for side in sides] for o in objects]).reshape(-1, 4)
    return Truth(
        image,
        width,
        height,
        np.clip(boxes, 0, [width - 1, height - 1] * 2),
        np.array([labels.index(o.findtext("name", "")) for o in objects], np.int64),
        np.array([o.findtext("difficult", "0").strip() == "1" for o in objects], np.bool_),
    )


def iou_matrix(a: Floats, b: Floats) -> Floats:
    """Return the IoU (n, m) of boxes (n, 4) and (m, 4), sides counted as x2 - x1 + 1, as PaddleDetection does."""
    corner = np.maximum(a[:, None, :2], b[None, :, :2])
    opposite = np.minimum(a[:, None, 2:], b[None, :, 2:])
    apart = (opposite <= corner).any(axis=2)
    overlap = (opposite - corner + 1).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2] + 1).prod(axis=1) for boxes in (a, b)]
    union = areas[0][:, None] + areas[1][None] - overlap
    return np.where(apart, 0.0, overlap / union)


def match(found: Detections, truth: Truth, iou_threshold: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Judge each detection against the best overlapping face of its class.

    Returns:
        verdicts (n,): 1 right, 0 wrong (no face, or one that was found already), -1 neither (a difficult face);
        faces (n,): the index of the face found right, or -1.
    """
    verdicts, faces = np.zeros(len(found), np.int64), np.full(len(found), -1, np.int64)
    if not len(found) or not len(truth.boxes):
        return verdicts, faces
    overlaps = iou_matrix(found.boxes.astype(np.float64), truth.boxes)
    overlaps[found.class_ids[:, None] != truth.class_ids[None]] = -1
    best = overlaps.argmax(axis=1)
    taken: set[int] = set()
    for index, face in enumerate(best.tolist()):  # detections come by falling score
        if overlaps[index, face] <= iou_threshold:
            continue
        if truth.difficult[face]:
            verdicts[index] = -1
        elif face not in taken:
            taken.add(face)
            verdicts[index], faces[index] = 1, face
    return verdicts, faces


def precision_recall(scores: Floats, verdicts: NDArray[np.int64], count: int) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and score after each counted detection, by falling score.

    Args:
        scores, verdicts: (n,), of one class over all photos.
        count: faces of the class that are not difficult.
    """
    counted = verdicts >= 0
    scores, verdicts = scores[counted], verdicts[counted]
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(verdicts[order])
    return right / np.arange(1, len(order) + 1), right / max(count, 1), scores[order]


def average_precision(precision: Floats, recall: Floats) -> float:
    """Return the area under the raw curve, PaddleDetection's map_type "integral" (0 to 1)."""
    return float((precision * np.diff(recall, prepend=0.0)).sum())
