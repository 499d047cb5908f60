"""Small inputs that several tests make."""

import struct
import zlib

import numpy as np

from backend.model.detections import Detections


def detections(boxes, scores=None, class_ids=None):
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores if scores is not None else [0.5] * count, np.float32),
        np.array(class_ids if class_ids is not None else [0] * count, np.int64),
    )


def png_chunk(kind, content):
    """A chunk of a PNG."""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(width, height, depth=8, colour=2, data=b"", interlaced=0):
    """A PNG with any header, whatever its data."""

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(data))
        + png_chunk(b"IEND", b"")
    )


def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    overlap = max(width, 0) * max(height, 0)
    return overlap / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - overlap)


def huge_behind_a_false_segment(width, height, shown):
    """A JPEG whose frame has other sizes than a reader finds that takes 0xff 0x00 for a marker with a length."""

    def frame(w, h):
        content = struct.pack(">BHHB", 8, h, w, 1) + bytes([1, 0x11, 0])
        return b"\xff\xc0" + struct.pack(">H", len(content) + 2) + content

    real = frame(width, height)
    return b"\xff\xd8" + b"\xff\x00" + struct.pack(">H", len(real) + 2) + real + frame(*shown) + b"\xff\xd9"
