"""Standard output and error where nobody takes what is written."""

import os
from typing import TextIO


def nowhere() -> TextIO:
    """Return a stream that takes everything."""
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def silence(stream: TextIO) -> None:
    """Let a stream whose reader has gone take everything: Python would complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
