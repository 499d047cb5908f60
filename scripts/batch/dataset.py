"""A data set of a finished run: its photos, unchanged, with what was found on each as labels."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from backend.datasets.folder import open_dataset
from scripts.batch.inputs import IN_ARCHIVE, Input, read, stream
from scripts.batch.results import OutputError, tables

Answer = dict[str, Any]

DIGITS = 2  # of a box, as in the API's answers; the rows have 32 bits


def check_target(folder: Path, source: str, output: Path) -> None:
    """Raise OutputError where a data set cannot come to lie: known before the photos are looked at."""
    if Path(source).is_dir() and folder.resolve().is_relative_to(Path(source).resolve()):
        raise OutputError(
            f"{folder} lies in {source}, whose photos are read; name a folder elsewhere for the data set."
        )
    if output.resolve().is_relative_to(folder.resolve()) or folder.resolve().is_relative_to(output.resolve()):
        raise OutputError(f"{folder} and {output}, for the rows, lie in each other; name another folder.")
    if folder.is_symlink() or folder.is_mount():  # what is put in its place as a whole cannot be either
        raise OutputError(f"{folder} is a link or a mount point; name a new folder in it for the data set.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is not an empty folder; name a new one for the data set.")


def save_labels(
    target: Path, form: str, labels: Sequence[str], rows: dict[str, Answer], inputs: list[Input], limit: int
) -> int:
    """Write the data set; it appears whole or not at all, so that the same command can be given again.

    Args:
        target: a folder that is new or empty.
        form: one of ``backend.datasets.folder.FORMATS``.
        labels: the model's.
        rows: answers by path, as answers_of gives them.
        inputs: the run's, where the photos are read from once more.
        limit: the largest file, in bytes, as it was for the run.

    Returns:
        the number of photos in it.

    Raises:
        OutputError, OSError: it cannot be written, or a photo no longer be read.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100  # "." has no name
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        with open_dataset(partial, form, labels) as dataset:
            for path, data in tqdm(contents(rows, inputs, limit), desc="saving labels", total=len(rows), unit="photo"):
                try:
                    dataset.add(path.rpartition(IN_ARCHIVE)[2], data, rows[path])
                except ValueError as error:  # it has changed since it was looked at
                    raise OutputError(f"{path} cannot be saved: {error}") from None
        partial.replace(target)
    except ValueError as error:
        raise OutputError(str(error)) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(dataset.photos)


def answers_of(folder: Path, form: str) -> dict[str, Answer]:
    """Return, by path, ``image`` and ``results`` of each photo that gave an answer."""
    answers = {}
    for table in tables(folder, form):
        for row in table.to_pylist():
            if row.get("error") or not row.get("width"):
                continue
            found = row.get("detections") or []
            found = json.loads(found) if isinstance(found, str) else found
            results = [{**face, "box": [round(side, DIGITS) for side in face["box"]]} for face in found]
            answers[row["path"]] = {"image": {"width": row["width"], "height": row["height"]}, "results": results}
    return answers


def contents(rows: dict[str, Answer], inputs: list[Input], limit: int) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each photo that has a row."""
    wanted = [item for item in inputs if item.path in rows]
    if wanted and wanted[0].offset < 0:  # of compressed tars
        for archive in sorted({item.container for item in wanted}):
            for path, data in stream(os.fsdecode(archive), {item.path for item in wanted}, limit):
                yield path, data or b""
        return
    for item in wanted:
        try:
            yield item.path, read(item, limit)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise OutputError(f"{item.path} cannot be read any more ({reason}); there is no data set.") from None
