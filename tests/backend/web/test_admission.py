import threading
import time

import pytest

from backend.web.admission import Admission
from backend.web.problems import ApiProblem


def occupy(admission, count):
    """Let ``count`` threads enter and stay; return (number inside now, function that lets them go)."""
    inside, release, threads = [], threading.Event(), []

    def visit():
        with admission.admitted():
            inside.append(1)
            release.wait(10)

    for _ in range(count):
        threads.append(threading.Thread(target=visit))
        threads[-1].start()

    def leave():
        release.set()
        for thread in threads:
            thread.join(10)

    return inside, leave


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_no_more_run_than_allowed_and_the_rest_wait_their_turn():
    admission = Admission(concurrency=2, queue=3)
    inside, leave = occupy(admission, 5)
    wait_for(lambda: len(inside) == 2)
    time.sleep(0.05)
    assert len(inside) == 2
    leave()
    assert len(inside) == 5


def test_one_too_many_is_turned_away_at_once_and_told_when_to_return():
    admission = Admission(concurrency=1, queue=1)
    inside, leave = occupy(admission, 2)
    wait_for(lambda: admission.waiting == 1)
    with pytest.raises(ApiProblem) as error, admission.admitted():
        pytest.fail("let in")
    assert (error.value.code, error.value.status) == ("overloaded", 503)
    assert error.value.headers["Retry-After"].isdigit()
    leave()
    with admission.admitted():
        assert len(inside) == 2


def test_an_error_inside_gives_the_place_back():
    admission = Admission(concurrency=1, queue=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), admission.admitted():
            raise ZeroDivisionError


def test_who_waits_is_let_in_in_the_order_of_arrival():
    admission, order, threads = Admission(concurrency=1, queue=20), [], []

    def visit(number):
        with admission.admitted():
            order.append(number)

    with admission.admitted():
        for number in range(20):
            threads.append(threading.Thread(target=visit, args=[number]))
            threads[-1].start()
            wait_for(lambda: admission.waiting == len(threads))
    for thread in threads:
        thread.join(10)
    assert order == list(range(20))
    assert (admission.running, admission.waiting) == (0, 0)


def test_who_has_gone_costs_nothing_and_gives_the_place_on():
    admission = Admission(concurrency=1, queue=1)
    with pytest.raises(ApiProblem) as error, admission.admitted(gone=lambda: True):
        pytest.fail("let in")
    assert error.value.code == "client_gone"
    assert admission.running == 0
