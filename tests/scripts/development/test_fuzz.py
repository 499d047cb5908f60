"""Mutated photos and requests in process, and what the script's own checks notice."""

import json

import pytest
from conftest import CORES
from hypothesis import HealthCheck, given, settings

from app import create_app
from backend import PicoDetector
from backend.settings import Settings
from scripts.development.fuzz import MEDIA_TYPE, SEEDS, WrongAnswer, check_answer, declared_png, report, requests
from scripts.development.fuzz import Outcome as FuzzOutcome

client = create_app(Settings(max_concurrency=CORES), PicoDetector(warm_up=False)).test_client()


@settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(requests())
def test_nothing_that_is_sent_makes_it_fail(request):
    answer = client.post(f"/api/{request.query}", data=request.body, content_type=request.content_type)
    check_answer(answer.status_code, answer.content_type, answer.data)


def test_the_seeds_reach_the_model():
    answered = [client.post("/api/", data=seed, content_type="image/jpeg").status_code for seed in SEEDS]
    assert answered.count(200) == len(SEEDS) - 3
    assert client.post("/api/", data=declared_png(30_000, 30_000), content_type="image/png").status_code == 413


PROBLEM = {"status": 400, "code": "invalid_json"}


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (500, MEDIA_TYPE, {"status": 500, "code": "internal_error"}),
        (400, "text/html", PROBLEM),
        (415, MEDIA_TYPE, PROBLEM),
        (200, "application/json", {"image": {"width": 5, "height": 5}, "results": [{"box": [0, 0, 6, 5]}]}),
    ],
)
def test_a_wrong_answer_is_noticed(status, kind, body):
    with pytest.raises(WrongAnswer):
        check_answer(status, kind, json.dumps(body).encode())


def test_growing_memory_is_noticed(capsys):
    steady = FuzzOutcome(memory=[100] * 50)
    growing = FuzzOutcome(memory=list(range(100, 200)))
    assert (report(steady), report(growing)) == (0, 1)
    assert "grew" in capsys.readouterr().err
