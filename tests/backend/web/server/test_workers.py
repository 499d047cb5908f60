import gc
import sys
import threading
import time
import weakref
from concurrent.futures import CancelledError

import pytest

from backend.web.server.workers import Workers

SECONDS = 10  # what is right takes a moment


class Body:
    """Something whose end can be watched."""


@pytest.fixture
def two():
    workers = Workers(2)
    yield workers
    workers.shutdown(wait=False)


def busy(workers):
    """Occupy one thread; return its name, what lets it go, and the future."""
    begun, go, names = threading.Event(), threading.Event(), []

    def work():
        names.append(threading.current_thread().name)
        begun.set()
        assert go.wait(3 * SECONDS)

    future = workers.submit(work)
    assert begun.wait(SECONDS)
    return names[0], go, future


def until(condition):
    """Wait until a condition holds: a future is done a moment before its thread is idle."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def beside(call):
    """Make a call in a thread of its own; return the thread."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def test_a_call_s_result_and_exception_reach_who_waits(two):
    assert two.submit(divmod, 7, 2).result(SECONDS) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        two.submit(divmod, 7, 0).result(SECONDS)
    assert two.submit(sorted, "ba", reverse=True).result(SECONDS) == ["b", "a"]


def test_not_even_sys_exit_ends_a_thread(two):
    with pytest.raises(SystemExit):
        two.submit(sys.exit, 3).result(SECONDS)
    until(lambda: two.idle)
    assert two.submit(int).result(SECONDS) == 0
    assert len(two.threads) == 1


def test_the_thread_that_worked_last_takes_the_next_task(two):
    first, let_first_go, first_done = busy(two)
    second, let_second_go, second_done = busy(two)
    let_second_go.set()
    second_done.result(SECONDS)
    until(lambda: len(two.idle) == 1)
    let_first_go.set()
    first_done.result(SECONDS)
    until(lambda: len(two.idle) == 2)
    assert first != second
    names = []
    for _ in range(3):
        names.append(two.submit(lambda: threading.current_thread().name).result(SECONDS))
        until(lambda: len(two.idle) == 2)
    assert names == [first] * 3


def test_more_threads_than_allowed_are_not_started_and_calls_begin_in_their_order(two):
    (_, go, _), (_, go_too, _) = busy(two), busy(two)
    order = []
    futures = [two.submit(order.append, number) for number in range(20)]
    assert len(two.threads) == 2
    go.set()
    for future in futures:
        future.result(SECONDS)
    assert order == list(range(20))
    go_too.set()


def test_no_thread_is_started_while_one_is_idle(two):
    for _ in range(5):
        two.submit(int).result(SECONDS)
        until(lambda: two.idle)
    assert len(two.threads) == 1


def no_thread(monkeypatch):
    """Let the system have no thread to start, as where a limit is reached."""

    def start(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)


def test_where_the_system_starts_no_thread_those_that_are_there_do_the_work(two, monkeypatch):
    _, go, _ = busy(two)
    with monkeypatch.context() as limited:
        no_thread(limited)
        waits = two.submit(int, "5")
    assert not waits.done()
    (_, go_too, _) = busy(two)  # the limit is gone
    assert len(two.threads) == 2
    go.set()
    assert waits.result(SECONDS) == 5
    go_too.set()


def test_where_the_system_starts_no_thread_at_all_it_is_said_and_later_all_is_well(two, monkeypatch):
    with monkeypatch.context() as limited:
        no_thread(limited)
        with pytest.raises(RuntimeError, match="new thread"):
            two.submit(int)
    assert two.submit(int).result(SECONDS) == 0


@pytest.mark.parametrize("call", [lambda held: None, lambda held: held.missing])
def test_an_idle_thread_keeps_nothing_of_its_last_task_alive(two, call):
    body = Body()
    gone = weakref.ref(body)
    gc.disable()  # which would end a circle of task, future and exception
    try:
        two.submit(call, body).exception(SECONDS)
        del body
        until(lambda: gone() is None)
    finally:
        gc.enable()


def test_a_call_that_is_cancelled_before_it_begins_is_not_made(two):
    (_, go, _), (_, go_too, _) = busy(two), busy(two)
    made = []
    future = two.submit(made.append, 1)
    assert future.cancel()
    go.set()
    go_too.set()
    two.submit(int).result(SECONDS)
    assert made == []


def test_shutting_down_waits_for_what_was_submitted_and_ends_the_threads():
    workers = Workers(2)
    (_, go, _), (_, go_too, _) = busy(workers), busy(workers)
    done = workers.submit(int, "5")
    ending = beside(workers.shutdown)
    until(lambda: workers.closed)
    with pytest.raises(RuntimeError, match="shut down"):
        workers.submit(int)
    go.set()
    assert done.result(SECONDS) == 5
    ending.join(0.1)
    assert ending.is_alive()  # one thread is still at work
    go_too.set()
    ending.join(SECONDS)
    assert not ending.is_alive()
    assert not any(thread.is_alive() for thread in workers.threads)


def test_shutting_down_ends_idle_threads():
    workers = Workers(3)
    gos = [busy(workers)[1] for _ in range(3)]
    for go in gos:
        go.set()
    until(lambda: len(workers.idle) == 3)
    ending = beside(workers.shutdown)
    ending.join(SECONDS)
    assert not any(thread.is_alive() for thread in workers.threads)


def test_shutting_down_without_waiting_returns_at_once():
    workers = Workers(1)
    _, go, running = busy(workers)
    ending = beside(lambda: workers.shutdown(wait=False))
    ending.join(SECONDS)
    assert not ending.is_alive()
    assert not running.done()
    go.set()
    until(lambda: not workers.threads[0].is_alive())


def test_shutting_down_can_cancel_what_has_not_begun():
    workers = Workers(1)
    _, go, running = busy(workers)
    waiting, told = workers.submit(int), []
    waiting.add_done_callback(lambda _: told.append(workers.lock.locked()))
    beside(lambda: workers.shutdown(wait=False, cancel_futures=True)).join(SECONDS)
    with pytest.raises(CancelledError):
        waiting.result(SECONDS)
    assert told == [False]
    go.set()
    assert running.result(SECONDS) is None


def test_nothing_is_lost_where_many_threads_submit_at_once():
    workers, results = Workers(3), []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:

        def ask(first):
            futures = [workers.submit(abs, -number) for number in range(first, first + 500)]
            results.extend(future.result(SECONDS) for future in futures)

        callers = [beside(lambda first=500 * number: ask(first)) for number in range(6)]
        for caller in callers:
            caller.join(3 * SECONDS)
    finally:
        sys.setswitchinterval(interval)
    assert sorted(results) == list(range(3000))
    workers.shutdown()
