import threading

import pytest

from backend.process import staggering
from backend.process.staggering import Stagger, inference

SECONDS = 10


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr(staggering, "USUAL_SECONDS", SECONDS)


class Other:
    """A thread that wants a place, and keeps it until it is told to go."""

    def __init__(self, stagger):
        self.stagger, self.came, self.go = stagger, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with self.stagger.one():
            self.came.set()
            self.go.wait(SECONDS)

    def end(self):
        self.go.set()
        self.thread.join(SECONDS)


def test_the_second_thread_waits_until_the_first_is_through():
    stagger = Stagger(2)
    with stagger.one():
        other = Other(stagger)
        assert not other.came.wait(0.1)
    assert other.came.wait(SECONDS)
    other.end()
    assert stagger.free.qsize() == 1


def test_it_works_while_the_first_runs_an_inference_and_is_through_before_that_one_goes_on():
    stagger, order = Stagger(2), []
    with stagger.one():
        other = Other(stagger)
        with inference():
            assert other.came.wait(SECONDS)
            threading.Timer(0.1, lambda: (order.append("other ends"), other.go.set())).start()
        order.append("first goes on")
    other.end()
    assert order == ["other ends", "first goes on"]


def test_of_four_threads_two_work_at_once():
    stagger = Stagger(4)
    with stagger.one():
        second = Other(stagger)
        assert second.came.wait(SECONDS)
        third = Other(stagger)
        assert not third.came.wait(0.1)
        second.end()
        assert third.came.wait(SECONDS)
        third.end()
    assert stagger.free.qsize() == 2


def test_who_takes_unusually_long_holds_nobody_up_and_places_do_not_multiply(monkeypatch):
    monkeypatch.setattr(staggering, "USUAL_SECONDS", 0)
    stagger = Stagger(2)
    with stagger.one():
        others = [Other(stagger) for _ in range(3)]
        assert all(other.came.wait(SECONDS) for other in others)
        for other in others:
            other.end()
    assert stagger.free.qsize() == 1


def test_one_alone_waits_for_nobody():
    stagger = Stagger(1)
    with stagger.one(), inference():
        assert stagger.free.qsize() == 1
    assert stagger.free.qsize() == 1


def test_an_error_gives_the_place_back():
    stagger = Stagger(2)
    with pytest.raises(ValueError, match="bad photo"), stagger.one(), inference():
        raise ValueError("bad photo")
    assert stagger.free.qsize() == 1


def test_where_no_place_can_be_taken_back_none_is_made(monkeypatch):
    stagger = Stagger(2)

    def fail():
        raise MemoryError

    with pytest.raises(MemoryError), stagger.one(), inference():
        monkeypatch.setattr(stagger, "take", fail)
    assert stagger.free.qsize() == 1


def test_without_a_stagger_an_inference_just_runs():
    with inference():
        pass
