"""A live source, such as an IP camera's rtsp:// address, till it is interrupted; one that breaks off is tried again."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import av

from backend.paddle_inference import PicoDetector
from backend.video.annotate import Outputs, annotate_frame, write_counts
from backend.video.containers import check_pixels, open_input
from backend.video.counts import Counts
from backend.video.errors import VideoError
from backend.video.frames import decode
from backend.video.sound import sound_for
from backend.video.writer import Writer

TRY_AGAIN_SECONDS = 2.0
SILENCE_SECONDS = 10.0  # without a packet, a source has broken off
MOST_TRIES = 30  # in a row, without a picture
OPTIONS = {"rtsp_transport": "tcp"}  # over UDP, pictures arrive damaged
RECORDED = ("http", "https", "file")  # schemes of what may end by itself


def annotate_live(
    detector: PicoDetector,
    url: str,
    threshold: float,
    outputs: Outputs,
    say: Callable[[str], None],
    tries: int = MOST_TRIES,
    detail: str = "normal",
) -> Counts:
    """Find the faces in a source's frames till Ctrl-C, and write the outputs; the film is whole whenever that comes.

    Args:
        detector: of the faces.
        url: of the source.
        threshold: 0 to 1.
        outputs: where to write.
        say: hears when the source breaks off, and when it is back.
        tries: how often a source is tried in a row.
        detail: how fine a look.

    Raises:
        VideoError: it never gave a picture.
        OSError: a file cannot be written.
    """
    counts, session = Counts(detector.labels, [], []), Session(detector, threshold, detail)
    try:
        with av.open(str(outputs.video), "w", format="mp4") as written:
            try:
                session.follow(url, written, counts, say, tries)
                interrupted = False
            except KeyboardInterrupt:
                interrupted = True
            if session.writer is None or not counts.seconds:
                raise VideoError(f"{url} gave no picture; look whether the address is right and the camera answers.")
            session.writer.finish()
        write_counts(counts, outputs)
        if interrupted:
            say("Interrupted; the film is written.")
    except BaseException:
        for path in vars(outputs).values():
            path.unlink(missing_ok=True)
        raise
    return counts


class Session:
    """What lasts while a source comes and goes: the film that is written, and its clock."""

    def __init__(self, detector: PicoDetector, threshold: float, detail: str):
        self.max_pixels = detector.max_pixels
        self.find = partial(detector.predict_image, threshold=threshold, detail=detail)
        self.writer: Writer | None = None
        self.began: float | None = None

    def follow(self, url: str, written: Any, counts: Counts, say: Callable[[str], None], tries: int) -> None:
        """Read the source, again and again, until it is tried in vain ``tries`` times."""
        left = tries
        while left:
            before = len(counts.seconds)
            try:
                self.read(url, written, counts)
                reason = "it ended"
            except VideoError as error:
                reason = str(error)
            if len(counts.seconds) > before:
                left = tries
                if url.partition("://")[0] in RECORDED:
                    return
            left -= 1
            say(f"The source broke off ({reason}); trying again.")
            time.sleep(TRY_AGAIN_SECONDS)

    def read(self, url: str, written: Any, counts: Counts) -> None:
        """Read the source until it ends or breaks off.

        Raises:
            VideoError: it broke off.
        """
        options = OPTIONS if url.startswith("rtsp") else {}
        with open_input(url, url, self.max_pixels, options, SILENCE_SECONDS) as container:
            stream = container.streams.video[0]
            if self.writer is None:
                self.writer = Writer(written, stream, sound_for(written, []))
            try:
                for packet in container.demux(stream):
                    for frame in decode(packet, url):
                        check_pixels(frame.width, frame.height, self.max_pixels)
                        annotate_frame(self.find, frame, self.now(), self.writer, counts)
            except (av.FFmpegError, OSError) as error:
                raise VideoError(getattr(error, "strerror", None) or "no picture came") from None

    def now(self) -> float:
        """Return the seconds since the first picture: a source's own times begin anew when it comes back."""
        if self.began is None:
            self.began = time.monotonic()
        return time.monotonic() - self.began


def name_of(url: str) -> Path:
    """Return a name for the files of a source: its host, without a password."""
    host = url.partition("://")[2].rpartition("@")[2].partition("/")[0].partition(":")[0]
    return Path("".join(sign if sign.isalnum() or sign in ".-" else "_" for sign in host) or "live")
