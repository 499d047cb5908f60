"""The log's form, and its way out: text or JSON lines on standard error, whose reader holds nobody up."""

import atexit
import faulthandler
import io
import logging
import os
import queue
import sys
import time
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

MOST_WAITING_LINES = 10_000
FLUSH_SECONDS, POLL_SECONDS = 1.0, 0.01
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure_logging(form: str) -> None:
    """Write the log to standard error.

    Args:
        form: ``text`` or ``json``; the latter has what a line says of its request as keys of the object too.
    """
    writer = Writer(stream_of_its_own(own_standard_error()))
    writer.setFormatter(formatter(form))
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(MOST_WAITING_LINES)
    logging.basicConfig(level=logging.INFO, handlers=[DroppingHandler(waiting)], force=True)
    QueueListener(waiting, writer).start()
    atexit.register(write_the_last, waiting)


def write_the_last(waiting: "queue.Queue[logging.LogRecord]") -> None:
    """Wait until all is written; where nobody reads, end the process without the rest.

    Python would else wait for the thread that writes, for ever.
    """
    deadline = time.monotonic() + FLUSH_SECONDS
    while waiting.unfinished_tasks and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if waiting.unfinished_tasks:
        os._exit(0)


class DroppingHandler(QueueHandler):
    """Hands lines over to a thread that writes them; where it cannot keep up, they are dropped and counted.

    A terminal that is stopped, or a full pipe, would else stop every request.

    Attributes:
        dropped: lines so far, of all handlers of this process.
    """

    dropped = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        """Hand a line over, or drop it."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            DroppingHandler.dropped += 1

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Leave the record as it is: it does not leave the process, and its extra fields are wanted."""
        return record


class Writer(logging.StreamHandler):  # type: ignore[type-arg]  # Python 3.10 takes no argument here
    """Writes lines; those that cannot be written, on a full disk for one, are counted as dropped."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Count a line that was not written; logging would complain on standard error, which is the same place."""
        DroppingHandler.dropped += 1


def stream_of_its_own(stream: TextIO) -> TextIO:
    """Return another stream to the same place: Python flushes standard error at its end, and waits for who writes."""
    try:
        return os.fdopen(os.dup(stream.fileno()), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    except (AttributeError, io.UnsupportedOperation, ValueError):
        return stream


def own_standard_error() -> TextIO:
    """Return standard error for this program's own lines, and close it to C libraries.

    libpng and libjpeg write their complaints there, with text from inside the photo.
    """
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, io.UnsupportedOperation, ValueError):  # none, or one that is no file
        return sys.stderr
    own = os.fdopen(os.dup(descriptor), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), descriptor)
    sys.stderr = own  # tracebacks
    faulthandler.enable(own)  # crashes
    return own


def formatter(form: str) -> logging.Formatter:
    """Return the formatter for ``text`` or ``json``."""
    if form == "text":
        return logging.Formatter(TEXT)
    names = {"levelname": "level", "name": "logger"}
    return JsonFormatter("%(levelname)s %(name)s %(message)s", rename_fields=names, timestamp="time")
