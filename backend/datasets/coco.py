"""COCO: one JSON file for all photos (cocodataset.org, "data format"; the names of files are CVAT's)."""

import json
from collections.abc import Sequence
from typing import Any

from backend.datasets.labelled import Labelled

IMAGES = "images"
FIRST_ID = 1  # COCO's numbers begin with it


def files_of(photo: Labelled) -> dict[str, str]:
    """Return the files that belong to a photo: none, index_files has all of it."""
    return {}


def index_files(photos: Sequence[Labelled], labels: Sequence[str]) -> dict[str, str]:
    """Return the JSON file of a whole data set."""
    annotations: list[dict[str, Any]] = []
    for image_id, photo in enumerate(photos, FIRST_ID):
        for result in photo.results:
            annotations.append(annotation(result, image_id, len(annotations) + FIRST_ID))
    content = {
        "categories": [{"id": number, "name": label} for number, label in enumerate(labels, FIRST_ID)],
        "images": [
            {"id": number, "file_name": photo.name, "width": photo.width, "height": photo.height}
            for number, photo in enumerate(photos, FIRST_ID)
        ],
        "annotations": annotations,
    }
    return {"annotations/instances_default.json": json.dumps(content, ensure_ascii=False) + "\n"}


def annotation(result: dict[str, Any], image_id: int, number: int) -> dict[str, Any]:
    """Return one box: left, top, width and height in pixels."""
    x1, y1, x2, y2 = result["box"]
    width, height = round(x2 - x1, 2), round(y2 - y1, 2)
    return {
        "id": number,
        "image_id": image_id,
        "category_id": result["class_id"] + FIRST_ID,
        "bbox": [x1, y1, width, height],
        "area": round(width * height, 2),
        "iscrowd": 0,
    }
