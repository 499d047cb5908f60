import json
import logging

import pytest
import servers
from conftest import IMAGES

from backend.process.log_output import formatter
from backend.web.request_log import choose_id

PHOTO = (IMAGES / "test_group.jpg").read_bytes()


def lines(caplog):
    return [record for record in caplog.records if record.name == "request"]


@pytest.fixture(autouse=True)
def at_info(caplog):
    caplog.set_level(logging.INFO)


@pytest.mark.parametrize("given", ["abc", "0" * 128, "6a1e-4f/x=1+2.~:_"])
def test_a_harmless_id_is_taken(client, given):
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", [None, "", "0" * 129, "two words", "a\tb", 'a"b', "<script>", "é"])
def test_any_other_is_replaced_by_a_new_one(given):
    chosen = choose_id(given)
    assert chosen != given
    assert len(chosen) == 32
    assert chosen != choose_id(given)


def test_the_id_stands_in_the_problem_and_in_the_log(client, caplog):
    answer = client.post("/api/", data=b"x", content_type="image/png", headers={"X-Request-ID": "find-me"})
    assert answer.get_json()["request_id"] == answer.headers["X-Request-ID"] == "find-me"
    (line,) = lines(caplog)
    assert line.request_id == "find-me"
    assert "find-me" in line.getMessage()


def test_one_line_a_request_says_what_happened(client, caplog):
    client.post("/api/", data=PHOTO, content_type="image/jpeg")
    client.get("/nothing")
    found, missing = lines(caplog)
    assert (found.method, found.path, found.status, found.faces) == ("POST", "/api/", 200, 4)
    assert found.milliseconds > 0
    assert "POST /api/ 200" in found.getMessage()
    assert "4 faces" in found.getMessage()
    assert (missing.status, missing.code) == (404, "not_found")


@pytest.mark.parametrize("path", ["/a%0a2026 INFO request: POST /api/ 200", "/%1b[31m", "/" + "x" * 5000])
def test_nobody_writes_lines_of_his_own(client, caplog, path):
    client.get(path)
    (line,) = lines(caplog)
    assert line.getMessage().isprintable()
    assert len(line.getMessage()) < 300


def test_what_is_no_http_has_its_line_too():
    with servers.api() as (url, process):
        servers.send(url, b"GET /x HTTP/1.1\r\nX-Request-ID: mine\r\nbad header\r\n\r\n")
        servers.send(url, b"GARBAGE\r\n\r\n")
        process.terminate()
        process.wait(20)
        log = process.stdout.read()
    assert log.count(" 400, ") == 2
    assert log.count("bad_request") == 2


def test_what_decoders_print_is_not_in_the_log():
    jpeg = PHOTO[: len(PHOTO) // 2] + PHOTO[-2:]  # libjpeg complains
    head = f"POST /api/ HTTP/1.0\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    with servers.api() as (url, process):
        servers.send(url, head.encode() + jpeg)
        process.terminate()
        process.wait(20)
        log = process.stdout.read()
    assert all(" INFO request: " in line for line in log.splitlines())
    assert log.count("POST /api/") == 1


def test_json_lines():
    with servers.api(LOG_FORMAT="json") as (url, process):
        servers.send(url, b"GET /nothing HTTP/1.1\r\nX-Request-ID: mine\r\nConnection: close\r\n\r\n")
        process.terminate()
        process.wait(20)
        entries = [json.loads(line) for line in process.stdout.read().splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(entry) for entry in entries)
    (entry,) = [entry for entry in entries if entry.get("request_id") == "mine"]
    assert (entry["method"], entry["path"], entry["status"], entry["code"]) == ("GET", "/nothing", 404, "not_found")


def test_an_exception_is_one_json_line():
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("name", logging.ERROR, "path", 1, "unhandled error", None, info)
    line = formatter("json").format(record)
    assert "\n" not in line
    assert "by zero" in json.loads(line)["exc_info"]
