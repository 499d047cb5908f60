"""JPEG's segments, walked as libjpeg walks them: the size of the frame, and how many scans there are."""

import re
from collections.abc import Iterator

import numpy as np

from backend.images.errors import UndecodableImageError

START_OF_IMAGE, START_OF_SCAN, END_OF_IMAGE = b"\xff\xd8", b"\xff\xda", b"\xd9"
# with a segment, or the end; within a scan's data 0xff is followed by 0 or a restart marker, and libjpeg skips all else
MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
FRAMES = frozenset(b"\xc0\xc1\xc2\xc3\xc5\xc6\xc7\xc9\xca\xcb\xcd\xce\xcf")
MOST_SCANS, USUAL_SCANS = 64, 16  # encoders write about 10
MOST_SCANNED = 640_000_000  # pixels of all scans; each costs a pass over the whole picture
MOST_SEGMENTS = 10_000  # a colour profile of 16 MiB takes 256; as many as fit would hold a core for seconds here


def segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the marker (its second byte) and the position of the content of each segment, up to the end of the image.

    Raises:
        UndecodableImageError: it has more segments than any photo.
    """
    at = len(START_OF_IMAGE)
    for _ in range(MOST_SEGMENTS):
        marker = MARKER.search(data, at)
        if marker is None or marker[1] == END_OF_IMAGE:
            return
        yield marker[1][0], marker.end() + 2
        at = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2], "big"))
    raise UndecodableImageError(f"The JPEG has over {MOST_SEGMENTS} segments; it is corrupt.")


def frame_size(data: bytes) -> tuple[int, int]:
    """Return width and height of the frame that libjpeg would decode; (-1, -1) without one."""
    for marker, at in segments(data):
        if marker in FRAMES and at + 5 <= len(data):
            return int.from_bytes(data[at + 3 : at + 5], "big"), int.from_bytes(data[at + 1 : at + 3], "big")
        if marker == START_OF_SCAN[1]:
            break
    return -1, -1


def check_scans(data: bytes, pixels: int) -> None:
    """Refuse a JPEG of many scans; libjpeg-turbo's own tools have the same remedy (djpeg -maxscans)."""
    most = min(MOST_SCANS, max(USUAL_SCANS, MOST_SCANNED // pixels))
    values = np.frombuffer(data, np.uint8)  # bytes.count takes some times as long
    at_most = np.count_nonzero((values[:-1] == START_OF_SCAN[0]) & (values[1:] == START_OF_SCAN[1]))
    if at_most > most and count_scans(data) > most:
        raise UndecodableImageError(f"The JPEG has over {most} scans; no more are decoded of one of its size.")


def count_scans(data: bytes) -> int:
    """Count the scans of a JPEG up to MOST_SCANS + 1; not what looks so in its metadata, or in what follows its end.

    Raises:
        UndecodableImageError: as segments.
    """
    scans = 0
    for marker, _ in segments(data):
        scans += marker == START_OF_SCAN[1]
        if scans > MOST_SCANS:
            break
    return scans
