"""The paths of the shell command: which files it takes, and where it writes."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from backend.images.formats import SUFFIXES as PHOTO_SUFFIXES
from backend.video.containers import SUFFIXES as VIDEO_SUFFIXES


def make_folder(path: Path) -> None:
    """Make the output folder, if there is none."""
    if path.exists() and not path.is_dir():
        raise ValueError(f"--output {path} is a file; name a folder.")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--output {path} cannot be used as a folder: {error.strerror}.") from None


def read_path(text: str) -> Path:
    """Read a path; an empty one is a slip, not the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path; give a photo or a folder")
    return Path(text)


def expand(paths: list[Path], output: Path | None) -> Iterator[Path]:
    """Yield each file, and the photos below each folder, sorted; where there is an output folder, the videos too.

    What cannot be read is yielded too, and a folder without such files yields itself: process says what is wrong.
    """
    for path in paths:
        inside = sorted(files_below(path, output)) if os.path.isdir(path) else []  # noqa: PTH112 (it raises nothing)
        yield from inside or [path]


def files_below(folder: Path, output: Path | None) -> Iterator[Path]:
    """Yield what expand says of one folder, and what cannot be listed; an output folder below it is left out."""
    suffixes = PHOTO_SUFFIXES + VIDEO_SUFFIXES if output else PHOTO_SUFFIXES
    unreadable: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=unreadable.append):
        folders[:] = [name for name in folders if not (output and is_same(Path(parent, name), output))]
        yield from (Path(parent, name) for name in names if Path(name).suffix.lower() in suffixes)
    yield from (Path(error.filename) for error in unreadable)


def is_same(one: Path, other: Path) -> bool:
    """Return whether two paths lead to the same place."""
    return os.path.realpath(one) == os.path.realpath(other)


def free_names(folder: Path, stem: str, suffixes: tuple[str, ...], taken: set[Path]) -> list[Path]:
    """Return a path for each suffix; all get one number where one of them is a file already, or a photo of this run."""
    number = 1
    while True:
        paths = [folder / f"{stem}{f'_{number}' if number > 1 else ''}{suffix}" for suffix in suffixes]
        real = {Path(os.path.realpath(path)) for path in paths}
        if not real & taken and not any(path.exists() for path in paths):
            taken |= real
            return paths
        number += 1
