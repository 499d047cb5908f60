"""A video file in; out come the video with its boxes drawn, a table of counts over time, and a plot of it."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from backend.drawing import draw_results
from backend.paddle_inference import PicoDetector

USUAL_RATE = 30
TOLERANCE = 0.3  # seconds; durations in a file's head are rounded
PIXELS = "yuv420p"
TIME_BASE = Fraction(1, 90_000)  # fine enough for any frame rate, whatever the source's own
# without B-frames, whose order makes MP4's duration too short where frame times vary
QUALITY = {"crf": "20", "preset": "veryfast", "bf": "0"}


class VideoError(ValueError):
    """A file that holds no video, or one that cannot be decoded."""


@dataclass(frozen=True)
class Outputs:
    """The three files of one video."""

    video: Path
    counts: Path
    plot: Path


@dataclass
class Counts:
    """The faces of each frame by label.

    Attributes:
        labels: of the model.
        seconds: when each frame is shown.
        faces: one counter of labels a frame.
        missing: seconds of the video that its head promises and the file no longer holds; 0 if it is whole.
    """

    labels: tuple[str, ...]
    seconds: list[float]
    faces: list[Counter[str]]
    missing: float = 0.0

    def rows(self) -> Iterator[list[object]]:
        """Yield the rows of the table, its header first."""
        yield ["seconds", *self.labels]
        for second, counter in zip(self.seconds, self.faces, strict=True):
            yield [f"{second:.3f}", *(counter[label] for label in self.labels)]


def annotate_video(detector: PicoDetector, source: Path, threshold: float, outputs: Outputs) -> Counts:
    """Find the faces in every frame and write the outputs; each appears complete or not at all.

    Frames keep their times, so a variable frame rate stays one; a rotated video comes out upright; sound is copied
    where MP4 takes it.

    Raises:
        VideoError: no video, or it cannot be decoded.
        OSError: a file cannot be read or written.
    """
    partial = {path: path.with_name(f".{path.name}.partial") for path in vars(outputs).values()}
    try:
        counts = write_video(detector, source, threshold, partial[outputs.video])
        with partial[outputs.counts].open("w", newline="", encoding="utf-8") as table:
            csv.writer(table).writerows(counts.rows())
        draw_plot(counts, partial[outputs.plot])
        for path, made in partial.items():
            made.replace(path)
    finally:
        for made in partial.values():
            made.unlink(missing_ok=True)
    return counts


def write_video(detector: PicoDetector, source: Path, threshold: float, target: Path) -> Counts:
    """Write the video with its boxes; return the counts."""
    counts = Counts(detector.labels, [], [])
    with source.open("rb") as file, open_input(file, source) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        with av.open(str(target), "w", format="mp4") as written:
            writer = Writer(written, stream, sound_of(container))
            held = 0.0
            for packet in container.demux([stream, *sound_of(container)]):
                held = max(held, end_of(packet))
                if packet.stream.type == "audio":
                    writer.copy(packet)
                    continue
                for frame in decode(packet, source):
                    image = upright(frame)
                    results = detector.predict_image(image, threshold)["results"]
                    counts.seconds.append(writer.write(draw_results(image, results), frame))
                    counts.faces.append(Counter(face["label"] for face in results))
            if not counts.seconds:
                raise VideoError(f"{source.name} has no picture that can be decoded.")
            writer.finish()
            missing = end_of_all(container) - held
            counts.missing = missing if missing > TOLERANCE else 0.0
    return counts


def end_of(packet: Any) -> float:
    """Return the second at which a packet ends; 0 if it does not say."""
    return float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base) if packet.time_base else 0.0


def end_of_all(container: Any) -> float:
    """Return the second at which a video ends, as its head says; 0 if it does not.

    FFmpeg takes the duration of a Matroska or WebM file from 0 on, of others from their first picture or sound.
    """
    start = 0 if "matroska" in container.format.name else container.start_time or 0
    return float(start + container.duration) / av.time_base if container.duration else 0.0


def open_input(file: Any, source: Path) -> Any:
    """Open a video.

    Raises:
        VideoError: it is none.
    """
    try:
        container = av.open(file)
    except (av.FFmpegError, OSError):  # the latter of an empty file
        raise VideoError(f"{source.name} is no video that can be read; it is truncated or another file.") from None
    if not container.streams.video:
        container.close()
        raise VideoError(f"{source.name} holds no video.")
    if container.streams.video[0].codec_context is None:  # PyAV before 18 crashes on decoding such a stream
        container.close()
        raise VideoError(f"{source.name} cannot be decoded; it is truncated, or of an unknown kind.")
    return container


def sound_of(container: Any) -> list[Any]:
    """Return the first sound of a video, if it has one."""
    return list(container.streams.audio[:1])


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


def draw_plot(counts: Counts, target: Path) -> None:
    """Draw the number of faces over time, a line a label."""
    import matplotlib  # here: it takes a while to load

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    figure, axes = pyplot.subplots(figsize=(9, 3.5), layout="constrained")
    for label in counts.labels:
        axes.step(counts.seconds, [faces[label] for faces in counts.faces], where="post", label=label)
    axes.set(xlabel="seconds", ylabel="faces", ylim=(0, None))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(target, dpi=120, format="png")
    pyplot.close(figure)
