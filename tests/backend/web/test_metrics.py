import threading

import pytest
from conftest import IMAGES
from prometheus_client.parser import text_string_to_metric_families

PHOTO = (IMAGES / "test_group.jpg").read_bytes()


@pytest.fixture
def values(client):
    """A function that reads /metrics: (name, labels) -> value."""

    def read():
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert answer.mimetype == "text/plain"
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return read


def post(client, data=PHOTO):
    return client.post("/api/", data=data, content_type="image/jpeg")


def test_series_are_there_before_the_first_request(values):
    found = values()
    assert found["facemask_faces_total", ("label", "face")] == 0
    assert found["facemask_problems_total", ("code", "overloaded")] == 0
    assert found["facemask_stage_seconds_count", ("stage", "inference")] == 0
    assert found["facemask_waiting",] == found["facemask_running",] == 0
    assert found["process_resident_memory_bytes",] > 0


def test_a_detection_is_counted(client, values):
    post(client)
    found = values()
    labels = (("method", "POST"), ("path", "/api/"), ("status", "200"))
    assert found[("facemask_requests_total", *labels)] == 1
    assert found["facemask_faces_total", ("label", "face")] == 2
    assert found["facemask_faces_total", ("label", "face_mask")] == 2
    for stage in ("queue", "read", "decode", "preprocess", "inference", "total"):
        assert found["facemask_stage_seconds_count", ("stage", stage)] == 1
    parts = sum(found["facemask_stage_seconds_sum", ("stage", stage)] for stage in ("queue", "read", "decode"))
    assert parts < found["facemask_stage_seconds_sum", ("stage", "total")]


def test_a_refusal_is_counted_by_its_code(client, values):
    post(client, b"x")
    found = values()
    assert found["facemask_problems_total", ("code", "unsupported_image")] == 1
    assert found["facemask_stage_seconds_count", ("stage", "total")] == 0


def test_the_queue_is_shown_as_it_is(client, app, values):
    admission = app.extensions["service"].admission
    admission.running = 2
    admission.line.append(threading.Event())
    found = values()
    assert (found["facemask_running",], found["facemask_waiting",]) == (2, 1)
    assert found["facemask_places", ("kind", "run")] == admission.concurrency


def test_strangers_paths_and_methods_make_no_series(client, values):
    for number in range(20):
        client.get(f"/nothing/{number}")
        client.open("/api/", method=f"M{number}")
    strangers = {key for key in values() if key[0] == "facemask_requests_total"}
    assert strangers == {
        ("facemask_requests_total", ("method", "GET"), ("path", "other"), ("status", "404")),
        ("facemask_requests_total", ("method", "other"), ("path", "other"), ("status", "405")),
    }


def test_openmetrics_for_who_asks(client):
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.mimetype == "application/openmetrics-text"
    assert answer.text.endswith("# EOF\n")


@pytest.mark.parametrize(
    "accept",
    [
        "text/plain; version=x",
        "application/openmetrics-text; version=",
        "text/plain; version=1.0.0; escaping=x",
        "," * 9000,
        "é",
    ],
)
def test_any_accept_is_answered(client, accept):
    answer = client.get("/metrics", headers={"Accept": accept.encode().decode("latin-1")})
    assert answer.status_code == 200
    assert "facemask_requests" in answer.text
