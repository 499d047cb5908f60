"""Which core an inference runs on."""

import ctypes
import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CONTROL_GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")

sched_getcpu = getattr(ctypes.CDLL(None), "sched_getcpu", None)


def usable_cores() -> frozenset[int]:
    """Return the numbers of the cores that this process may use (taskset, a container's cpuset)."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def core_count(quota: float | None = None) -> int:
    """Return how many cores' worth of time this process may use: those it may run on, or its container's quota.

    Args:
        quota: cores; default: what the control group says.
    """
    quota = cpu_quota() if quota is None else quota
    return max(1, math.ceil(min(len(usable_cores()), quota)))


def cpu_quota(root: Path = CONTROL_GROUPS, groups: Path = OWN_GROUPS) -> float:
    """Return the cores' worth of time that the control groups allow (cpu.max, or cfs_quota_us of version 1).

    That is the least of the process's own group and those above it; infinity where they say nothing. In a container its
    own group is the root of what it sees.
    """
    quotas = [math.inf]
    for folder in group_folders(root, groups):
        for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
            with suppress(OSError, ValueError, ZeroDivisionError):  # not there, or "max"
                quota, period = " ".join((folder / name).read_text() for name in names).split()
                quotas.append(float(quota) / float(period))
    return min(quota for quota in quotas if quota > 0)  # -1 is none


def group_folders(root: Path, groups: Path) -> Iterator[Path]:
    """Yield the folders of the process's own control groups and of those above them, of both versions."""
    paths = [""]
    with suppress(OSError):
        for line in groups.read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0" or "cpu" in controllers.split(","):
                paths.append(path.lstrip("/"))
    for top in (root, root / "cpu", root / "cpu,cpuacct"):
        for path in dict.fromkeys(paths):
            own = top / path
            yield from (own, *own.parents[: len(own.relative_to(top).parts)])


class Cores:
    """Gives each of the inferences that run at once a core of its own.

    Linux often leaves two busy threads on one core while another idles for some milliseconds; keeping them apart gave
    5 % more photos a second at 2 clients, 7 to 9 % at 8 and 32 (2 cores, two servers measured in turn).

    It leaves all to Linux where fewer or more inferences than cores run at once: other processes are meant to use the
    cores too then, such as a replica for each core. So it does where a system has no affinity of threads.

    As soon as one ends beside others, the main thread, in which the server's loop runs, has the free cores only. Linux
    would leave it for up to 4 ms behind an inference on the core that it ran on last, while another core idles.

    Args:
        concurrency: inferences at once.
        others_wait: says whether a core that is given back is taken again at once; the main thread stays where it is
            then, since a loop with much to do would be moved to and fro.
    """

    def __init__(self, concurrency: int, others_wait: Callable[[], bool] = lambda: False):
        self.usable = usable_cores()
        self.apart = hasattr(os, "sched_setaffinity") and 1 < concurrency == len(self.usable)
        self.others_wait = others_wait
        self.free = set(self.usable)
        self.of_main_thread = self.usable
        self.lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Keep the calling thread on a core that no other inference has; at most ``concurrency`` callers at once."""
        if not self.apart:
            yield
            return
        core = self.take()
        keep_to({core})
        try:
            yield
        finally:
            keep_to(self.usable)
            self.give_back(core)

    def take(self) -> int:
        """Take a free core; best the one that the thread is on, which Linux chose with other processes in mind."""
        with self.lock:
            current = current_core()
            core = current if current in self.free else min(self.free)
            self.free.remove(core)
            if self.of_main_thread != self.usable:
                self.place_main_thread()
            return core

    def give_back(self, core: int) -> None:
        """Let others have a core."""
        with self.lock:
            self.free.add(core)
            if self.free == self.usable or not self.others_wait():
                self.place_main_thread()

    def allow_all(self) -> None:
        """Let the calling thread run on all cores: one that the main thread starts has only what is free just then."""
        if self.apart:
            keep_to(self.usable)

    def place_main_thread(self) -> None:
        """Let the main thread use the free cores only, if there are any."""
        cores = frozenset(self.free) or self.usable
        if cores != self.of_main_thread:
            self.of_main_thread = cores
            keep_to(cores, os.getpid())  # Linux numbers the main thread like the process


def current_core() -> int:
    """Return the core that the calling thread is on; -1 where the C library cannot tell."""
    return int(sched_getcpu()) if sched_getcpu else -1


def keep_to(cores: set[int] | frozenset[int], thread: int = 0) -> None:
    """Let a thread (by default the calling one) run on these cores only; where the system forbids it, anywhere."""
    with suppress(OSError):
        os.sched_setaffinity(thread, cores)
