"""A data set's zip is unpacked, unless it would do harm."""

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from tqdm import tqdm

MOST_UNPACKED_BYTES = 20 * 2**30


class DatasetError(Exception):
    """A data set that cannot be used at all."""


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip into a folder, whose earlier content goes, unless one of its paths leaves it or it is far too large.

    Raises:
        DatasetError: naming the path; nothing is written then.
    """
    if not zipfile.is_zipfile(archive):
        raise DatasetError(f"{archive} is no zip; give the dataset's folder, or a zip of it.")
    with zipfile.ZipFile(archive) as zipped:
        members = zipped.infolist()
        for member in members:
            path = PurePosixPath(member.filename.replace("\\", "/"))
            is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
            if path.is_absolute() or ".." in path.parts or ":" in member.filename or is_link:
                raise DatasetError(f"{archive} is refused: {member.filename!r} would leave the folder.")
        size = sum(member.file_size for member in members)
        if size > MOST_UNPACKED_BYTES:
            raise DatasetError(f"{archive} is refused: unpacked it would be {size / 2**30:.0f} GiB.")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for member in tqdm(members, desc="unpacking", unit="file"):
            member.filename = member.filename.replace("\\", "/")  # of a zip that was made on Windows
            if not member.filename.endswith("/"):
                zipped.extract(member, target)
