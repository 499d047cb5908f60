"""How many inferences may run at once, and how many requests may wait for one, in the order in which they came.

A photo of several looks (``detail=fine``) waits in a line of its own, between two of its looks too. Where both lines
wait, a free place goes to the one and the other by turns, so that each gets half of the looks.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from backend.web.problems import ApiProblem

RETRY_AFTER_SECONDS = 1


class Waiting(NamedTuple):
    """Who waits: the event that ends it, and how many looks are to come."""

    turn: threading.Event
    looks: int


class Admission:
    """Lets ``concurrency`` callers in, ``queue`` looks more wait in each line, and turns others away at once.

    Attributes:
        running: callers that are in now.
    """

    def __init__(self, concurrency: int, queue: int):
        self.concurrency = concurrency
        self.queue = queue
        self.running = 0
        self.line: deque[Waiting] = deque()  # of one look, or not read yet
        self.long_line: deque[Waiting] = deque()  # those that are between two looks in front
        self.long_is_next = False
        self.lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many callers wait now."""
        return len(self.line) + len(self.long_line)

    @contextmanager
    def admitted(self, gone: Callable[[], bool] = lambda: False, looks: int = 1) -> Iterator[None]:
        """Hold one of the places to run, waiting in line for it if the queue has room.

        Args:
            gone: says whether the client has gone; then its turn goes to the next.
            looks: that the request is known to take already.

        Raises:
            ApiProblem: ``overloaded``, at once, where the queue is full; ``client_gone`` when its turn has come.
        """
        self.enter(looks)
        try:
            check_client(gone)
            yield
        finally:
            self.leave()

    def enter(self, looks: int) -> None:
        """Take a place to run, as admitted says."""
        with self.lock:
            if self.running < self.concurrency:
                self.running += 1
                return
            if looks > 1:
                turn = self.wait_long(looks)
            elif len(self.line) < self.queue:
                turn = self.wait_in(self.line, 1)
            else:
                raise self.overloaded()
        turn.wait()  # who leaves hands the place over

    def wait_with_looks(self, looks: int, gone: Callable[[], bool]) -> None:
        """Give the place, which the caller holds, to those that wait, and take one again in the line of many looks.

        Raises:
            ApiProblem: ``overloaded``: the looks that wait there already leave no room; ``client_gone``.
        """
        with self.lock:
            if not self.waiting:
                return
            turn = self.wait_long(looks)
            self.hand_over()
        turn.wait()
        check_client(gone)

    def let_others_in(self, looks: int, gone: Callable[[], bool]) -> None:
        """Give the place to who waits with one look, if it is his turn, and take the next one.

        Args:
            looks: that are to come.
            gone: as for admitted.

        Raises:
            ApiProblem: ``client_gone``.
        """
        with self.lock:
            theirs = bool(self.line) and not self.long_is_next
            self.long_is_next = theirs
            if theirs:
                turn = threading.Event()
                self.long_line.appendleft(Waiting(turn, looks))
                self.line.popleft().turn.set()
        if theirs:
            turn.wait()
        check_client(gone)

    def leave(self) -> None:
        """Give the place to the next in line, or back."""
        with self.lock:
            if self.waiting:
                self.hand_over()
            else:
                self.running -= 1

    def hand_over(self) -> None:
        """Give a place to the first in one of the lines; the lock is held, and somebody waits."""
        long = bool(self.long_line) and (self.long_is_next or not self.line)
        self.long_is_next = not long
        (self.long_line if long else self.line).popleft().turn.set()

    def wait_long(self, looks: int) -> threading.Event:
        """Stand at the end of the line of many looks, which takes one photo, and as many looks as may wait."""
        if (self.long_line or not self.queue) and looks + sum(waiting.looks for waiting in self.long_line) > self.queue:
            raise self.overloaded()
        return self.wait_in(self.long_line, looks)

    def wait_in(self, line: deque[Waiting], looks: int) -> threading.Event:
        """Stand at the end of a line; return what to wait for once the lock is free."""
        line.append(Waiting(threading.Event(), looks))
        return line[-1].turn

    def overloaded(self) -> ApiProblem:
        """Return what who finds no room is told."""
        return ApiProblem(
            "overloaded",
            f"{self.running + self.waiting} requests are being answered already; try again in {RETRY_AFTER_SECONDS} s.",
            {"Retry-After": str(RETRY_AFTER_SECONDS)},
        )


def check_client(gone: Callable[[], bool]) -> None:
    """Raise ApiProblem ``client_gone`` if the client has gone."""
    if gone():
        raise ApiProblem("client_gone", "The client closed the connection before its turn came.")
