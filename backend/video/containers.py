"""Video files: which are taken, how they are opened, and how long they say they are."""

from pathlib import Path
from typing import Any

from backend.video.errors import VideoError

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".3gp", ".mpg", ".mpeg", ".ts", ".mts", ".wmv")
TIME_BASE = 1_000_000  # FFmpeg's AV_TIME_BASE: a container's times are in microseconds


def end_of(packet: Any) -> float:
    """Return the second at which a packet ends; 0 if it does not say."""
    return float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base) if packet.time_base else 0.0


def end_of_all(container: Any) -> float:
    """Return the second at which a video ends, as its head says; 0 if it does not.

    FFmpeg takes the duration of a Matroska or WebM file from 0 on, of others from their first picture or sound.
    """
    start = 0 if "matroska" in container.format.name else container.start_time or 0
    return float(start + container.duration) / TIME_BASE if container.duration else 0.0


def open_input(file: Any, source: Path) -> Any:
    """Open a video.

    Raises:
        VideoError: it is none.
    """
    import av  # here: it takes a while to load, and the shell asks for the suffixes at every start

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
