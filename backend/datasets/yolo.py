"""YOLO: a text file a photo, boxes as shares of its size; Label Studio, CVAT and Ultralytics read these folders."""

import json
from collections.abc import Sequence
from typing import Any

from backend.datasets.labelled import Labelled

IMAGES = "images"


def files_of(photo: Labelled) -> dict[str, str]:
    """Return the files that belong to a photo: path below the data set's folder, and text."""
    return {f"labels/{photo.stem}.txt": "".join(f"{row(photo, result)}\n" for result in photo.results)}


def row(photo: Labelled, result: dict[str, Any]) -> str:
    """Return one box: class, x and y of its centre, width and height, each as a share of the photo's."""
    x1, y1, x2, y2 = result["box"]
    centre = ((x1 + x2) / 2 / photo.width, (y1 + y2) / 2 / photo.height)
    size = ((x2 - x1) / photo.width, (y2 - y1) / photo.height)
    return " ".join([str(result["class_id"]), *(f"{share:.6f}" for share in centre + size)])


def index_files(photos: Sequence[Labelled], labels: Sequence[str]) -> dict[str, str]:
    """Return what a whole data set has besides: the classes (data.yaml; classes.txt for Label Studio), and a list."""
    names = "".join(f"  {number}: {json.dumps(label, ensure_ascii=False)}\n" for number, label in enumerate(labels))
    return {
        "data.yaml": f"path: ./\ntrain: train.txt\nnames:\n{names}",
        "train.txt": "".join(f"{IMAGES}/{photo.name}\n" for photo in photos),
        "classes.txt": "".join(f"{label}\n" for label in labels),
    }
