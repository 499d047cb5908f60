"""The two stages that run on Ray: read the photos, find the faces. Every photo comes out as one row."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pyarrow as pa

from backend import PicoDetector
from backend.errors import ImageError, InferenceError
from scripts.batch.inputs import Input, read, stream

FACE = pa.struct(
    {"label": pa.string(), "class_id": pa.int32(), "score": pa.float32(), "box": pa.list_(pa.float32())}.items()
)
SCHEMA = pa.schema(
    {
        "path": pa.string(),
        "width": pa.int32(),
        "height": pa.int32(),
        "detections": pa.list_(FACE),
        "milliseconds": pa.float64(),
        "error": pa.string(),
        "error_kind": pa.string(),
    }.items()
)
ROWS_AT_ONCE = 16  # of a compressed tar


def read_batch(batch: dict[str, Any], limit: int) -> pa.Table:
    """Read the bytes of a batch of inputs.

    Args:
        batch: the fields of Input, an array each.
        limit: largest file, in bytes.

    Returns:
        Path, bytes, and what was wrong where there are none.
    """
    columns = [batch[name].tolist() for name in Input.__annotations__]
    return as_table([read_row(Input(*values), limit) for values in zip(*columns, strict=True)])


def read_row(item: Input, limit: int) -> tuple[str, bytes | None, str | None]:
    """Read one photo."""
    try:
        return item.path, read(item, limit), None
    except OSError as error:
        return item.path, None, f"It cannot be read: {error.strerror or error}."
    except ValueError as error:
        return item.path, None, str(error)


def read_archives(batch: dict[str, Any], wanted: set[str], limit: int) -> Iterator[pa.Table]:
    """Read the wanted members of compressed tars, one tar after the other; yield what read_batch returns."""
    rows: list[tuple[str, bytes | None, str | None]] = []
    for archive in batch["container"].tolist():
        for path, content in stream(os.fsdecode(archive), wanted, limit):
            rows.append((path, None, content) if isinstance(content, str) else (path, content, None))
            if len(rows) == ROWS_AT_ONCE:
                yield as_table(rows)
                rows = []
    if rows:
        yield as_table(rows)


def as_table(rows: list[tuple[str, bytes | None, str | None]]) -> pa.Table:
    """Return what was read as a table of path, bytes and problem."""
    columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    kinds = {"path": pa.string(), "bytes": pa.large_binary(), "problem": pa.string()}
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds.values(), strict=True)]
    return pa.table(arrays, names=list(kinds))


class Detector:
    """Finds the faces in batches of photos; Ray keeps it as an actor, so that the model is loaded once.

    Args:
        model_dir, max_pixels: as for PicoDetector.
        threshold: 0 to 1; None: the model's own.
    """

    def __init__(self, model_dir: str, max_pixels: int, threshold: float | None):
        cv2.setNumThreads(1)
        self.detector = PicoDetector(Path(model_dir), max_pixels=max_pixels)
        self.threshold = threshold

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return a row of SCHEMA for each photo."""
        return pa.Table.from_pylist([self.row(entry) for entry in batch.to_pylist()], SCHEMA)

    def row(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Find the faces in one photo."""
        if entry["problem"] is not None:
            return failed(entry["path"], entry["problem"], "unreadable")
        started = time.perf_counter()
        try:
            answer = self.detector.predict(img_bin=entry["bytes"], threshold=self.threshold)
        except (ImageError, InferenceError) as error:
            return failed(entry["path"], str(error), type(error).__name__.removesuffix("Error"))
        return {
            "path": entry["path"],
            **answer["image"],
            "detections": answer["results"],
            "milliseconds": (time.perf_counter() - started) * 1000,
        }


def failed(path: str, error: str, kind: str) -> dict[str, Any]:
    """Return the row of a photo that gave no answer."""
    return {"path": path, "error": error, "error_kind": kind}
