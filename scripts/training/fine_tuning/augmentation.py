"""Augmentations that PaddleDetection lacks: what photos from everywhere have and news photos have not.

Samples are dicts with ``image`` (h, w, 3) RGB, ``gt_bbox`` (n, 4) float32 x1 y1 x2 y2 in pixels, ``gt_class`` (n, 1)
and others of n rows. ``operators.py`` applies them at random.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

Sample = dict[str, Any]
MEAN_COLOUR = (123.675, 116.28, 103.53)  # ImageNet's, RGB: what normalisation makes 0
BOX_FIELDS = ("gt_bbox", "gt_class", "gt_score", "difficult", "is_crowd")
LEAST_VISIBLE = 0.4  # of a face's box inside the frame; a face of which less is seen is no label
MARGIN = 0.3  # of a face's sides, around it, that no background holds


def keep_boxes(sample: Sample, kept: Any) -> None:
    """Drop the boxes that are not kept, (n,) bool, from every field."""
    for field in BOX_FIELDS:
        if field in sample:
            sample[field] = sample[field][kept]


def tilt(sample: Sample, degrees: float) -> Sample:
    """Rotate a sample about its centre; a box becomes that of its inscribed ellipse, rotated.

    A face fills the ellipse in its box rather than the box, so the ellipse's bounding box stays tight (A. Kalra et al.,
    Towards Rotation Invariance in Object Detection, ICCV 2021).
    """
    height, width = sample["image"].shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    sample["image"] = cv2.warpAffine(sample["image"], matrix, (width, height), borderValue=MEAN_COLOUR)
    boxes = rotate_boxes(sample["gt_bbox"], matrix)
    clipped = np.clip(boxes, 0, [width - 1, height - 1] * 2).astype(np.float32)
    sample["gt_bbox"] = clipped
    visible = (clipped[:, 2:] - clipped[:, :2]).prod(axis=1) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    keep_boxes(sample, visible >= LEAST_VISIBLE)
    return sample


def rotate_boxes(boxes: Any, matrix: Any) -> Any:
    """Return the boxes (n, 4) around the inscribed ellipses turned by a rotation matrix (2, 3)."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    radii = np.sqrt(((boxes[:, 2:] - boxes[:, :2]) / 2) ** 2 @ (matrix[:, :2] ** 2).T)
    return np.concatenate([centres - radii, centres + radii], axis=1)


def grey(image: Any) -> Any:
    """Return a black-and-white photo."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def blurred(image: Any) -> Any:
    """Return a photo out of focus; sigma grows with the photo."""
    sigma = np.random.uniform(0.5, 2.5) * max(image.shape[:2]) / 640
    return cv2.GaussianBlur(image, (0, 0), max(sigma, 0.3))


def dark(image: Any) -> Any:
    """Return a photo taken in little light, with a sensor's noise."""
    light, noise = np.random.uniform(0.15, 0.5), np.random.uniform(2, 10)
    return np.clip(image * light + np.random.normal(0, noise, image.shape), 0, 255).astype(np.uint8)


def small(image: Any) -> Any:
    """Return a photo that was scaled down and up again."""
    height, width = image.shape[:2]
    scale = np.random.uniform(0.25, 0.6)
    less = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.resize(less, (width, height), interpolation=cv2.INTER_LINEAR)


def compressed(image: Any) -> Any:
    """Return a photo with the blocks of strong JPEG compression."""
    _, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(np.random.randint(8, 35))])
    return cv2.imdecode(content, cv2.IMREAD_COLOR)


FAULTS: tuple[Callable[[Any], Any], ...] = (grey, grey, blurred, dark, small, compressed)


def away_from_faces(sample: Sample, x: float, y: float, width: float, height: float) -> Sample | None:
    """Return a part of a sample, its left upper corner at (x, y) in pixels, without labels; None if a face is near."""
    boxes = widen(sample["gt_bbox"], MARGIN)
    left, above = boxes[:, 2] <= x, boxes[:, 3] <= y
    right, below = boxes[:, 0] >= x + width, boxes[:, 1] >= y + height
    if not (left | above | right | below).all():
        return None
    part = dict(sample)
    part["image"] = np.ascontiguousarray(sample["image"][int(y) : int(y + height), int(x) : int(x + width)])
    part["h"], part["w"] = part["image"].shape[:2]
    keep_boxes(part, np.zeros(len(boxes), bool))
    return part


def widen(boxes: Any, share: float) -> Any:
    """Return boxes (n, 4) that are larger by a share of their sides on each side."""
    margin = (boxes[:, 2:] - boxes[:, :2]) * share
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + margin], axis=1)


def mosaic(samples: list[Sample], size: int, x: int, y: int) -> Sample:
    """Return image, boxes and sizes of four samples in one square of ``size`` px, a grid whose corner is at (x, y).

    Faces become about half as large (A. Bochkovskiy et al., YOLOv4, 2020).
    """
    canvas = np.empty((size, size, 3), np.float32)
    parts: dict[str, list[Any]] = {}
    for sample, (x1, y1, x2, y2) in zip(
        samples, [(0, 0, x, y), (x, 0, size, y), (0, y, x, size), (x, y, size, size)], strict=True
    ):
        height, width = sample["image"].shape[:2]
        canvas[y1:y2, x1:x2] = cv2.resize(sample["image"], (x2 - x1, y2 - y1), interpolation=cv2.INTER_LINEAR)
        for field in BOX_FIELDS:
            if field in sample:
                parts.setdefault(field, []).append(sample[field])
        scale = np.array([(x2 - x1) / width, (y2 - y1) / height] * 2)
        parts["gt_bbox"][-1] = (sample["gt_bbox"] * scale + [x1, y1, x1, y1]).astype(np.float32)
    shape = np.array([size, size], np.float32)
    joined = {field: np.concatenate(values) for field, values in parts.items()}
    return joined | {"image": canvas, "im_shape": shape, "h": size, "w": size}
