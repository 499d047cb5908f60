"""Packets of a video -> upright BGR images at their times."""

from collections.abc import Iterator
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from backend.video.colours import colours_of, to_bgr
from backend.video.errors import VideoError

USUAL_RATE = 30


def decode(packet: Any, name: str) -> Iterator[Any]:
    """Yield the frames of a packet.

    Raises:
        VideoError: the packet cannot be decoded.
    """
    try:
        yield from packet.decode()
    except av.FFmpegError:
        raise VideoError(f"{name} cannot be decoded; it is corrupt.") from None


def upright(frame: Any) -> NDArray[np.uint8]:
    """Return a frame as BGR (h, w, 3), turned as the file says; its sides are even, since H.264 halves the colours.

    Colours are computed here: FFmpeg's own fast conversion rounds down by several levels.
    """
    if min(frame.width, frame.height) < 2:
        raise VideoError(f"The video has {frame.width} x {frame.height} pixels; it should have 2 x 2 at least.")
    size = {"width": frame.width // 2 * 2, "height": frame.height // 2 * 2}
    if frame.format.is_rgb:
        image = frame.reformat(**size, format="bgr24").to_ndarray()
    else:
        colours = colours_of(frame)
        image = to_bgr(frame.reformat(**size, format=colours.format).to_ndarray(), colours)
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)), np.uint8)


def letterbox(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return an image of another size in the middle of one of this size, black around it."""
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    boxed = np.zeros((height, width, 3), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    boxed[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return boxed


class Clock:
    """Says when each frame is shown, in seconds; never earlier than the one before.

    AVI stores no times, only an order of decoding, from which FFmpeg makes times that jump where there are B-frames:
    its frames come in their order, one after the other.
    """

    def __init__(self, container: Any, stream: Any):
        self.by_number = container.format.name == "avi"
        self.interval = 1 / float(stream.average_rate or USUAL_RATE)
        self.first: float | None = None
        self.number = 0

    def time(self, frame: Any) -> float:
        """Return a frame's time; call it once for each, in their order."""
        if self.first is None:
            self.first = float(frame.time or 0.0)
        counted = self.first + self.number * self.interval
        self.number += 1
        return counted if self.by_number or frame.time is None else float(frame.time)
