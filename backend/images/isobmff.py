"""AVIF's boxes (ISO/IEC 14496-12): how large the picture may become."""

import re
import struct
from collections.abc import Iterator

EXTENT = re.compile(rb"ispe\0\0\0\0(.{8})", re.DOTALL)  # ImageSpatialExtentsProperty: width and height


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of the boxes on the first level."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1 and at + 16 <= len(data):
            (length,), head = struct.unpack_from(">Q", data, at + 8), 16
        end = len(data) if length == 0 else at + length
        if end < at + head:
            return
        yield kind, data[at + head : end]
        at = end


def largest_extent(data: bytes) -> tuple[int, int]:
    """Return width and height of the largest picture that is described; (-1, -1) without one.

    A picture may be made of tiles, each described too: the largest is the whole.
    """
    meta = next((content for kind, content in boxes(data) if kind == b"meta"), b"")
    extents = [struct.unpack(">II", found) for found in EXTENT.findall(meta)]
    return max(extents, key=lambda extent: extent[0] * extent[1], default=(-1, -1))
