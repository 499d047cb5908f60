"""Boxes with labels and scores, drawn into a photo."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.images.captions import in_ascii

if TYPE_CHECKING:
    from backend.answer import Face

# BGR, readable on light and dark photos and for colour-blind eyes (Okabe and Ito's vermilion and bluish green)
COLOURS = ((0, 94, 213), (115, 158, 0), (178, 114, 0), (0, 159, 230))
WHITE = (255, 255, 255)
JPEG_QUALITY = 90
JPEG_LONGEST_SIDE = 65500  # libjpeg's limit


def draw_results(image: NDArray[np.uint8], results: list["Face"]) -> NDArray[np.uint8]:
    """Return a copy of a BGR image (h, w, 3) with the ``results`` of an answer drawn in."""
    drawn: NDArray[np.uint8] = image.copy()
    draw_in_place(drawn, results)
    return drawn


def draw_in_place(image: NDArray[np.uint8], results: list["Face"]) -> None:
    """Draw the ``results`` of an answer into a BGR image (h, w, 3)."""
    thickness = max(1, round(min(image.shape[:2]) / 250))
    for result in reversed(results):  # the best score ends on top
        draw_result(image, result, thickness)


def draw_result(image: NDArray[np.uint8], result: "Face", thickness: int) -> None:
    """Draw one box and its label in place."""
    x1, y1, x2, y2 = (round(side) for side in result["box"])
    colour = COLOURS[result["class_id"] % len(COLOURS)]
    cv2.rectangle(image, (x1, y1), (x2, y2), colour, thickness)
    caption = f"{in_ascii(result['label'], result['class_id'])} {result['score']:.2f}"  # OpenCV's font has no more
    scale = max(0.35, thickness * 0.3)
    (width, height), below = cv2.getTextSize(caption, cv2.FONT_HERSHEY_SIMPLEX, scale, max(1, thickness // 2))
    left = max(0, min(x1, image.shape[1] - width))
    base = y1 - below if y1 - below - height >= 0 else min(y1 + height + below, image.shape[0] - below)
    cv2.rectangle(image, (left, base - height - 1), (left + width, base + below), colour, cv2.FILLED)
    cv2.putText(
        image, caption, (left, base), cv2.FONT_HERSHEY_SIMPLEX, scale, WHITE, max(1, thickness // 2), cv2.LINE_AA
    )


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """Encode a BGR image (h, w, 3) as JPEG, scaled down where a side is longer than JPEG allows."""
    longest = max(image.shape[:2])
    if longest > JPEG_LONGEST_SIDE:
        scale = JPEG_LONGEST_SIDE / longest
        height, width = (max(1, int(side * scale)) for side in image.shape[:2])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])
