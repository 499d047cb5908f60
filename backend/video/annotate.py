"""A video file in; out come the video with its boxes drawn, a table of counts over time, and a plot of it."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from numpy.typing import NDArray

from backend.images.drawing import draw_in_place
from backend.paddle_inference import PicoDetector
from backend.video.containers import check_pixels, end_of, end_of_all, open_input, sound_of
from backend.video.counts import Counts, draw_plot
from backend.video.errors import VideoError
from backend.video.frames import Clock, decode, upright
from backend.video.sound import sound_for
from backend.video.writer import Writer

if TYPE_CHECKING:
    from backend.answer import Answer

Find = Callable[[NDArray[np.uint8]], "Answer"]  # gives the faces of one frame
TOLERANCE = 0.3  # seconds; durations in a file's head are rounded


@dataclass(frozen=True)
class Outputs:
    """The three files of one video."""

    video: Path
    counts: Path
    plot: Path


def annotate_video(
    detector: PicoDetector, source: Path, threshold: float, outputs: Outputs, detail: str = "normal"
) -> Counts:
    """Find the faces in every frame and write the outputs; what was begun is removed where it cannot be ended.

    Frames keep their times, so a variable frame rate stays one; a rotated video comes out upright; sound is copied
    where MP4 takes it, else converted.

    Raises:
        VideoError: no video, or it cannot be decoded.
        OSError: a file cannot be read or written.
    """
    try:
        counts = write_video(detector, source, threshold, outputs.video, detail)
        write_counts(counts, outputs)
    except BaseException:
        for path in vars(outputs).values():
            path.unlink(missing_ok=True)
        raise
    return counts


def write_counts(counts: Counts, outputs: Outputs) -> None:
    """Write the table of counts and their plot."""
    with outputs.counts.open("w", newline="", encoding="utf-8") as table:
        csv.writer(table).writerows(counts.rows())
    draw_plot(counts, outputs.plot)


def write_video(detector: PicoDetector, source: Path, threshold: float, target: Path, detail: str) -> Counts:
    """Write the video with its boxes; return the counts."""
    counts, find = Counts(detector.labels, [], []), partial(detector.predict_image, threshold=threshold, detail=detail)
    with source.open("rb") as file, open_input(file, source.name, detector.max_pixels) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        with av.open(str(target), "w", format="mp4") as written:
            writer = Writer(written, stream, sound_for(written, sound_of(container)))
            clock, held = Clock(container, stream), 0.0
            for packet in container.demux([stream, *sound_of(container)]):
                held = max(held, end_of(packet))
                if packet.stream.type == "audio":
                    writer.hear(packet)
                    continue
                for frame in decode(packet, source.name):
                    check_pixels(frame.width, frame.height, detector.max_pixels)
                    annotate_frame(find, frame, clock.time(frame), writer, counts)
            if not counts.seconds:
                raise VideoError(f"{source.name} has no picture that can be decoded.")
            writer.finish()
            missing = end_of_all(container) - held
            counts.missing = missing if missing > TOLERANCE else 0.0
            counts.silent = bool(sound_of(container)) and writer.sound is None
    return counts


def annotate_frame(find: Find, frame: Any, seconds: float, writer: Writer, counts: Counts) -> None:
    """Find the faces in one frame, draw and count them."""
    image = upright(frame)
    results = find(image)["results"]
    draw_in_place(image, results)
    writer.write(image, frame, seconds)
    counts.seconds.append(seconds)
    counts.faces.append(Counter(face["label"] for face in results))
