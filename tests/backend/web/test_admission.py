import itertools
import threading
import time

import pytest

from backend.web.admission import Admission, Waiting
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


def start(visit, *arguments):
    thread = threading.Thread(target=visit, args=arguments)
    thread.start()
    return thread


def look_often(admission, looks, ran, name, gone=lambda: False):
    """Visit as a photo of several looks does."""
    with admission.admitted():
        admission.wait_with_looks(looks, gone)
        for left in range(looks, 0, -1):
            if left < looks:
                admission.let_others_in(left, gone)
            ran.append(name)


def look_once(admission, ran, name):
    with admission.admitted():
        ran.append(name)


def test_one_look_and_many_get_half_of_the_looks_each():
    admission, ran, threads = Admission(concurrency=1, queue=40), [], []
    with admission.admitted():
        for number in range(3):
            threads.append(start(look_often, admission, 5, ran, f"long {number}"))
            wait_for(lambda: admission.waiting == len(threads))
        for number in range(8):
            threads.append(start(look_once, admission, ran, f"short {number}"))
            wait_for(lambda: admission.waiting == len(threads))
    for thread in threads:
        thread.join(10)
    shorts = [index for index, name in enumerate(ran) if name.startswith("short")]
    assert [name for name in ran if name.startswith("short")] == [f"short {number}" for number in range(8)]
    assert all(later - earlier <= 2 for earlier, later in itertools.pairwise(shorts))
    # in their line the first goes on where it was interrupted, so that no more photos than places lie decoded
    assert [name for name in ran if name.startswith("long")] == [f"long {n}" for n in range(3) for _ in range(5)]
    assert (admission.running, admission.waiting) == (0, 0)


def test_alone_a_photo_of_many_looks_waits_for_nobody():
    admission, ran = Admission(concurrency=1, queue=0), []
    look_often(admission, 5, ran, "long")
    assert (len(ran), admission.running) == (5, 0)


def test_many_looks_fill_their_own_line_only():
    admission, ran, threads = Admission(concurrency=1, queue=10), [], []
    admission.long_line.extend([Waiting(threading.Event(), 5)] * 2)
    with pytest.raises(ApiProblem) as error, admission.admitted():
        admission.wait_with_looks(5, lambda: False)
    assert error.value.code == "overloaded"
    admission.long_line.clear()
    admission.running = 0  # the place went to one of those
    with admission.admitted():
        for _ in range(10):  # of one look there is room for as many as ever
            threads.append(start(look_once, admission, ran, "short"))
            wait_for(lambda: admission.waiting == len(threads))
    for thread in threads:
        thread.join(10)
    assert len(ran) == 10


def test_who_goes_between_two_looks_gives_the_place_on():
    admission, ran = Admission(concurrency=1, queue=1), []
    with pytest.raises(ApiProblem) as error:
        look_often(admission, 5, ran, "long", gone=lambda: len(ran) == 2)
    assert error.value.code == "client_gone"
    assert (len(ran), admission.running) == (2, 0)
