import os
import threading

import pytest

from backend.process import cores
from backend.process.cores import Cores, usable_cores

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity of threads")
FOUR = frozenset({0, 1, 2, 5})


@pytest.fixture
def kept(monkeypatch):
    """A machine of four cores; the cores that each call of keep_to was given."""
    calls = []
    monkeypatch.setattr(cores, "usable_cores", lambda: FOUR)
    monkeypatch.setattr(cores, "keep_to", lambda kept, thread=0: None if thread else calls.append(kept))
    return calls


def on_core(monkeypatch, number):
    monkeypatch.setattr(cores, "current_core", lambda: number)


def test_those_that_run_at_once_have_different_cores(kept, monkeypatch):
    on_core(monkeypatch, 2)
    shared = Cores(4)
    with shared.one(), shared.one(), shared.one(), shared.one():
        assert kept == [{2}, {0}, {1}, {5}]
    assert kept[4:] == [FOUR] * 4


@pytest.fixture
def given(monkeypatch):
    """A machine of four cores; those that the main thread was given, each time."""
    calls = []
    monkeypatch.setattr(cores, "usable_cores", lambda: FOUR)
    monkeypatch.setattr(cores, "keep_to", lambda kept, thread=0: calls.append(kept) if thread == os.getpid() else None)
    on_core(monkeypatch, 0)
    return calls


def test_the_main_thread_has_the_cores_that_become_free_and_all_while_none_is(given):
    shared = Cores(4)
    with shared.one():
        with shared.one(), shared.one(), shared.one():
            assert given == []
        assert given == [{5}, {2, 5}, {1, 2, 5}]
        with shared.one():
            assert given[3:] == [{2, 5}]
            with shared.one(), shared.one():
                assert given[4:] == [{5}, FOUR]
    assert given[6:] == [{5}, {2, 5}, {1, 2, 5}, FOUR]


def test_the_main_thread_is_not_moved_while_others_wait_for_a_core(given):
    waiting = [1]
    shared = Cores(4, lambda: bool(waiting))
    with shared.one(), shared.one(), shared.one(), shared.one():
        pass
    assert given == []
    with shared.one(), shared.one():
        waiting.clear()
    assert given == [{1, 2, 5}, FOUR]
    with shared.one():
        with shared.one():
            pass
        waiting.append(1)
    assert given[2:] == [{1, 2, 5}, FOUR]  # whoever waited may have gone: with all cores free, it has all


def test_a_thread_of_the_main_threads_may_have_all_cores_again(kept, monkeypatch):
    shared = Cores(4)
    shared.allow_all()
    assert kept == [FOUR]
    Cores(3).allow_all()
    assert kept == [FOUR]


def test_a_core_is_free_again_also_after_an_error(kept, monkeypatch):
    on_core(monkeypatch, 5)
    shared = Cores(4)
    for _ in range(5):
        with pytest.raises(ValueError, match="bad photo"), shared.one():
            raise ValueError("bad photo")
    assert kept == [{5}, FOUR] * 5


def test_where_the_c_library_cannot_tell_the_core_any_free_one_is_taken(kept, monkeypatch):
    monkeypatch.setattr(cores, "sched_getcpu", None)
    with Cores(4).one():
        assert kept == [{0}]


@pytest.mark.parametrize("concurrency", [1, 3, 5, 256])
def test_with_fewer_or_more_inferences_than_cores_linux_decides(kept, concurrency):
    with Cores(concurrency).one():
        assert kept == []


def test_one_core_has_nothing_to_be_kept_apart(kept, monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: frozenset({3}))
    with Cores(1).one():
        assert kept == []


def test_a_system_that_forbids_it_changes_nothing(monkeypatch):
    def forbid(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(cores, "usable_cores", lambda: FOUR)
    monkeypatch.setattr(os, "sched_setaffinity", forbid)
    with Cores(4).one():
        pass


def test_real_threads_are_kept_to_one_core_and_let_go():
    before, seen = usable_cores(), []

    def run(shared):
        with shared.one():
            seen.append(usable_cores())
        seen.append(usable_cores())

    thread = threading.Thread(target=run, args=[Cores(len(before))])
    thread.start()
    thread.join()
    assert len(seen[0]) == 1
    assert seen[0] <= before
    assert seen[1] == before
    assert usable_cores() == before


@pytest.mark.skipif(len(usable_cores()) < 2, reason="one core")
def test_the_real_main_thread_leaves_the_core_of_an_inference():
    shared, inside, go = Cores(len(usable_cores())), threading.Event(), threading.Event()

    def run():
        with shared.one():
            inside.set()
            go.wait(10)

    before = usable_cores()
    thread = threading.Thread(target=run)
    thread.start()
    assert inside.wait(10)
    for _ in range(2):
        with shared.one():  # this thread is the main one
            pass
        assert usable_cores() == shared.free
        assert len(shared.free) == len(before) - 1
    go.set()
    thread.join()
    assert usable_cores() == before


@pytest.mark.parametrize(("quota", "count"), [(0.5, 1), (1.0, 1), (1.5, 2), (3.0, 3), (99.0, 4), (float("inf"), 4)])
def test_a_containers_quota_counts(kept, quota, count):
    assert cores.core_count(quota) == count


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "50000 100000"}, 0.5),
        ({"cpu.max": "max 100000"}, float("inf")),
        ({"cpu.max": "max 100000", "docker/a/cpu.max": "150000 100000"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2.0),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, float("inf")),
        ({"cpu.max": "200000 100000", "docker/cpu.max": "50000 100000", "docker/a/cpu.max": "max 100000"}, 0.5),
        ({"docker/cpu.max": "50000 100000"}, 0.5),
        ({"cpu/docker/a/cpu.cfs_quota_us": "50000", "cpu/docker/a/cpu.cfs_period_us": "100000"}, 0.5),
        ({"cpu,cpuacct/cpu.cfs_quota_us": "50000", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, 0.5),
        ({"cpu.max": f"{10**400} 100000"}, float("inf")),
        ({"cpu.max": "nonsense"}, float("inf")),
        ({}, float("inf")),
    ],
)
def test_what_the_control_group_says(tmp_path, files, quota):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    groups = tmp_path / "groups"
    groups.write_text("4:cpu,cpuacct:/docker/a\n0::/docker/a\n")
    assert cores.cpu_quota(tmp_path, groups) == quota
