"""What runs on Ray: photos are read, and their faces found. Every photo comes out as one row."""

import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import cv2
import pyarrow as pa

from backend import PicoDetector
from backend.images.errors import ImageError
from backend.images.files import too_large
from backend.model.errors import InferenceError
from backend.settings import Settings
from scripts.batch.inputs import CANNOT_BE_READ, Input, read, stream
from scripts.batch.results import TRY_AGAIN

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
        "parts": pa.int32(),
        "error": pa.string(),
        "error_kind": pa.string(),
    }.items()
)
NO_MEMORY = "There was no memory for it; run again."
ROWS_AT_ONCE = 16  # of a compressed tar
READERS = 4  # threads of a detector; a bucket takes a while to answer
READ_AHEAD = 16  # photos of a detector that are read or wait


class Content(NamedTuple):
    """One photo that was read.

    Attributes:
        path: as in Input.
        bytes: the file; None where it cannot be read.
        problem: why not.
        kind: of the problem.
    """

    path: str
    bytes: bytes | None
    problem: str | None = None
    kind: str | None = None

    @classmethod
    def unread(cls, path: str, error: Exception) -> "Content":
        """Return what is left of a photo that cannot be read."""
        problem = f"It cannot be read: {error.strerror or error}." if isinstance(error, OSError) else str(error)
        return cls(path, None, problem, kind_of(error) if isinstance(error, ImageError) else "unreadable")


def kind_of(error: Exception) -> str:
    """Return the name of an error without its ending."""
    return type(error).__name__.removesuffix("Error")


def read_content(item: Input, limit: int) -> Content:
    """Read one photo of ``limit`` bytes at most; what goes wrong stands in the result."""
    try:
        return Content(item.path, read(item, limit))
    except MemoryError:
        return Content(item.path, None, NO_MEMORY, TRY_AGAIN)
    except CANNOT_BE_READ as error:
        return Content.unread(item.path, error)


def read_archives(batch: dict[str, Any], wanted: set[str], limit: int) -> Iterator[pa.Table]:
    """Read the wanted members of compressed tars, one tar after the other; yield tables of Content."""
    rows: list[Content] = []
    for archive in batch["container"].tolist():
        for path, data in stream(os.fsdecode(archive), wanted, limit):
            rows.append(Content.unread(path, too_large(limit)) if data is None else Content(path, data))
            if len(rows) == ROWS_AT_ONCE:
                yield as_table(rows)
                rows = []
    if rows:
        yield as_table(rows)


def as_table(rows: list[Content]) -> pa.Table:
    """Return what was read as a table."""
    columns = {"path": pa.string(), "bytes": pa.large_binary(), "problem": pa.string(), "kind": pa.string()}
    return pa.Table.from_pylist([row._asdict() for row in rows], pa.schema(columns.items()))


class Detector:
    """Finds the faces in batches of photos; Ray keeps it as an actor, so that the model is loaded once.

    It reads the photos itself while it works on those before: with tasks of Ray's that read, and hand all bytes on
    from process to process, 4,000 photos took 56 seconds instead of 50.

    Args:
        settings: of the model, and the largest file.
        threshold: 0 to 1; None: the model's own.
        detail: how fine a look.
    """

    def __init__(self, settings: Settings, threshold: float | None, detail: str = "normal"):
        cv2.setNumThreads(1)
        self.detector = PicoDetector.from_settings(settings)
        self.threshold, self.detail = threshold, detail
        self.limit = settings.max_body_bytes
        self.readers = ThreadPoolExecutor(READERS)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return a row of SCHEMA for each Input, or each Content."""
        rows = batch.to_pylist()
        is_read = "problem" in batch.column_names
        contents = (Content(**row) for row in rows) if is_read else self.read_ahead([Input(**row) for row in rows])
        return pa.Table.from_pylist([self.row(content) for content in contents], SCHEMA)

    def read_ahead(self, items: list[Input]) -> Iterator[Content]:
        """Yield the photos in their order; some of those that follow are being read."""
        reading: deque[Future[Content]] = deque()
        for item in items:
            reading.append(self.readers.submit(read_content, item, self.limit))
            if len(reading) == READ_AHEAD:
                yield reading.popleft().result()
        while reading:
            yield reading.popleft().result()

    def row(self, content: Content) -> dict[str, Any]:
        """Find the faces in one photo."""
        if content.bytes is None:
            return failed(content)
        started = time.perf_counter()
        try:
            answer = self.detector.predict(img_bin=content.bytes, threshold=self.threshold, detail=self.detail)
        except (ImageError, InferenceError) as error:
            return failed(Content(content.path, None, str(error), kind_of(error)))
        except MemoryError:
            return failed(Content(content.path, None, NO_MEMORY, TRY_AGAIN))
        return {
            "path": content.path,
            **answer["image"],
            "detections": answer["results"],
            "milliseconds": (time.perf_counter() - started) * 1000,
            "parts": answer["parts"],
        }


def failed(content: Content) -> dict[str, Any]:
    """Return the row of a photo that gave no answer."""
    return {"path": content.path, "error": content.problem, "error_kind": content.kind}
