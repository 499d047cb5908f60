"""The paths of the shell command: which files it takes, and where it writes."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from backend.images.formats import SUFFIXES as PHOTO_SUFFIXES
from backend.video.containers import SUFFIXES as VIDEO_SUFFIXES


class Parser(argparse.ArgumentParser):
    """A parser whose complaints hold nothing that a terminal would obey."""

    def error(self, message: str) -> NoReturn:
        """Complain and exit."""
        super().error(printable(message))


def folder_named(text: str) -> Path:
    """Read the path of a folder to write to; an empty one is a slip, not the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path; give a folder")
    return Path(text)


def make_folder(path: Path) -> None:
    """Make the output folder, if there is none."""
    if path.exists() and not path.is_dir():
        raise ValueError(f"--output {path} is a file; name a folder.")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--output {path} cannot be used as a folder: {error.strerror}.") from None


def read_path(text: str) -> Path | str:
    """Read a path, or the URL of a live source; an empty one is a slip, not the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path; give a photo or a folder")
    if text.lower().startswith("file://"):
        return Path(unquote(urlsplit(text).path))
    return text if is_url(text) else Path(text)


def is_url(source: Path | str) -> bool:
    """Return whether a source is a URL."""
    return isinstance(source, str) and "://" in source


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder; of one that cannot be, too long for one, it raises nothing."""
    return os.path.isdir(path)  # noqa: PTH112


def expand(paths: list[Path | str], output: Path | None) -> Iterator[Path | str]:
    """Yield each file, and the photos below each folder, sorted; where there is an output folder, the videos too.

    What cannot be read is yielded too, and a folder without such files yields itself: process says what is wrong.
    """
    for path in paths:
        if isinstance(path, Path) and is_folder(path):
            yield from listed(path, output) or [path]
        else:
            yield path


def listed(folder: Path, output: Path | None) -> list[Path]:
    """Return what files_below yields, sorted.

    Raises:
        ValueError: folders lie in each other more deeply than can be followed.
    """
    try:
        return sorted(files_below(folder, output))
    except RecursionError:
        raise ValueError(f"{folder} has folders in folders more deeply than can be followed.") from None


def files_below(folder: Path, output: Path | None) -> Iterator[Path]:
    """Yield what expand says of one folder, and what cannot be listed; an output folder below it is left out.

    Links to folders are followed, each folder once.
    """
    suffixes = PHOTO_SUFFIXES + VIDEO_SUFFIXES if output else PHOTO_SUFFIXES
    unreadable: list[OSError] = []
    seen = {os.path.realpath(path) for path in (folder, output) if path}
    for parent, folders, names in os.walk(folder, onerror=unreadable.append, followlinks=True):
        folders[:] = [name for name in sorted(folders) if is_new(Path(parent, name), seen)]
        yield from (Path(parent, name) for name in names if is_named(name, suffixes))
    yield from (Path(error.filename) for error in unreadable)


def is_named(name: str, suffixes: tuple[str, ...]) -> bool:
    """Return whether a name ends in one of the suffixes, and is none of macOS's that stand beside the real ones."""
    return name.lower().endswith(suffixes) and not name.startswith("._")


def is_new(folder: Path, seen: set[str]) -> bool:
    """Return whether a folder, whatever its name, was not seen yet; from now on it is."""
    real = os.path.realpath(folder)
    if real in seen:
        return False
    seen.add(real)
    return True


def printable(text: str) -> str:
    """Return a text with what a terminal would obey, or cannot show, written out."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "surrogatepass").decode("ascii") for sign in text
    )
