"""The form of the log: readable text, or one JSON object a line."""

import faulthandler
import io
import logging
import os
import sys
from pathlib import Path
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure_logging(form: str) -> None:
    """Write the log to standard error.

    Args:
        form: ``text`` or ``json``; the latter has what a line says of its request as keys of the object too.
    """
    handler = logging.StreamHandler(own_standard_error())
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


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
