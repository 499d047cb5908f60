"""Video files: which are taken, how they are opened, and how long they say they are."""

from typing import Any

from backend.video.errors import VideoError

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".3gp", ".mpg", ".mpeg", ".ts", ".mts", ".wmv")
# FFmpeg's names; others are texts that name files and addresses to open, such as a playlist called .mp4
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,mpeg,mpegts,asf,flv,mxf,dv,mpegvideo,m4v,h264,hevc,mjpeg"
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


def open_input(
    source: Any, name: str, max_pixels: int, options: dict[str, str] | None = None, timeout: float | None = None
) -> Any:
    """Open a video.

    Args:
        source: an open file, or a URL.
        name: for messages.
        max_pixels: of a picture.
        options: FFmpeg's, of the format; default: those of a file, of one of FORMATS.
        timeout: seconds without anything after which a URL has broken off.

    Raises:
        VideoError: it is none, or its pictures are too large.
    """
    import av  # here: it takes a while to load, and the shell asks for the suffixes at every start

    try:
        options = {"format_whitelist": FORMATS} if options is None else options
        container = av.open(source, metadata_errors="replace", options=options, timeout=timeout)
    except (av.FFmpegError, OSError):  # the latter of an empty file
        reason = f"{name} is no video that can be read; it is truncated or another file."
        raise VideoError(reason if timeout is None else "it does not answer") from None
    try:
        if not container.streams.video:
            raise VideoError(f"{name} holds no video.")
        context = container.streams.video[0].codec_context
        if context is None:  # PyAV before 18 crashes on decoding such a stream
            raise VideoError(f"{name} cannot be decoded; it is truncated, or of an unknown kind.")
        check_pixels(context.width, context.height, max_pixels)
    except VideoError:
        container.close()
        raise
    return container


def check_pixels(width: int, height: int, most: int) -> None:
    """Raise VideoError if a picture has too many pixels."""
    if width * height > most:
        raise VideoError(f"The video has {width} x {height} pixels; at most {most} are taken (MAX_IMAGE_PIXELS).")


def sound_of(container: Any) -> list[Any]:
    """Return the first sound of a video, if it has one."""
    return list(container.streams.audio[:1])
