"""The form of the log: readable text, or one JSON object a line."""

import logging

from pythonjsonlogger.json import JsonFormatter

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure_logging(form: str) -> None:
    """Write the log to standard error.

    Args:
        form: ``text`` or ``json``; the latter has what a line says of its request as keys of the object too.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def formatter(form: str) -> logging.Formatter:
    """Return the formatter for ``text`` or ``json``."""
    if form == "text":
        return logging.Formatter(TEXT)
    names = {"levelname": "level", "name": "logger"}
    return JsonFormatter("%(levelname)s %(name)s %(message)s", rename_fields=names, timestamp="time")
