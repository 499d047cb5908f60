"""How many inferences may run at once, and how many requests may wait for one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from backend.problems import ApiProblem

RETRY_AFTER_SECONDS = 1


class Admission:
    """Lets ``concurrency`` callers in, ``queue`` more wait, and turns others away at once."""

    def __init__(self, concurrency: int, queue: int):
        self.places = concurrency + queue
        self.running = threading.BoundedSemaphore(concurrency)
        self.inside = threading.BoundedSemaphore(self.places)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold one of the places to run, waiting for it if the queue has room.

        Raises:
            ApiProblem: ``overloaded``, at once, where the queue is full.
        """
        if not self.inside.acquire(blocking=False):
            raise ApiProblem(
                "overloaded",
                f"{self.places} requests are being answered already; try again in {RETRY_AFTER_SECONDS} s.",
                {"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        try:
            with self.running:
                yield
        finally:
            self.inside.release()
