"""Where the photos of an archive are: a folder, a glob, a list, a tar, or a URL that pyarrow's file systems read."""

import glob
import lzma
import os
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from backend.images.files import read_file, too_large
from backend.images.formats import SUFFIXES
from backend.shell.paths import files_below, is_named, printable
from scripts.batch import tars

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
LISTS = (".txt", ".lst")
SPARSE = -2  # a size
WHOLE, COMPRESSED = (0, -1), (-1, -1)  # offset and size
SIGNS_OF_PATHS = "/:@!$&'()*+,;=~"  # as they are in a URL: what else a name in one has stands quoted
SIGNS_OF_URLS = SIGNS_OF_PATHS + "%?#[]"
IN_ARCHIVE = "::"  # between a tar's path and its member's name


# whatever file systems and archives raise; some of pyarrow's are only found where their package is installed
CANNOT_BE_READ = (
    *(OSError, EOFError, ValueError, RecursionError, MemoryError, ImportError, NotImplementedError),
    *(zlib.error, lzma.LZMAError, pa.ArrowException),
)


class InputError(ValueError):
    """A source without photos, or one that cannot be read."""


class NoMatchError(Exception):
    """A source that is nothing on this machine."""


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
    except NoMatchError:
        raise InputError(f"There is no file, folder or match for {printable(source)}.") from None
    except CANNOT_BE_READ as error:
        raise InputError(f"{printable(source)} cannot be listed: {printable(str(error))}") from None
    if not found:
        raise InputError(f"{printable(source)} holds no photo ({', '.join(SUFFIXES)}).")
    return found


def find_inputs(source: str) -> Iterator[Input]:
    """Yield the photos of a source."""
    if "://" not in source and Path(source).is_dir():
        yield from files(sorted(files_below(Path(spelled(source)), None)))
    elif source.lower().endswith(TARS):
        yield from members(source if "://" in source else spelled(source))
    elif "://" in source:
        yield from files(files_at(source))
    elif source.lower().endswith(LISTS) and Path(source).is_file():
        lines = Path(source).read_bytes().decode("utf-8-sig").split("\n")  # other signs that end lines may be in names
        base = Path(spelled(Path(source).parent))
        names = [line.removesuffix("\r") for line in lines if line.strip()]
        yield from files([name.strip() if "://" in name else named_in(base, name) for name in names])
    elif Path(source).is_file():
        yield from files([spelled(source)])
    else:
        matches = sorted(glob.glob(source, recursive=True))  # noqa: PTH207  # Path.glob takes no absolute pattern
        if not matches:
            raise NoMatchError
        yield from files([spelled(path) for path in matches if is_named(Path(path).name, SUFFIXES)])


def named_in(folder: Path, line: str) -> Path:
    """Return the file that a line of a list names; blanks around it are part of it only where there is such a file."""
    return folder / line if (folder / line).exists() else folder / line.strip(" \t")


def absolute(path: str | Path) -> str:
    """Return an absolute path; a URL stays as it is."""
    return path if isinstance(path, str) and "://" in path else str(Path(path).absolute())


def normalized(source: str) -> str:
    """Return a source so that two ways to write it look the same; of a glob what stands before its first sign."""
    if "://" in source:
        return source
    fixed = source if Path(source).exists() else re.split(r"[^/]*[*?\[]", source, maxsplit=1)[0]
    whole = spelled(fixed)
    return os.path.join(whole, source[len(fixed) :]) if len(fixed) < len(source) else whole  # noqa: PTH118


def spelled(path: str | Path) -> str:
    """Return an absolute path without ``..``, unless that would lead elsewhere, as behind a link."""
    short = os.path.abspath(path)  # noqa: PTH100
    return short if os.path.realpath(short) == os.path.realpath(path) else str(Path(path).absolute())


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
    system, path = file_system(url)
    base, mark, query = url.partition("?")
    info = system.get_file_info(path)
    if info.type == fs.FileType.File:
        yield url
    else:
        for entry in sorted(system.get_file_info(fs.FileSelector(path, recursive=True)), key=lambda entry: entry.path):
            if entry.type != fs.FileType.Directory and is_named(entry.base_name, SUFFIXES):
                inside = entry.path[len(path.rstrip("/")) :].lstrip("/")
                yield f"{base.rstrip('/')}/{quote(inside, safe=SIGNS_OF_PATHS)}{mark}{query}"


def file_system(url: str) -> tuple[Any, str]:
    """Return pyarrow's file system of a URL, and the path in it; signs that no URL has are quoted.

    Raises:
        OSError, ValueError: there is no such file system, or it is no URL.
    """
    system, path = fs.FileSystem.from_uri(quote(url, safe=SIGNS_OF_URLS))
    return system, path


def open_file(path: str) -> Any:
    """Open a path or URL for reading, with seek; close it with contextlib.closing.

    Raises:
        ValueError: it is a pipe or a device, which could keep the reader for ever.
        OSError: it cannot be opened.
    """
    local = local_path(path)
    if local is None:
        system, inside = file_system(path)
        return system.open_input_file(inside)
    if local.exists() and not (local.is_file() or local.is_dir()):
        raise ValueError("It is no regular file.")
    return local.open("rb")


def local_path(path: str) -> Path | None:
    """Return the path that a path or a ``file://`` URL means; None of other URLs."""
    if "://" not in path:
        return Path(path)
    return Path(file_system(path)[1]) if path.startswith("file://") else None


def members(archive: str) -> Iterator[Input]:
    """Yield the photos of a tar; of a plain one with their places, so that each can be read by itself."""
    with closing(open_file(archive)) as file, tars.opened(file) as tar:
        plain = tar.fileobj is file
        for name, member in tars.files(tar):
            if is_named(Path(name).name, SUFFIXES):
                yield Input(member_path(archive, name), os.fsencode(archive), *(place(member) if plain else COMPRESSED))


def place(member: tarfile.TarInfo) -> tuple[int, int]:
    """Return where the member of a plain tar lies: offset and size of Input."""
    return (member.offset, SPARSE) if member.issparse() else (member.offset_data, member.size)


def member_path(archive: str, name: str) -> str:
    """Return how a member is called in the results."""
    return readable(f"{archive}{IN_ARCHIVE}{name}")


def read(item: Input, limit: int) -> bytes:
    """Return the bytes of a photo.

    Raises:
        ImageTooLargeError: it is larger than ``limit`` bytes.
        ValueError: it is no regular file.
        OSError: it cannot be read.
    """
    path = local_path(os.fsdecode(item.container))
    if path is not None and (item.offset, item.size) == WHOLE:
        return read_file(path, limit)
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
    with tars.opened(file, "r:") as tar:
        content = tar.extractfile(tar.next() or "")
        data = content.read(limit + 1) if content else b""
    if len(data) > limit:
        raise too_large(limit)
    return data


def stream(archive: str, wanted: set[str], limit: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield the wanted members of a compressed tar in its order: path and bytes, None for over ``limit`` of them."""
    with closing(open_file(archive)) as file, tars.opened(file) as tar:
        for name, member in tars.files(tar):
            path = member_path(archive, name)
            if path in wanted:
                content = tar.extractfile(member)
                data = content.read(limit + 1) if content else b""
                yield path, None if len(data) > limit else data
