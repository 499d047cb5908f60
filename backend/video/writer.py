"""Images with their times, and the source's sound -> an MP4."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from backend.video.colours import colours_of, to_halved_yuv
from backend.video.frames import USUAL_RATE, letterbox
from backend.video.sound import Sound

TIME_BASE = Fraction(1, 90_000)  # fine enough for any frame rate, whatever the source's own
# without B-frames, whose order makes MP4's duration too short where frame times vary
QUALITY = {"crf": "20", "preset": "veryfast", "bf": "0"}


class Writer:
    """Writes frames, at their own times, and sound."""

    def __init__(self, container: Any, stream: Any, sound: Sound | None):
        self.container = container
        self.rate = stream.average_rate or USUAL_RATE
        self.bar = tqdm(total=stream.frames or None, unit="frame", desc="video", disable=None)  # on a terminal only
        self.video: Any = None
        self.sound = sound
        self.early: list[Any] = []  # sound that came before the first picture, whose size the file's head needs
        self.last = -1

    def hear(self, packet: Any) -> None:
        """Take a packet of sound; None at the end."""
        if self.sound is None:
            return
        for made in self.sound.packets(packet):
            if self.video is None:
                self.early.append(made)
            else:
                self.container.mux(made)

    def write(self, image: NDArray[np.uint8], frame: Any, seconds: float) -> None:
        """Write an image (h, w, 3) of a frame at its time; one of another size than the first is letterboxed."""
        if self.video is None:
            self.begin(image.shape[1], image.shape[0], frame)
        boxed = letterbox(image, self.video.width, self.video.height)
        made = av.VideoFrame.from_ndarray(to_halved_yuv(boxed, self.colours), format=self.colours.halved_format)
        made.time_base = TIME_BASE
        self.last = made.pts = max(self.last + 1, round(seconds / TIME_BASE))
        self.container.mux(self.video.encode(made))
        self.bar.update()

    def begin(self, width: int, height: int, first: Any) -> None:
        """Add the video's stream, and write the sound that was waiting for it."""
        self.colours = colours_of(first)
        self.video = self.container.add_stream("libx264", rate=self.rate, options=QUALITY)
        self.video.width, self.video.height, self.video.pix_fmt = width, height, self.colours.halved_format
        self.video.codec_context.time_base = TIME_BASE
        if not first.format.is_rgb:
            for kind in ("colorspace", "color_primaries", "color_trc"):  # what the numbers mean stays as it was
                setattr(self.video.codec_context, kind, getattr(first, kind))
        for packet in self.early:
            self.container.mux(packet)

    def finish(self) -> None:
        """Write what the encoders still hold."""
        self.hear(None)
        self.container.mux(self.video.encode(None))
        self.bar.close()
