"""One request's turn: a place to run and a core of its own, both given up while it waits between two looks."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType

from backend.process.cores import Cores
from backend.process.staggering import Stagger
from backend.web.admission import Admission


class Turn:
    """A context in which a request may run; raises as Admission.admitted does.

    Args:
        admission, cores, stagger: those of the service.
        gone: says whether the client has gone.
        looks: that the request is known to take before it is read.
    """

    def __init__(self, admission: Admission, cores: Cores, stagger: Stagger, gone: Callable[[], bool], looks: int = 1):
        self.admission, self.cores, self.stagger, self.gone = admission, cores, stagger, gone
        self.place, self.core = ExitStack(), ExitStack()
        self.looks = looks

    def __enter__(self) -> "Turn":
        self.place.enter_context(self.admission.admitted(self.gone, self.looks))
        try:
            self.take_a_core()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        """Give the core and the place to run to others; a second time it does nothing."""
        self.core.close()
        self.place.close()

    def takes(self, looks: int) -> None:
        """Say how many looks the photo takes; with several, wait in their line. Raises as Admission does."""
        has_waited, self.looks = self.looks > 1, looks
        if looks > 1 and not has_waited:
            self.give_up_the_core(lambda: self.admission.wait_with_looks(looks, self.gone))

    def between(self) -> None:
        """Let others in between two looks."""
        self.looks -= 1
        self.give_up_the_core(lambda: self.admission.let_others_in(self.looks, self.gone))

    def end_if_others_wait(self) -> None:
        """Give all up as soon as the faces are found; where nobody waits, the answer is built out of step, too.

        To end always here cost 3 % at 2 clients on 2 cores, never to do so 5 % at 64 (fresh servers in turn).
        """
        if self.admission.waiting or not self.admission.queue:  # without a queue, who comes now would be refused
            self.end()

    def give_up_the_core(self, wait: Callable[[], None]) -> None:
        """Wait without keeping a core."""
        self.core.close()
        wait()
        self.take_a_core()

    def take_a_core(self) -> None:
        """Run on a core of its own, and out of step with the others."""
        self.core.enter_context(self.cores.one())
        self.core.enter_context(self.stagger.one())
