"""How many inferences may run at once, and how many requests may wait for one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from backend.web.problems import ApiProblem

RETRY_AFTER_SECONDS = 1


class Admission:
    """Lets ``concurrency`` callers in, ``queue`` more wait, and turns others away at once.

    Attributes:
        running: callers that are in now.
        waiting: callers that wait now.
    """

    def __init__(self, concurrency: int, queue: int):
        self.concurrency = concurrency
        self.queue = queue
        self.running = 0
        self.waiting = 0
        self.changed = threading.Condition()

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold one of the places to run, waiting for it if the queue has room.

        Raises:
            ApiProblem: ``overloaded``, at once, where the queue is full.
        """
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Take a place to run, as admitted says."""
        with self.changed:
            if self.running + self.waiting >= self.concurrency + self.queue:
                raise ApiProblem(
                    "overloaded",
                    f"{self.running + self.waiting} requests are being answered already; "
                    f"try again in {RETRY_AFTER_SECONDS} s.",
                    {"Retry-After": str(RETRY_AFTER_SECONDS)},
                )
            self.waiting += 1
            self.changed.wait_for(lambda: self.running < self.concurrency)
            self.waiting -= 1
            self.running += 1

    def leave(self) -> None:
        """Give the place back."""
        with self.changed:
            self.running -= 1
            self.changed.notify()
