"""Transparent pictures as people see them: on white; what is hidden under transparent pixels is not looked at."""

import struct

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.images import png
from backend.images.orientation import TURNS, exif_orientation

WITH_ALPHA = (4, 6)  # PNG's colour types
VP8X_ALPHA, VP8L_ALPHA = 0x10, 1 << 28  # WebP's container, and its lossless pictures
ROWS_AT_ONCE = 256  # what is blended at once stays small

Image = NDArray[np.uint8]


def may_be_transparent(format: str, data: bytes) -> bool:
    """Return whether a picture of this format can have transparent pixels, as far as its header says."""
    if format == "PNG":
        return data[25] in WITH_ALPHA or any(chunk.kind == b"tRNS" for chunk in png.chunks(data))
    if format == "WebP":
        if data[12:16] == b"VP8X":
            return bool(data[20] & VP8X_ALPHA)
        return data[12:16] == b"VP8L" and bool(struct.unpack_from("<I", data, 21)[0] & VP8L_ALPHA)
    return format in ("GIF", "TIFF", "AVIF")


def on_white(format: str, data: bytes, image: Image) -> Image:
    """Lay an upright BGR picture (h, w, 3), decoded from ``data``, on white where it is transparent."""
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if whole is None or whole.ndim != 3 or whole.shape[2] != 4:
        return image
    alpha = whole[..., 3]
    if alpha.dtype == np.uint16:
        alpha = (alpha >> 8).astype(np.uint8)
    if alpha.dtype != np.uint8:
        return image
    alpha = TURNS[exif_orientation(format, data)](alpha)  # the colours were turned already
    if alpha.shape != image.shape[:2] or alpha.min(initial=255) == 255:
        return image
    for start in range(0, len(image), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        opacity = alpha[rows, :, np.newaxis].astype(np.uint16)
        image[rows] = (image[rows] * opacity + 255 * (255 - opacity) + 127) // 255
    return image
