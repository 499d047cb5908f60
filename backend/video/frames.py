"""Packets of a video -> upright BGR images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from backend.video.errors import VideoError

PIXELS = "yuv420p"


def decode(packet: Any, source: Path) -> Iterator[Any]:
    """Yield the frames of a packet.

    Raises:
        VideoError: the packet cannot be decoded.
    """
    try:
        yield from packet.decode()
    except av.FFmpegError:
        raise VideoError(f"{source.name} cannot be decoded; it is corrupt.") from None


def upright(frame: Any) -> NDArray[np.uint8]:
    """Return a frame as BGR (h, w, 3), turned as the file says; its sides are even, since H.264 halves the colours.

    OpenCV does what FFmpeg's own fast conversion rounds down by several levels.
    """
    if min(frame.width, frame.height) < 2:
        raise VideoError(f"The video has {frame.width} x {frame.height} pixels; it should have 2 x 2 at least.")
    even = frame.reformat(width=frame.width // 2 * 2, height=frame.height // 2 * 2, format=PIXELS)
    image = cv2.cvtColor(even.to_ndarray(), cv2.COLOR_YUV2BGR_I420)
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)), np.uint8)
