"""One photo of a data set, with its boxes."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Labelled:
    """A photo's name in the data set, its size, and what is on it.

    Attributes:
        name: of the file, with its suffix; unique by its stem.
        width, height: pixels of the upright photo.
        results: ``label``, ``class_id`` and ``box`` (x1, y1, x2, y2 in these pixels) of each face, as in an answer.
    """

    name: str
    width: int
    height: int
    results: list[dict[str, Any]]

    @property
    def stem(self) -> str:
        """Return the name without its suffix."""
        return PurePosixPath(self.name).stem
