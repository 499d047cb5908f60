import math

import pytest

from scripts.benchmarking.clients import Measured
from scripts.benchmarking.summary import Cell, Samples, goals, in_inferences, median, ratio, table

FEW = [Cell("ours", kind, "640 px", clients) for kind, clients in (("raw", 1), ("raw", 2), ("json", 2), ("raw", 32))]
LARGE = Cell("ours", "raw", "12 Mpx", 1)


@pytest.fixture
def samples():
    """Two rounds, the second on a machine of half the speed."""
    found = Samples()
    for slower in (1, 2):
        for name in ("one core", "all cores"):
            found.raw[name].append(Measured(1.0, [0.010 * slower] * 10))
        for cell, latency in zip([*FEW, LARGE], (0.012, 0.020, 0.025, 0.3, 0.030), strict=True):
            found.cells[cell].append(Measured(1.0, [latency * slower] * round(80 / slower)))
            found.beside[cell].append(100 / slower)
            found.beside_one[cell].append(0.010 * slower)
    return found


def test_each_round_is_compared_with_raw_inference_of_its_own(samples):
    assert ratio(samples, FEW[1]) == pytest.approx(0.8)
    assert in_inferences(samples, LARGE) == pytest.approx(3.0)


def test_the_goals(samples):
    reached = goals(samples, "ours")
    assert reached["overhead of one request, of an inference"] == pytest.approx(0.2)
    assert reached["12 Mpx photo, in inferences"] == pytest.approx(3.0)
    assert reached["32 clients to 2"] == pytest.approx(1.0)
    assert reached["raw inference, one core (ms)"] == pytest.approx(15.0)


def test_nothing_measured_is_no_number():
    assert math.isnan(median([]))
    assert math.isnan(ratio(Samples(), LARGE))


def test_a_table_leaves_what_is_not_known_empty():
    assert table([{"a": 1, "b": None}]).splitlines() == ["| a | b |", "| --- | --- |", "| 1 |  |"]
