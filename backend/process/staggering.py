"""Keeps threads that run inferences out of step, so that they do not come to Python's lock (GIL) together.

Between two inferences a request is mostly Python, which one thread runs at a time. Two threads that come to it together
hand the lock to and fro, are both late, and come together again after the next inference, which takes both equally
long. Where the second waits until the first is through with all of it, they are apart, and stay so.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

USUAL_SECONDS = 0.008  # that a photo of 640 px needs between two inferences at most, on a core that is shared

of_this_thread = threading.local()


class Stagger:
    """Lets half of the threads (rounded down, at least one) work between two inferences at once.

    With the place of the loop (cores.py) and the end of the turn (web/turn.py) that gave 5 % more photos a second at 2
    clients on 2 cores (fresh servers in turn).

    Args:
        concurrency: inferences at once.
    """

    def __init__(self, concurrency: int):
        self.free: SimpleQueue[None] = SimpleQueue()
        for _ in range(max(1, concurrency // 2)):
            self.free.put(None)
        self.taken = 0.0  # when the latest place was taken, as time.perf_counter

    @contextmanager
    def one(self) -> Iterator[None]:
        """Work while few others do; during an inference (see there) others may."""
        self.take()
        of_this_thread.stagger = self
        try:
            yield
        finally:
            of_this_thread.stagger = None
            self.give_back()

    def take(self) -> None:
        """Wait for a place, but no longer than others usually need: a large photo that is decoded holds nobody up."""
        try:
            self.free.get(timeout=max(0, self.taken + USUAL_SECONDS - time.perf_counter()))
        except Empty:
            of_this_thread.has_place = False
        else:
            of_this_thread.has_place = True
            self.taken = time.perf_counter()

    def give_back(self) -> None:
        """Give the place to who waits for it, if this thread has one."""
        if of_this_thread.has_place:
            of_this_thread.has_place = False
            self.free.put(None)


@contextmanager
def inference() -> Iterator[None]:
    """Run an inference: other threads may work in Python meanwhile. Without a stagger it does nothing."""
    stagger: Stagger | None = getattr(of_this_thread, "stagger", None)
    if stagger is None:
        yield
        return
    stagger.give_back()
    try:
        yield
    finally:
        stagger.take()
