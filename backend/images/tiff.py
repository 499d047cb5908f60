"""TIFF's first directory (TIFF 6.0): how large the picture is, and whether what it takes to decode fits that."""

import struct
from collections import Counter

from backend.images.errors import UndecodableImageError

WIDTH, HEIGHT, COMPRESSION, TILE_WIDTH, TILE_HEIGHT = 256, 257, 259, 322, 323  # tags
READ = (WIDTH, HEIGHT, COMPRESSION, TILE_WIDTH, TILE_HEIGHT)
AS_JPEG, MOST_SCANS_A_STRIP = 7, 4  # one, or one for each colour
KINDS = {3: "H", 4: "I"}  # SHORT and LONG; libtiff takes others, which other readers skip
MOST_ENTRIES = 1000
SPARE_TILE = 2**20  # pixels; a small picture may lie in one tile of the usual size


def picture_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a TIFF's first picture; (-1, -1) where nothing says so.

    Raises:
        UndecodableImageError: it says so twice or in an unusual type, where readers differ in what they take; or it has
            a tile that is far larger than itself.
    """
    found = entries(data)
    if WIDTH not in found or HEIGHT not in found:
        return -1, -1
    width, height = found[WIDTH], found[HEIGHT]
    if found.get(TILE_WIDTH, 0) * found.get(TILE_HEIGHT, 0) > width * height + SPARE_TILE:
        raise UndecodableImageError("The TIFF has a tile far larger than its picture; it is corrupt.")
    if found.get(COMPRESSION) == AS_JPEG and data.count(b"\xff\xda") > MOST_SCANS_A_STRIP * data.count(b"\xff\xd8"):
        raise UndecodableImageError("The TIFF holds JPEGs of many scans; save it with another compression.")
    return width, height


def entries(data: bytes) -> dict[int, int]:
    """Return the values of READ that the first directory has; raises as picture_size does."""
    order = "<" if data[:2] == b"II" else ">"
    values, seen = {}, Counter[int]()
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        if count > MOST_ENTRIES:
            raise UndecodableImageError(f"The TIFF has over {MOST_ENTRIES} entries; it is corrupt.")
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, length = struct.unpack_from(f"{order}HHI", data, at)
            if tag not in READ:
                continue
            seen[tag] += 1
            if kind not in KINDS or length != 1 or seen[tag] > 1:
                raise UndecodableImageError("The TIFF has a size that readers take in different ways; it is corrupt.")
            (values[tag],) = struct.unpack_from(f"{order}{KINDS[kind]}", data, at + 8)
    except struct.error:  # it ends there
        pass
    return values
