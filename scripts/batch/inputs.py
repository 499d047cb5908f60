"""Where the photos of an archive are: a folder, a glob, a list, a tar, or a URL that pyarrow's file systems read."""

import glob
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import fs

from backend.images.errors import ImageTooLargeError
from backend.images.formats import SUFFIXES
from backend.shell.paths import files_below, is_named

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
LISTS = (".txt", ".lst")
SPARSE = -2  # a size
IN_ARCHIVE = "::"  # between a tar's path and its member's name


class InputError(ValueError):
    """A source without photos, or one that cannot be read."""


class Input(NamedTuple):
    """One photo.

    Attributes:
        path: as it stands in the results, bytes that are no UTF-8 escaped; a tar's member as ``TAR::NAME``.
        container: the file that holds it, as bytes (os.fsencode).
        offset, size: where in that file, in bytes; 0 and -1 where it is the whole file, -1 and -1 in a compressed tar,
            the place of its header and SPARSE where it is stored with gaps.
    """

    path: str
    container: bytes
    offset: int = 0
    size: int = -1


def list_inputs(source: str) -> list[Input]:
    """Return the photos of a source, each once, in a fixed order.

    Raises:
        InputError: no such source, none that can be listed, or no photo in it.
    """
    try:
        found = list(dict.fromkeys(find_inputs(source)))
    except (OSError, EOFError, tarfile.TarError, UnicodeError, zlib.error, lzma.LZMAError, pa.ArrowInvalid) as error:
        raise InputError(f"{source} cannot be listed: {error}") from None
    if not found:
        raise InputError(f"{source} holds no photo ({', '.join(SUFFIXES)}).")
    return found


def find_inputs(source: str) -> Iterator[Input]:
    """Yield the photos of a source."""
    if source.lower().endswith(TARS):
        yield from members(absolute(source))
    elif "://" in source:
        yield from files(files_at(source))
    elif Path(source).is_dir():
        yield from files(sorted(files_below(Path(source), None)))
    elif source.lower().endswith(LISTS) and Path(source).is_file():
        lines = Path(source).read_text(encoding="utf-8-sig").split("\n")  # other signs that end lines may be in names
        base = Path(source).parent
        yield from files(
            [line if "://" in line else base / line for line in (line.strip(" \t\r") for line in lines) if line]
        )
    elif Path(source).is_file():
        yield from files([Path(source)])
    else:
        matches = sorted(glob.glob(source, recursive=True))  # noqa: PTH207  # Path.glob takes no absolute pattern
        if not matches:
            raise InputError(f"There is no file, folder or match for {source}.")
        yield from files([Path(path) for path in matches if is_named(Path(path).name, SUFFIXES)])


def absolute(path: str | Path) -> str:
    """Return an absolute path; a URL stays as it is."""
    return path if isinstance(path, str) and "://" in path else str(Path(path).absolute())


def normalized(source: str) -> str:
    """Return a source so that two ways to write it look the same."""
    return source if "://" in source else os.path.abspath(source)  # noqa: PTH100  # Path leaves ".." in


def files(paths: Iterable[str | Path]) -> Iterator[Input]:
    """Yield whole files."""
    for path in map(absolute, paths):
        yield Input(readable(path), os.fsencode(path))


def readable(path: str) -> str:
    """Return a path as UTF-8 takes it, another one for each path: bytes that are none are written as \\xNN."""
    raw = os.fsencode(path)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = ""
    if text and "\\x" not in text:
        return text
    return raw.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def files_at(url: str) -> Iterator[str]:
    """Yield the URLs of the photos at and below a URL."""
    system, path = fs.FileSystem.from_uri(url)
    prefix = url[: len(url) - len(path.lstrip("/"))] if path else url
    info = system.get_file_info(path)
    if info.type == fs.FileType.File:
        yield url
    else:
        for entry in sorted(system.get_file_info(fs.FileSelector(path, recursive=True)), key=lambda entry: entry.path):
            if entry.type == fs.FileType.File and is_named(entry.base_name, SUFFIXES):
                yield prefix + entry.path.lstrip("/")


def open_file(path: str) -> Any:
    """Open a path or URL for reading, with seek; close it with contextlib.closing.

    Raises:
        ValueError: it is a pipe or a device, which could keep the reader for ever.
        OSError: it cannot be opened.
    """
    if "://" in path:
        system, inside = fs.FileSystem.from_uri(path)
        return system.open_input_file(inside)
    if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
        raise ValueError("It is no regular file.")
    return Path(path).open("rb")


def members(archive: str) -> Iterator[Input]:
    """Yield the photos of a tar; of a plain one with their places, so that each can be read by itself.

    Of members of one name the first counts; a hard link is the file that it links to, which stands before it.
    """
    seen = set[str]()
    places: dict[str, tuple[int, int]] = {}
    with closing(open_file(archive)) as file, tarfile.open(fileobj=file, mode="r:*") as tar:
        plain = tar.fileobj is file
        for member in tar:
            path = member_path(archive, member)
            if member.isfile():
                places.setdefault(member.name, place(member) if plain else (-1, -1))
            elif member.islnk() and member.linkname in places:
                places.setdefault(member.name, places[member.linkname])
            if member.name in places and is_named(Path(member.name).name, SUFFIXES) and path not in seen:
                seen.add(path)
                yield Input(path, os.fsencode(archive), *places[member.name])


def place(member: tarfile.TarInfo) -> tuple[int, int]:
    """Return where the member of a plain tar lies: offset and size of Input."""
    return (member.offset, SPARSE) if member.issparse() else (member.offset_data, member.size)


def member_path(archive: str, member: tarfile.TarInfo) -> str:
    """Return how a member is called in the results."""
    return readable(f"{archive}{IN_ARCHIVE}{member.name}")


def read(item: Input, limit: int) -> bytes:
    """Return the bytes of a photo.

    Raises:
        ImageTooLargeError: it is larger than ``limit`` bytes.
        ValueError: it is no regular file.
        OSError: it cannot be read.
    """
    with closing(open_file(os.fsdecode(item.container))) as file:
        if item.size == SPARSE:
            return read_sparse(file, item.offset, limit)
        if item.offset:
            file.seek(item.offset)
        data = bytes(file.read(limit + 1 if item.size < 0 else min(item.size, limit + 1)))
    if len(data) > limit:
        raise too_large(limit)
    return data


def read_sparse(file: Any, offset: int, limit: int) -> bytes:
    """Return the bytes of a tar's member whose gaps are not stored, its header being at ``offset``."""
    file.seek(offset)
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            content = tar.extractfile(tar.next() or "")
            data = content.read(limit + 1) if content else b""
    except (tarfile.TarError, KeyError) as error:
        raise OSError(f"the tar is damaged ({error})") from None
    if len(data) > limit:
        raise too_large(limit)
    return data


def too_large(limit: int) -> ImageTooLargeError:
    """Return the error of a file of over ``limit`` bytes."""
    return ImageTooLargeError(f"The file is over the limit of {limit} bytes.")


def stream(archive: str, wanted: set[str], limit: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield the wanted members of a compressed tar in its order: path and bytes, None for over ``limit`` of them."""
    missing = set(wanted)
    with closing(open_file(archive)) as file, tarfile.open(fileobj=file, mode="r:*") as tar:
        for member in tar:
            path = member_path(archive, member)
            if path in missing and (member.isfile() or member.islnk()):
                missing.remove(path)
                content = tar.extractfile(member)  # of a hard link: what it links to
                data = content.read(limit + 1) if content else b""
                yield path, None if len(data) > limit else data
