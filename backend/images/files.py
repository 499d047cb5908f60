"""An image's file: read only where it is one, so that no pipe or device keeps the reader for ever."""

import stat
from pathlib import Path

from backend.images.errors import ImageTooLargeError

MOST_BYTES = 2**30


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return a file's content; of an empty one, as the files of /proc say they are, nothing is read.

    Raises:
        ImageTooLargeError: it has more than ``most`` bytes.
        ValueError: it is a pipe or a device.
        OSError: it cannot be read, or is a folder.
    """
    status = path.stat()
    if stat.S_ISREG(status.st_mode):
        if status.st_size == 0:
            return b""
        if status.st_size > most:
            raise too_large(most)
    elif not stat.S_ISDIR(status.st_mode):
        raise ValueError("It is no regular file.")
    with path.open("rb") as file:  # it may grow meanwhile
        data = file.read(most + 1)
    if len(data) > most:
        raise too_large(most)
    return data


def too_large(limit: int) -> ImageTooLargeError:
    """Return the error of a file of over ``limit`` bytes."""
    return ImageTooLargeError(f"The file is over the limit of {limit} bytes.")
