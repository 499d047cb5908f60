"""PNG's chunks: what the picture needs of them, and whether they are what they say."""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from backend.images.errors import UndecodableImageError

SIGNATURE_BYTES = 8
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG's colour type
# all that changes the first picture; text and colour profiles are inflated by libpng, and never looked at
NEEDED = frozenset((b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"))
MOST_CHUNKS = 50_000  # 16 MiB in the 4 KiB that some encoders write are 4,096
HARMLESS_BYTES = 2**17  # deflate makes 1032 times as much of it at most: a tenth of a second
SPARE_BYTES = 2**20
STEP_BYTES = 2**20


class Chunk(NamedTuple):
    """A chunk: its kind, where it begins (with its length) and ends (with its checksum)."""

    kind: bytes
    start: int
    end: int


def checked(data: bytes) -> bytes:
    """Return a PNG with the chunks that its picture needs.

    Raises:
        UndecodableImageError: a chunk declares more bytes than there are, which libpng would reserve; there are more
            chunks than any picture has; or the data inflate to far more than the pixels need.
    """
    found = list(chunks(data))
    check_inflated_size(data, found)
    if all(chunk.kind in NEEDED for chunk in found):
        return data
    kept = (data[chunk.start : chunk.end] for chunk in found if chunk.kind in NEEDED)
    return b"".join((data[:SIGNATURE_BYTES], *kept))


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks up to the end of the image; raises as checked does."""
    at = SIGNATURE_BYTES
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            return
        (length,) = struct.unpack_from(">I", data, at)
        chunk = Chunk(data[at + 4 : at + 8], at, at + length + 12)
        if chunk.kind != b"IEND" and chunk.end > len(data):
            raise UndecodableImageError("The PNG ends within a chunk; it is truncated or corrupt.")
        yield chunk
        if chunk.kind == b"IEND":
            return
        at = chunk.end
    raise UndecodableImageError(f"The PNG has over {MOST_CHUNKS} chunks; it is corrupt.")


def check_inflated_size(data: bytes, found: list[Chunk]) -> None:
    """Refuse a PNG whose data inflate to far more than its pixels: libpng would inflate all of it."""
    pieces = [data[chunk.start + 8 : chunk.end - 4] for chunk in found if chunk.kind == b"IDAT"]
    if sum(map(len, pieces)) <= HARMLESS_BYTES:
        return
    left = 2 * pixel_bytes(data) + SPARE_BYTES  # twice: interlaced images have more rows
    inflater = zlib.decompressobj()
    try:
        for piece in pieces:
            while piece and left >= 0:
                left -= len(inflater.decompress(piece, STEP_BYTES))
                piece = inflater.unconsumed_tail
    except zlib.error:
        return  # corrupt: the decoder stops at the same place
    if left < 0:
        raise UndecodableImageError("The PNG holds far more data than its pixels need; it is corrupt.")


def pixel_bytes(data: bytes) -> int:
    """Return how many bytes a PNG's pixels have, with the filter's byte of each row."""
    width, height, depth, colour = struct.unpack_from(">IIBB", data, SIGNATURE_BYTES + 8)
    bits = int(width) * int(depth) * CHANNELS.get(colour, 4)
    return int(height) * (1 + (bits + 7) // 8)
