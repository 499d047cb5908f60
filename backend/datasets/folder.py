"""A data set's folder that is being written: each photo as it is, its labels beside it, the lists at the end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from backend.datasets import coco, voc, yolo
from backend.datasets.labelled import Labelled
from backend.datasets.names import photo_name
from backend.images.formats import image_format


class Format(Protocol):
    """What a format's module gives."""

    IMAGES: str

    def files_of(self, photo: Labelled) -> dict[str, str]:
        """Return the files of one photo."""

    def index_files(self, photos: Sequence[Labelled], labels: Sequence[str]) -> dict[str, str]:
        """Return the files of the whole data set."""


FORMATS: dict[str, Format] = {"voc": voc, "yolo": yolo, "coco": coco}
OTHER_SUFFIX = {"JPEG": ".jpg", "TIFF": ".tif"}  # of the other formats it is their name


class DatasetFolder:
    """A new data set; ``open_dataset`` makes it.

    Attributes:
        folder: where it lies.
        labels: its classes, in the order of their numbers.
        photos: those that are in it.
    """

    def __init__(self, folder: Path, form: str, labels: Sequence[str]):
        self.folder, self.format, self.labels = folder, FORMATS[form], labels
        self.photos: list[Labelled] = []
        self.taken: set[str] = set()

    def add(self, path: str, data: bytes, answer: Mapping[str, Any]) -> Path:
        """Add a photo, byte for byte, with what an answer says of it; return where it lies.

        Args:
            path: where it comes from: its name there is kept as far as every reader of data sets takes it.
            data: the file's content.
            answer: of ``PicoDetector.predict``: ``image`` and ``results`` count.

        Raises:
            OSError: it cannot be written; nothing of the photo is left.
        """
        name = photo_name(path, suffix_of(data), self.taken)
        photo = Labelled(name, **answer["image"], results=answer["results"])
        target = self.folder / self.format.IMAGES / name
        write(target, data)
        try:
            for inside, text in self.format.files_of(photo).items():
                write(self.folder / inside, text.encode())
        except OSError:
            target.unlink(missing_ok=True)
            raise
        self.photos.append(photo)
        return target

    def finish(self) -> None:
        """Write what belongs to the whole data set, of the photos that are in it so far."""
        for inside, text in self.format.index_files(self.photos, self.labels).items():
            write(self.folder / inside, text.encode())


@contextmanager
def open_dataset(folder: Path, form: str, labels: Sequence[str]) -> Iterator[DatasetFolder]:
    """Make a data set in a new or empty folder; however the work in it ends, what was added is a whole data set.

    Args:
        folder: is made where it does not exist.
        form: one of FORMATS.
        labels: the model's.

    Raises:
        ValueError: the folder is a file, holds something, or cannot be made; the text says so.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ValueError(f"{folder} is not empty; name a new folder for the data set.")
    except OSError as error:
        raise ValueError(f"{folder} cannot be used as a folder for the data set: {error.strerror}.") from None
    dataset = DatasetFolder(folder, form, labels)
    try:
        yield dataset
    finally:
        dataset.finish()


def suffix_of(data: bytes) -> str:
    """Return the usual suffix of an image's format."""
    form = image_format(data)
    return OTHER_SUFFIX.get(form, f".{form.lower()}")


def write(target: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(target)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
