"""Images whose header is harmless and whose data would hold a core for minutes are refused before they are decoded."""

import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np

from backend.images.errors import UndecodableImageError

START_OF_IMAGE, START_OF_SCAN, END_OF_IMAGE = b"\xff\xd8", b"\xff\xda", b"\xd9"
# with a segment, or the end; within a scan's data 0xff is followed by 0 or a restart marker
MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
MOST_SCANS = 64  # encoders write about 10; each costs a pass over the whole picture
MOST_SEGMENTS = 10_000  # a colour profile of 16 MiB takes 256; as many as fit would hold a core for seconds here

PNG_SIGNATURE_BYTES = 8
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG's colour type
HARMLESS_BYTES = 2**17  # deflate makes 1032 times as much of it at most: a tenth of a second
SPARE_BYTES = 2**20
STEP_BYTES = 2**20


def check_data(format: str, data: bytes) -> None:
    """Check a JPEG or PNG.

    Raises:
        UndecodableImageError: more scans, or more compressed data, than an image of its size has.
    """
    if format == "JPEG":
        check_scans(data)
    elif format == "PNG":
        check_inflated_size(data)


def check_scans(data: bytes) -> None:
    """Refuse a JPEG of many scans; libjpeg-turbo's own tools have the same remedy (djpeg -maxscans)."""
    values = np.frombuffer(data, np.uint8)  # bytes.count takes some times as long
    at_most = np.count_nonzero((values[:-1] == START_OF_SCAN[0]) & (values[1:] == START_OF_SCAN[1]))
    if at_most > MOST_SCANS and count_scans(data) > MOST_SCANS:
        raise UndecodableImageError(f"The JPEG has over {MOST_SCANS} scans; no more are decoded.")


def count_scans(data: bytes) -> int:
    """Count the scans of a JPEG up to MOST_SCANS + 1; not what looks so in its metadata, or in what follows its end.

    Raises:
        UndecodableImageError: it has more segments than any photo.
    """
    scans, at = 0, len(START_OF_IMAGE)
    for _ in range(MOST_SEGMENTS):
        marker = MARKER.search(data, at)
        if marker is None or marker[1] == END_OF_IMAGE or scans > MOST_SCANS:
            return scans
        scans += marker[0] == START_OF_SCAN
        at = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2], "big"))
    raise UndecodableImageError(f"The JPEG has over {MOST_SEGMENTS} segments; it is corrupt.")


def check_inflated_size(data: bytes) -> None:
    """Refuse a PNG whose data inflate to far more than its pixels: libpng would inflate all of it."""
    pieces = [piece for kind, piece in chunks(data) if kind == b"IDAT"]
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


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and content of each chunk of a PNG, as far as they can be read."""
    at = PNG_SIGNATURE_BYTES
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += length + 12


def pixel_bytes(data: bytes) -> int:
    """Return how many bytes a PNG's pixels have, with the filter's byte of each row."""
    width, height, depth, colour = struct.unpack_from(">IIBB", data, PNG_SIGNATURE_BYTES + 8)
    bits = int(width) * int(depth) * CHANNELS.get(colour, 4)
    return int(height) * (1 + (bits + 7) // 8)
