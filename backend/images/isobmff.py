"""AVIF's boxes (ISO/IEC 14496-12 and 23008-12): how large the picture is said to be, and how large it is coded."""

import re
import struct
from collections.abc import Iterator
from itertools import islice

from backend.images import av1
from backend.images.errors import UndecodableImageError

EXTENT = re.compile(rb"ispe\0\0\0\0(.{8})", re.DOTALL)  # ImageSpatialExtentsProperty: width and height
MOST_BOXES = 10_000  # on a level; a picture has some dozens
MOST_ITEMS = 1000  # a picture of tiles has some dozens
LARGEST_TILE = 1024  # a side; tiles may reach over the edge of a picture, larger ones than it do not occur
IN_FILE, IN_META = 0, 1  # construction methods of iloc
FIRST_SAMPLE = (b"mdia", b"minf", b"stbl")


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of the boxes on the first level."""
    at = 0
    for _ in range(MOST_BOXES):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1 and at + 16 <= len(data):
            (length,), head = struct.unpack_from(">Q", data, at + 8), 16
        end = len(data) if length == 0 else at + length
        if end < at + head:
            return
        yield kind, data[at + head : end]
        at = end


def find(data: bytes, *path: bytes) -> bytes:
    """Return the content of the first box of each kind within the one before; nothing where there is none."""
    for kind in path:
        data = next((content for found, content in boxes(data) if found == kind), b"")
    return data


def picture_size(data: bytes) -> tuple[int, int]:
    """Return width and height of an AVIF's picture; (-1, -1) where nothing says so.

    Raises:
        UndecodableImageError: its frames are larger than it says; decoders make them as large as they are coded, and
            scale them then.
    """
    meta = find(data, b"meta")[4:]  # behind version and flags
    kinds = item_kinds(meta)
    declared = [struct.unpack(">II", found[1]) for found in islice(EXTENT.finditer(meta), MOST_BOXES)]
    width, height = largest(declared)
    coded = [size for unit in coded_pictures(data, meta, kinds) for size in av1.frame_sizes(unit)]
    if not coded:
        return -1, -1
    reach = LARGEST_TILE if b"grid" in kinds.values() else 0
    if any(wide > max(width, reach) or high > max(height, reach) for wide, high in coded):
        actual = "{} x {}".format(*largest(coded))
        raise UndecodableImageError(f"The AVIF declares {width} x {height} pixels and has {actual}.")
    return width, height


def largest(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the size of the most pixels; (-1, -1) without any.

    A picture may be made of tiles, each described too: the largest is the whole.
    """
    return max(sizes, key=lambda size: size[0] * size[1], default=(-1, -1))


def item_kinds(meta: bytes) -> dict[int, bytes]:
    """Return the kind of each item by its number (iinf)."""
    infos = find(meta, b"iinf")
    kinds = {}
    for kind, content in boxes(infos[6 if infos[:1] == b"\0" else 8 :]):
        version = content[:1]
        if kind == b"infe" and version in (b"\2", b"\3") and len(content) >= 14:
            size = 2 if version == b"\2" else 4
            kinds[int.from_bytes(content[4 : 4 + size], "big")] = content[6 + size : 10 + size]
    return kinds


def coded_pictures(data: bytes, meta: bytes, kinds: dict[int, bytes]) -> Iterator[bytes]:
    """Yield the data of each item of AV1, and of the first sample of each track."""
    for number, content in located(data, meta):
        if kinds.get(number) == b"av01":
            yield content
    for kind, track in boxes(find(data, b"moov")):
        if kind == b"trak":
            yield first_sample(data, find(track, *FIRST_SAMPLE))


def located(data: bytes, meta: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and data of each item (iloc).

    Raises:
        UndecodableImageError: there are more items than a picture has, or they have more data than there are.
    """
    places = Reader(find(meta, b"iloc"))
    version = places.read(1)
    places.read(3)
    sizes = places.read(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    count = places.read(wide)
    for _ in range(min(count, MOST_ITEMS)):
        number = places.read(wide)
        method = places.read(2) & 15 if version in (1, 2) else IN_FILE
        places.read(2)
        base = places.read(base_size)
        source = find(meta, b"idat") if method == IN_META else data
        pieces = []
        for _ in range(min(places.read(2), MOST_ITEMS)):
            places.read(index_size if version in (1, 2) else 0)
            offset, length = base + places.read(offset_size), places.read(length_size)
            pieces.append(source[offset : offset + length if length else None])
        if sum(map(len, pieces)) > len(data):
            raise UndecodableImageError("The AVIF has a picture larger than the file; it is corrupt.")
        yield number, pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if count > MOST_ITEMS:
        raise UndecodableImageError(f"The AVIF has over {MOST_ITEMS} parts; it is corrupt.")


def first_sample(data: bytes, table: bytes) -> bytes:
    """Return the first sample that a track's table (stbl) lists."""
    sizes = Reader(find(table, b"stsz")[4:])
    size = sizes.read(4) or (sizes.read(4) and sizes.read(4))
    near, far = find(table, b"stco"), find(table, b"co64")
    at = int.from_bytes(near[8:12], "big") if near else int.from_bytes(far[8:16], "big")
    return data[at : at + size]


class Reader:
    """Reads numbers of some bytes each; past the end they are 0."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def read(self, size: int) -> int:
        """Return the next ``size`` bytes as a number."""
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")
