import threading
import time

import pytest

from backend.process.cores import Cores
from backend.process.staggering import Stagger
from backend.web.admission import Admission
from backend.web.problems import ApiProblem
from backend.web.turn import Turn


def test_a_turn_keeps_a_place_and_a_core_and_gives_both_back():
    admission, cores, stagger = Admission(concurrency=1, queue=1), Cores(1), Stagger(1)
    free = set(cores.free)
    with Turn(admission, cores, stagger, lambda: False) as turn:
        assert (admission.running, stagger.free.qsize()) == (1, 0)
        turn.takes(3)
        turn.between()
        turn.between()
        assert turn.looks == 1
    assert (admission.running, cores.free, stagger.free.qsize()) == (0, free, 1)


def test_it_ends_early_only_where_others_wait():
    admission, stagger, others = Admission(concurrency=1, queue=1), Stagger(1), []
    with Turn(admission, Cores(1), stagger, lambda: False) as turn:
        turn.end_if_others_wait()
        assert (admission.running, stagger.free.qsize()) == (1, 0)
        other = threading.Thread(target=lambda: others.append(admission.enter(1)))
        other.start()
        while not admission.waiting:
            time.sleep(0.001)
        turn.end_if_others_wait()
        other.join(10)
        assert (len(others), stagger.free.qsize()) == (1, 1)
    assert admission.running == 1  # the other's
    assert stagger.free.qsize() == 1


def test_without_a_queue_it_always_ends_early():
    admission = Admission(concurrency=1, queue=0)
    with Turn(admission, Cores(1), Stagger(1), lambda: False) as turn:
        turn.end_if_others_wait()
        assert admission.running == 0


def test_where_no_core_can_be_taken_its_place_is_given_back(monkeypatch):
    admission, cores = Admission(concurrency=1, queue=1), Cores(1)

    def fail():
        raise MemoryError

    monkeypatch.setattr(cores, "one", fail)
    with pytest.raises(MemoryError), Turn(admission, cores, Stagger(1), lambda: False):
        pass
    assert admission.running == 0


def test_a_client_that_goes_between_two_looks_costs_no_more():
    admission, gone = Admission(concurrency=1, queue=1), threading.Event()
    turn = Turn(admission, Cores(1), Stagger(1), gone.is_set)
    with pytest.raises(ApiProblem, match="closed the connection"), turn:
        turn.takes(3)
        gone.set()
        turn.between()
    assert admission.running == 0
