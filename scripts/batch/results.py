"""What a run has written: which photos are done, and what they show."""

import fcntl
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from backend.parts.cutting import DETAILS

SUFFIXES = {"parquet": ".parquet", "csv": ".csv", "json": ".json"}
TRY_AGAIN = "OutOfMemory"  # the kind of an error that is no fault of the photo
LOCK = "_lock"
RUN = "_run.json"  # readers of Parquet folders leave out what begins with an underscore
RAYS_NAME = re.compile(r"\w+_[0-9a-f]{32}_\d{6}(-\d+)?\.\w+")  # other files in the folder are somebody's own
ADDED_LATER = {"detail": DETAILS[0]}  # what the record of an earlier version means
UNMASKED, MASKED = "face", "face_mask"


class OutputError(ValueError):
    """A folder for the results that cannot be used."""


def open_output(folder: Path, run: dict[str, Any]) -> None:
    """Make the folder, or check that it holds results of the same run.

    Raises:
        OutputError: it holds something else.
    """
    record = folder / RUN
    if record.is_file():
        try:
            other = ADDED_LATER | dict(json.loads(record.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise OutputError(f"{record} is damaged; choose another folder.") from None
        differing = [name for name in run if other.get(name) != run[name]]
        if differing:
            name = differing[0]
            raise OutputError(
                f"{folder} holds results with {name} = {other.get(name)!r}, not {run[name]!r}; choose another folder."
            )
        return
    check_folder(folder)
    partial = record.with_suffix(".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
        partial.replace(record)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise OutputError(f"{folder} cannot be written: {error.strerror}.") from None


def check_folder(folder: Path) -> None:
    """Raise OutputError where a folder is none, or holds what no run has written."""
    if (folder / RUN).is_file():
        return
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; choose a folder.")
    if folder.exists() and any(not path.name.startswith("_") for path in folder.iterdir()):
        raise OutputError(f"{folder} is not empty and holds no results of an earlier run; choose another folder.")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of the folder, which is made where there is none.

    Raises:
        OutputError: one is at work, or it cannot be written.
    """
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("w")
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(f"Another run is writing to {folder}; wait for it, or choose another folder.") from None
        yield


def tables(folder: Path, form: str) -> Iterator[pa.Table]:
    """Yield every complete file of results."""
    for path in result_files(folder, form):
        yield read_table(path, form)


def result_files(folder: Path, form: str) -> list[Path]:
    """Return the files that hold rows."""
    return sorted(path for path in folder.glob(f"*{SUFFIXES[form]}") if RAYS_NAME.fullmatch(path.name))


def drop_incomplete(folder: Path, form: str) -> None:
    """Remove the files that are cut short or damaged, and the rows to try again; their photos are done again."""
    for path in result_files(folder, form):
        try:
            table = read_table(path, form)
        except pa.ArrowInvalid:
            path.unlink()
            continue
        kept = [kind != TRY_AGAIN for kind in column(table, "error_kind")]
        if not all(kept):
            rewrite(path, form, table.filter(pa.array(kept)))


def rewrite(path: Path, form: str, table: pa.Table) -> None:
    """Replace one file of results."""
    partial = path.with_name(f"_{path.name}.partial")
    if form == "parquet":
        pyarrow.parquet.write_table(table, partial)
    elif form == "csv":
        pyarrow.csv.write_csv(table, partial)
    else:
        partial.write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()), encoding="utf-8")
    if table.num_rows:
        partial.replace(path)
    else:
        partial.unlink()
        path.unlink()


def read_table(path: Path, form: str) -> pa.Table:
    """Read one file of results.

    Raises:
        pyarrow.ArrowInvalid: it is not complete, or damaged.
        OutputError: it cannot be read.
    """
    try:
        table = read_any(path, form)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # the file system's; pyarrow's own have no number
            raise OutputError(f"{path} cannot be read: {error.strerror}.") from None
        raise pa.ArrowInvalid(str(error)) from None
    if "path" not in table.column_names:
        raise pa.ArrowInvalid("there is no column path")
    return table


def read_any(path: Path, form: str) -> pa.Table:
    """Read one file, whatever it holds."""
    if form == "parquet":
        with pa.OSFile(str(path)) as file:  # pyarrow takes some paths for URLs
            return pyarrow.parquet.read_table(file)
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        raise pa.ArrowInvalid("the last line is cut")
    if form == "json":
        return pyarrow.json.read_json(io.BytesIO(data))
    options = pyarrow.csv.ParseOptions(newlines_in_values=True)
    return pyarrow.csv.read_csv(io.BytesIO(data), parse_options=options)


def done_paths(folder: Path, form: str) -> set[str]:
    """Return the photos that have a row."""
    return {path for table in tables(folder, form) for path in table.column("path").to_pylist()}


def summary(folder: Path, form: str) -> dict[str, Any]:
    """Return photos, faces by label, the share that wears a mask, and errors by kind."""
    photos, faces, errors = 0, Counter[str](), Counter[str]()
    for table in tables(folder, form):
        photos += table.num_rows
        errors.update(kind for kind in column(table, "error_kind") if kind)
        for detections in column(table, "detections"):
            found = json.loads(detections) if isinstance(detections, str) and detections else detections
            faces.update(face["label"] for face in found or [])
    worn = faces[MASKED] + faces[UNMASKED]
    return {
        "photos": photos,
        "faces": dict(faces),
        "share masked": round(faces[MASKED] / worn, 4) if worn else None,
        "errors": dict(errors),
    }


def column(table: pa.Table, name: str) -> list[Any]:
    """Return a column; a file without any value of it may lack it."""
    return table.column(name).to_pylist() if name in table.column_names else []
