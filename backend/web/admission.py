"""How many inferences may run at once, and how many requests may wait for one, in the order in which they came."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from backend.web.problems import ApiProblem

RETRY_AFTER_SECONDS = 1


class Admission:
    """Lets ``concurrency`` callers in, ``queue`` more wait in line, and turns others away at once.

    Attributes:
        running: callers that are in now.
    """

    def __init__(self, concurrency: int, queue: int):
        self.concurrency = concurrency
        self.queue = queue
        self.running = 0
        self.line: deque[threading.Event] = deque()
        self.lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many callers wait now."""
        return len(self.line)

    @contextmanager
    def admitted(self, gone: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Hold one of the places to run, waiting in line for it if the queue has room.

        Args:
            gone: says whether the client has gone; then its turn goes to the next.

        Raises:
            ApiProblem: ``overloaded``, at once, where the queue is full; ``client_gone`` when its turn has come.
        """
        self.enter()
        try:
            if gone():
                raise ApiProblem("client_gone", "The client closed the connection before its turn came.")
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Take a place to run, as admitted says."""
        with self.lock:
            if self.running < self.concurrency:
                self.running += 1
                return
            if len(self.line) >= self.queue:
                raise ApiProblem(
                    "overloaded",
                    f"{self.running + len(self.line)} requests are being answered already; "
                    f"try again in {RETRY_AFTER_SECONDS} s.",
                    {"Retry-After": str(RETRY_AFTER_SECONDS)},
                )
            turn = threading.Event()
            self.line.append(turn)
        turn.wait()  # who leaves hands the place over

    def leave(self) -> None:
        """Give the place to the first in line, or back."""
        with self.lock:
            if self.line:
                self.line.popleft().set()
            else:
                self.running -= 1
