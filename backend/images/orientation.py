"""Which way a camera was held: EXIF's orientation, where OpenCV does not apply it by itself."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from backend.images import png

ORIENTATION = 0x0112  # EXIF's tag
UPRIGHT = 1
MOST_ENTRIES = 1000

# what makes a picture upright, by EXIF 2.3's numbers
TURNS: dict[int, Callable[[Any], Any]] = {
    1: lambda image: image,
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    4: np.flipud,
    5: lambda image: np.swapaxes(image, 0, 1),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.rot90(np.swapaxes(image, 0, 1), 2),
    8: lambda image: np.rot90(image, 1),
}


def exif_orientation(format: str, data: bytes) -> int:
    """Return the EXIF orientation of a PNG or WebP, 1 to 8; 1 of other formats and where there is none."""
    if format == "PNG":
        found = next((chunk for chunk in png.chunks(data) if chunk.kind == b"eXIf"), None)
        return orientation_of(data[found.start + 8 : found.end - 4]) if found else UPRIGHT
    return orientation_of(webp_chunk(data, b"EXIF")) if format == "WebP" else UPRIGHT


def webp_chunk(data: bytes, kind: bytes) -> bytes:
    """Return the content of a WebP's chunk; nothing without."""
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        if data[at : at + 4] == kind:
            return data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return b""


def orientation_of(exif: bytes) -> int:
    """Return the orientation that EXIF data say, 1 to 8; 1 where they say none."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return UPRIGHT
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    if start + 2 > len(exif):
        return UPRIGHT
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    for number in range(min(count, MOST_ENTRIES)):
        at = start + 2 + 12 * number
        if at + 12 > len(exif):
            break
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, at)
        if tag == ORIENTATION:
            return value if value in TURNS else UPRIGHT
    return UPRIGHT
