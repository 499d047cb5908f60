"""Images with their times, and the source's sound -> an MP4."""

from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from backend.video.frames import PIXELS

USUAL_RATE = 30
TIME_BASE = Fraction(1, 90_000)  # fine enough for any frame rate, whatever the source's own
# without B-frames, whose order makes MP4's duration too short where frame times vary
QUALITY = {"crf": "20", "preset": "veryfast", "bf": "0"}


class Writer:
    """Writes frames, at their own times, and copies sound."""

    def __init__(self, container: Any, stream: Any, sound: list[Any]):
        self.container = container
        self.rate = stream.average_rate or USUAL_RATE
        self.bar = tqdm(total=stream.frames or None, unit="frame", desc="video", disable=None)  # on a terminal only
        self.video: Any = None
        self.sound = self.add_sound(sound[0]) if sound else None
        self.early: list[Any] = []  # sound that came before the first picture, whose size the file's head needs
        self.last = -1

    def add_sound(self, stream: Any) -> Any:
        """Return a stream for the copy, or None where MP4 does not take this kind of sound."""
        try:
            return self.container.add_stream_from_template(stream)
        except (av.FFmpegError, ValueError):
            return None

    def copy(self, packet: Any) -> None:
        """Copy a packet of sound."""
        if self.sound is None or packet.dts is None:
            return
        packet.stream = self.sound
        if self.video is None:
            self.early.append(packet)
        else:
            self.container.mux(packet)

    def write(self, image: NDArray[np.uint8], frame: Any) -> float:
        """Write an image (h, w, 3) at a frame's time; return the time in seconds."""
        if self.video is None:
            self.begin(image.shape[1], image.shape[0], frame)
        made = av.VideoFrame.from_ndarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), format=PIXELS)
        seconds = frame.time if frame.time is not None else (self.last + 1) * float(TIME_BASE)
        made.time_base = TIME_BASE
        self.last = made.pts = max(self.last + 1, round(seconds / TIME_BASE))
        self.container.mux(self.video.encode(made))
        self.bar.update()
        return float(seconds)

    def begin(self, width: int, height: int, first: Any) -> None:
        """Add the video's stream, and write the sound that was waiting for it."""
        self.video = self.container.add_stream("libx264", rate=self.rate, options=QUALITY)
        self.video.width, self.video.height, self.video.pix_fmt = width, height, PIXELS
        self.video.codec_context.time_base = TIME_BASE
        for kind in ("colorspace", "color_primaries", "color_trc"):  # what the numbers mean stays as it was
            setattr(self.video.codec_context, kind, getattr(first, kind))
        for packet in self.early:
            self.container.mux(packet)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self.container.mux(self.video.encode(None))
        self.bar.close()
