import threading
import weakref
from concurrent.futures import CancelledError

import pytest

from backend.web.server.workers import Workers


@pytest.fixture
def two():
    with Workers(2) as workers:
        yield workers


def busy(workers):
    """Occupy one thread; return its name and what lets it go."""
    begun, go = threading.Event(), threading.Event()
    names = []

    def work():
        names.append(threading.current_thread().name)
        begun.set()
        go.wait(10)

    future = workers.submit(work)
    assert begun.wait(10)
    return names[0], go, future


def until_idle(workers, count):
    """Wait until so many threads are idle: a future is done a moment before its thread is."""
    while len(workers.idle) < count:
        threading.Event().wait(0.001)


def test_a_call_s_result_and_exception_reach_who_waits(two):
    assert two.submit(divmod, 7, 2).result() == (3, 1)
    with pytest.raises(ZeroDivisionError):
        two.submit(divmod, 7, 0).result()
    assert two.submit(sorted, "ba", reverse=True).result() == ["b", "a"]


def test_the_thread_that_worked_last_takes_the_next_task(two):
    first, let_first_go, first_done = busy(two)
    second, let_second_go, second_done = busy(two)
    let_second_go.set()
    second_done.result()
    until_idle(two, 1)
    let_first_go.set()
    first_done.result()
    until_idle(two, 2)
    assert first != second
    names = []
    for _ in range(3):
        names.append(two.submit(lambda: threading.current_thread().name).result())
        until_idle(two, 2)
    assert names == [first] * 3


def test_more_threads_than_allowed_are_not_started_and_calls_begin_in_their_order(two):
    (_, go, _), (_, go_too, _) = busy(two), busy(two)
    order = []
    futures = [two.submit(order.append, number) for number in range(20)]
    assert len(two.threads) == 2
    go.set()
    for future in futures:
        future.result()
    assert order == list(range(20))
    go_too.set()


def test_no_thread_is_started_while_one_is_idle(two):
    for _ in range(5):
        two.submit(int).result()
        until_idle(two, 1)
    assert len(two.threads) == 1


def test_an_idle_thread_keeps_nothing_of_its_last_task_alive(two):
    class Body:
        pass

    body = Body()
    gone = weakref.ref(body)
    two.submit(lambda held: None, body).result()
    del body
    until_idle(two, 1)
    assert gone() is None


def test_a_call_that_is_cancelled_before_it_begins_is_not_made(two):
    (_, go, _), (_, go_too, _) = busy(two), busy(two)
    made = []
    future = two.submit(made.append, 1)
    assert future.cancel()
    go.set()
    go_too.set()
    two.submit(int).result()
    assert made == []


def test_shutting_down_does_what_was_submitted_and_ends_the_threads():
    workers = Workers(1)
    _, go, _ = busy(workers)
    done = workers.submit(int, "5")
    workers.shutdown(wait=False)
    go.set()
    assert done.result() == 5
    workers.shutdown()
    assert not any(thread.is_alive() for thread in workers.threads)
    with pytest.raises(RuntimeError, match="shut down"):
        workers.submit(int)


def test_shutting_down_can_cancel_what_has_not_begun():
    workers = Workers(1)
    _, go, running = busy(workers)
    waiting = workers.submit(int)
    workers.shutdown(wait=False, cancel_futures=True)
    with pytest.raises(CancelledError):
        waiting.result()
    go.set()
    assert running.result() is None
    workers.shutdown()


def test_many_threads_submit_at_once(two):
    results = []

    def ask(number):
        results.append(two.submit(abs, -number).result())

    callers = [threading.Thread(target=ask, args=(number,)) for number in range(50)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(results) == list(range(50))
