"""What the shell command writes: each file appears whole or not at all, and never over another one."""

import itertools
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_NAME = 255  # bytes, of every usual file system


@dataclass
class NewFiles:
    """Files that are being written.

    Attributes:
        partial: where to write them.
        final: where they are, once all are written.
    """

    partial: list[Path]
    final: list[Path] = field(default_factory=list)


@contextmanager
def new_files(folder: Path, stem: str, suffixes: tuple[str, ...], taken: set[Path]) -> Iterator[NewFiles]:
    """Give one new file for each suffix a name of ``stem``, with the same number where one of them is taken.

    Args:
        folder: where they come to lie.
        stem: the name to begin with, cut where it is too long.
        suffixes: of the files.
        taken: real paths that are no free names, whatever lies there: the photos of this run. The new ones are added.

    Raises:
        OSError: they cannot be written; nothing of them is left.
    """
    run = f".{secrets.token_hex(8)}"  # two containers may have one folder, and the same process number
    new = NewFiles([folder / f"{run}{suffix}" for suffix in suffixes])
    try:
        yield new
        for names in candidates(folder, stem, suffixes):
            real = {Path(os.path.realpath(path)) for path in names}
            if not real & taken and publish(new.partial, names):
                new.final = names
                taken |= real
                return
    finally:
        for path in new.partial:
            path.unlink(missing_ok=True)


def candidates(folder: Path, stem: str, suffixes: tuple[str, ...]) -> Iterator[list[Path]]:
    """Yield names for all suffixes, without a number, then with 2, 3 and so on."""
    for number in itertools.count(1):
        ending = f"_{number}" if number > 1 else ""
        short = shortened(stem, LONGEST_NAME - max(map(len, suffixes)) - len(ending))
        yield [folder / f"{short}{ending}{suffix}" for suffix in suffixes]


def shortened(name: str, most: int) -> str:
    """Cut a name to ``most`` bytes, between characters."""
    while len(os.fsencode(name)) > most:
        name = name[:-1]
    return name


def publish(partial: list[Path], names: list[Path]) -> bool:
    """Give files their names; return False, with nothing changed, where one of them is taken."""
    done: list[Path] = []
    try:
        for path, name in zip(partial, names, strict=True):
            link(path, name)
            done.append(name)
    except OSError as error:
        for name in done:
            name.unlink()
        if isinstance(error, FileExistsError):
            return False
        raise
    return True


def link(path: Path, name: Path) -> None:
    """Give a file another name; raise FileExistsError if that is taken, by another run too."""
    try:
        name.hardlink_to(path)
    except FileExistsError:
        raise
    except OSError:
        if not path.exists():
            raise
        with name.open("xb"):  # a file system without hard links
            path.replace(name)
