"""Clients that would hold what others need, over real connections."""

import contextlib
import json
import re
import signal
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import servers
from conftest import IMAGES

PHOTO = (IMAGES / "test_mask.jpg").read_bytes()
POST = b"POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
GET = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def url():
    with servers.api(MAX_BODY_BYTES=2**20, MAX_BODIES_BYTES=2**21, MAX_CONCURRENCY=1, MAX_QUEUE=1) as (url, _):
        yield url


def is_served(url):
    """A photo is answered, and so is a look at the service's health, while the attack goes on."""
    request = urllib.request.Request(f"{url}/api/", PHOTO, {"Content-Type": "image/jpeg"})
    with urllib.request.urlopen(request, timeout=20) as answer, urllib.request.urlopen(f"{url}/healthz") as health:
        return bool(json.load(answer)["results"]) and health.status == 200


@contextlib.contextmanager
def connections(url, count):
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(servers.connect(url)) for _ in range(count)]
        for connection in opened:
            connection.setblocking(False)
        yield opened


def push(connection, data):
    """Send as much as goes without waiting."""
    with contextlib.suppress(BlockingIOError, ConnectionError):
        connection.sendall(data)


def test_pipelined_requests_of_clients_that_never_read_hold_no_thread(url):
    with connections(url, 60) as opened:
        for connection in opened:
            push(connection, GET * 400)
        time.sleep(0.5)
        assert is_served(url)


def test_a_few_pipelined_requests_are_answered_in_their_order(url):
    with servers.connect(url) as connection:
        connection.sendall(GET.replace(b"openapi.json", b"healthz") * 9 + b"GET /nowhere HTTP/1.0\r\n\r\n")
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200 OK") == 9
    assert answers.rindex(b"HTTP/1.1 404") > answers.rindex(b"HTTP/1.1 200")


HEALTH = GET.replace(b"openapi.json", b"healthz")


@pytest.mark.parametrize(
    ("before", "rest", "status"),
    [
        (3, b"GARBAGE\r\n\r\n", b"400"),
        (3, POST + b"Transfer-Encoding: gzip\r\n\r\n", b"501"),
        (3, POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (3, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (0, POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (0, b"GARBAGE\r\n\r\n", b"400"),
    ],
    ids=["garbage", "an encoding", "a broken body", "headers", "a broken body alone", "garbage alone"],
)
def test_what_is_refused_takes_no_answer_from_those_before_it(url, before, rest, status):
    with servers.connect(url) as connection:
        connection.sendall(HEALTH * before + rest)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    statuses = re.findall(rb"HTTP/1.1 (\d+)", answers)
    assert statuses == [b"200"] * before + [status]
    assert answers.endswith(b"}\n")


def test_hundreds_of_pipelined_requests_are_all_answered(url):
    with servers.connect(url) as connection:
        connection.sendall(HEALTH * 500 + HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200 OK") == 501


def test_behind_a_body_too_many_requests_are_refused_after_the_answers_to_the_first(url):
    with servers.connect(url) as connection:
        connection.sendall(POST + b"Content-Length: 1\r\n\r\n")
        time.sleep(0.3)
        connection.sendall(b"x" + b"GET / HTTP/1.1\r\n\r\n" * 400)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    statuses = re.findall(rb"HTTP/1.1 (\d+)", answers)
    assert statuses[0] == b"415"
    assert set(statuses[1:-1]) == {b"404"}
    assert (len(statuses), statuses[-1]) == (258, b"503")


@pytest.mark.parametrize(
    "endless",
    [
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 50_000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 300_000,
        b"\r\n" * 150_000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 50_000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"y" * 300_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000,
        b"GET /" + b"a" * 300_000,
    ],
    ids=["chunks of one byte", "a chunk's extension", "blank lines", "trailers", "a trailer", "headers", "a path"],
)
def test_endless_requests_cost_the_others_nothing(url, endless):
    with connections(url, 8) as opened:
        for connection in opened:
            push(connection, endless)
        assert is_served(url)


@pytest.mark.parametrize("trailers", [b"X: y\r\n" * 20_000, b"X: " + b"y" * 100_000])
def test_what_follows_a_body_has_a_limit(url, trailers):
    with servers.connect(url) as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + trailers)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 431")


def test_what_follows_a_body_passes_for_no_header(url):
    body = b"Transfer-Encoding: chunked\r\nX-Request-ID: in-front\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\n"
    with servers.connect(url) as connection:
        connection.sendall(POST + body + b"X-Request-ID: behind\r\nHost: evil.example\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 415")
    assert b"X-Request-ID: in-front" in answer or b"x-request-id: in-front" in answer


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"


@pytest.mark.parametrize("piece", [10**6, 50, 1])
def test_who_asks_for_http_2_is_answered_in_http_1(url, piece):
    wanted = POST + UPGRADE + b"Content-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO if piece > 1 else b""
    wanted += GET.replace(b"openapi.json", b"healthz").replace(b"\r\n\r\n", b"\r\n" + UPGRADE + b"\r\n") * 3
    wanted += b"GET /nowhere HTTP/1.0\r\n\r\n"
    with servers.connect(url) as connection:
        for at in range(0, len(wanted), piece):
            connection.sendall(wanted[at : at + piece])
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200"] * (3 + (piece > 1)) + [b"404"]


def test_hundreds_that_ask_for_another_protocol_are_no_recursion(url):
    with servers.connect(url) as connection:
        connection.sendall((b"GET /healthz HTTP/1.1\r\n" + UPGRADE + b"\r\n") * 800 + b"GET / HTTP/1.0\r\n\r\n")
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200 OK") == 800


def test_those_who_never_read_lock_nobody_out():
    with servers.api(MAX_CONCURRENCY=1) as (url, process):
        with connections(url, 480) as opened:
            for connection in opened:
                push(connection, GET.replace(b"openapi.json", b"docs/swagger-ui-bundle.js"))
                time.sleep(0.005)
            time.sleep(3)
            assert is_served(url)
            assert resident(process.pid) < 450 * 2**20
        assert is_served(url)


def test_at_the_end_those_who_never_read_leave_no_traceback():
    with servers.api(SHUTDOWN_DELAY=0, SHUTDOWN_TIMEOUT=1) as (url, process), connections(url, 20) as opened:
        for connection in opened:
            push(connection, GET.replace(b"openapi.json", b"docs/swagger-ui-bundle.js") * 3)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert "Traceback" not in process.stdout.read()


def resident(pid):
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


@contextlib.contextmanager
def api_with_descriptors(most):
    """An API that may open so many files and connections: its URL and process."""
    port = servers.free_port()
    command = f"ulimit -n {most}; exec {sys.executable} app.py"
    with servers.run("sh", "-c", command, API_PORT=port) as process:
        servers.wait_for(f"http://127.0.0.1:{port}/readyz", process)
        yield f"http://127.0.0.1:{port}", process


def test_where_few_descriptors_are_allowed_fewer_connections_are():
    with api_with_descriptors(128) as (url, _), connections(url, 300):
        time.sleep(1)
        assert is_served(url)


def test_expect_is_answered_and_the_next_request_is_one_of_its_own(url):
    for head in (b"GET /healthz HTTP/1.1\r\n", b"POST /api/ HTTP/1.1\r\nContent-Length: 0\r\n"):
        request = head + b"Host: localhost\r\nExpect: 100-continue\r\n\r\n" + b"GET /healthz HTTP/1.0\r\n\r\n"
        answer = servers.send(url, request)
        assert answer.rindex(b'{"status":"ok"}') > answer.index(b"HTTP/1.1 ")


def test_bodies_that_never_end_take_no_more_memory_than_allowed_and_the_oldest_gives_way(url):
    head = POST + b"Content-Length: 1000000\r\n\r\n"
    with connections(url, 8) as opened:
        for connection in opened:
            connection.setblocking(True)
            connection.sendall(head + bytes(900_000))
            time.sleep(0.05)
        time.sleep(0.3)
        answered = []
        for connection in opened:
            connection.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                answered.append(connection.recv(65536)[:12])
        assert answered == [b"HTTP/1.1 503"] * 6
        assert is_served(url)


def test_a_client_that_has_gone_is_skipped():
    with servers.api(MAX_CONCURRENCY=1, MAX_QUEUE=30) as (url, _):
        request = POST + b"Content-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO
        with connections(url, 25) as opened:
            for connection in opened:
                connection.setblocking(True)
                connection.sendall(request)
        assert is_served(url)
        with urllib.request.urlopen(f"{url}/metrics", timeout=20) as metrics:
            assert 'facemask_problems_total{code="client_gone"}' in metrics.read().decode()


def test_without_descriptors_the_log_stays_short_and_the_service_comes_back():
    with api_with_descriptors(80) as (url, process):
        with connections(url, 150) as opened:
            for connection in opened:
                push(connection, b"GET /healthz HTTP/1.1\r\n")
            time.sleep(3)
        time.sleep(2)
        assert is_served(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stdout.read().count("\n") < 30
