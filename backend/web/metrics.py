"""Prometheus metrics of one service."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from backend.process.log_output import DroppingHandler
from backend.web.admission import Admission

if TYPE_CHECKING:
    from backend.answer import Answer

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, with the time of its first event

STAGES = ("queue", "read", "decode", "preprocess", "inference", "total")
STAGES_OF_THE_DETECTOR = ("decode", "preprocess", "inference")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What ``/metrics`` shows; counters are safe to use from many threads.

    Args:
        admission: its places in use are read when the metrics are.
        labels: the model's classes.
    """

    def __init__(self, admission: Admission, labels: tuple[str, ...]):
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "facemask_requests", "Requests answered.", ["method", "path", "status"], registry=self.registry
        )
        self.problems = Counter("facemask_problems", "Requests refused or failed.", ["code"], registry=self.registry)
        self.stages = Histogram(
            "facemask_stage_seconds",
            "Time of the parts of a detection.",
            ["stage"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self.faces = Counter("facemask_faces", "Faces found.", ["label"], registry=self.registry)
        running = Gauge("facemask_running", "Requests that are being worked on.", registry=self.registry)
        running.set_function(lambda: admission.running)
        waiting = Gauge("facemask_waiting", "Requests in the queue.", registry=self.registry)
        waiting.set_function(lambda: admission.waiting)
        places = Gauge("facemask_places", "Requests that may run and wait.", ["kind"], registry=self.registry)
        places.labels("run").set(admission.concurrency)
        places.labels("wait").set(admission.queue)
        dropped = Gauge("facemask_log_lines_dropped", "Lines of the log that nobody took.", registry=self.registry)
        dropped.set_function(lambda: DroppingHandler.dropped)
        # each series is there before its first event, and not looked up again for every one
        self.observe = {stage: self.stages.labels(stage).observe for stage in STAGES}
        self.count_face: dict[str, Callable[[], None]] = {}
        self.know(labels)
        self.problems.labels("overloaded")
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def know(self, labels: tuple[str, ...]) -> None:
        """Count these labels too, from 0."""
        self.count_face |= {label: self.faces.labels(label).inc for label in labels}

    def detected(self, answer: "Answer", queue: float, read: float) -> None:
        """Record one detection: its answer, and the seconds it waited and was read."""
        timing = answer["timing_ms"]
        seconds = {"queue": queue, "read": read, "total": queue + read + timing["total"] / 1000}
        seconds |= {stage: timing[stage] / 1000 for stage in STAGES_OF_THE_DETECTOR}  # type: ignore[literal-required]
        for stage, duration in seconds.items():
            self.observe[stage](duration)
        for face in answer["results"]:
            self.count_face[face["label"]]()

    def answered(self, method: str, path: str, status: int, code: str | None) -> None:
        """Record one answer; ``code`` is that of its problem document."""
        self.requests.labels(method, path, str(status)).inc()
        if code is not None:
            self.problems.labels(code).inc()
