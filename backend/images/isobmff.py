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
PICTURE = b"av01"  # kind of an item
IN_FILE, IN_META = 0, 1  # construction methods of iloc


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of the boxes on the first level.

    Raises:
        UndecodableImageError: there are more than a picture has.
    """
    for kind, start, end in places(data):
        yield kind, data[start:end]


def places(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind of the boxes on the first level, and where their contents begin and end; raises as boxes does."""
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
        yield kind, at + head, end
        at = end
    raise UndecodableImageError(f"The AVIF has over {MOST_BOXES} boxes; it is corrupt.")


def find(data: bytes, kind: bytes) -> bytes:
    """Return the content of the box of a kind on the first level; nothing where there is none.

    Raises:
        UndecodableImageError: there are several, of which readers take one or another.
    """
    found = [(start, end) for other, start, end in places(data) if other == kind]
    if len(found) > 1:
        raise UndecodableImageError(f"The AVIF has several boxes {kind.decode()!r}; it is corrupt.")
    return data[found[0][0] : found[0][1]] if found else b""


def without_tracks(data: bytes) -> bytes:
    """Return an AVIF as one without an animation, whose first picture stands for it: only that was looked at here."""
    found = [(kind, start, end) for kind, start, end in places(data) if kind in (b"ftyp", b"moov")]
    if found[0][0] == b"ftyp" and b"avis" not in data[found[0][1] : found[0][2]] and len(found) == 1:
        return data
    changed = bytearray(data)
    for kind, start, end in found:
        if kind == b"moov":  # its kind stands before its content, or before a length of 64 bits
            at = data.rindex(b"moov", start - 12, start)
            changed[at : at + 4] = b"free"
        else:
            changed[start:end] = data[start:end].replace(b"avis", b"avif")
    return bytes(changed)


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
    kinds: dict[int, bytes] = {}
    for kind, content in boxes(infos[6 if infos[:1] == b"\0" else 8 :]):
        version = content[:1]
        if kind == b"infe" and version in (b"\2", b"\3") and len(content) >= 14:
            size = 2 if version == b"\2" else 4
            number = int.from_bytes(content[4 : 4 + size], "big")
            if kinds.get(number) != PICTURE:  # said twice, it may be taken for either
                kinds[number] = content[6 + size : 10 + size]
    return kinds


def coded_pictures(data: bytes, meta: bytes, kinds: dict[int, bytes]) -> Iterator[bytes]:
    """Yield the data of each item of AV1 (iloc).

    Raises:
        UndecodableImageError: there are more items than a picture has, or they have more data than there are.
    """
    table = Reader(find(meta, b"iloc"))
    version = table.read(1)
    table.read(3)
    sizes = table.read(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    left, inside = len(data), find(meta, b"idat")
    for _ in range(at_most(table.read(wide))):
        number = table.read(wide)
        method = table.read(2) & 15 if version in (1, 2) else IN_FILE
        table.read(2)
        base = table.read(base_size)
        source = inside if method == IN_META else data
        pieces = []
        for _ in range(at_most(table.read(2))):
            table.read(index_size if version in (1, 2) else 0)
            start, length = base + table.read(offset_size), table.read(length_size)
            if kinds.get(number) != PICTURE:
                continue
            end = min(start + length, len(source)) if length else len(source)
            left -= max(0, end - start)
            if left < 0:
                raise UndecodableImageError("The AVIF has pictures larger than the file; it is corrupt.")
            pieces.append(source[start:end])
        yield b"".join(pieces)


def at_most(count: int) -> int:
    """Return a number of parts; raises UndecodableImageError where no picture has so many."""
    if count > MOST_ITEMS:
        raise UndecodableImageError(f"The AVIF has over {MOST_ITEMS} parts; it is corrupt.")
    return count


class Reader:
    """Reads numbers of some bytes each; past the end they are 0."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def read(self, size: int) -> int:
        """Return the next ``size`` bytes as a number."""
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")
