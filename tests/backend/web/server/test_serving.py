import contextlib
import http.client
import json
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
import servers
from conftest import IMAGES

from backend.web.server.options import PortInUseError, ServerOptions, open_socket
from backend.web.server.serving import Server

PHOTO = (IMAGES / "test_mask.jpg").read_bytes()
HEAD = f"POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: {len(PHOTO)}\r\n\r\n"


def post(url):
    """Send the photo; return the status."""
    request = urllib.request.Request(f"{url}/api/", PHOTO, {"Content-Type": "image/jpeg"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status


@pytest.fixture(scope="module")
def address():
    with servers.api(MAX_BODY_BYTES=2**20, IDLE_TIMEOUT=2, REQUEST_TIMEOUT=4) as (url, _):
        yield urlsplit(url).hostname, urlsplit(url).port


def exchange(address, request):
    """Send raw bytes; return status, media type and body of the answer."""
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.headers["Content-Type"], answer.read()


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GARBAGE\r\n\r\n", 400, "bad_request"),
        (b"GET http://[::1/ HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400, "bad_request"),
        (b"POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: minus\r\n\r\n", 400, "bad_request"),
        (b"POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n", 413, "body_too_large"),
        (
            b"POST /api/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 999999999\r\n\r\n",
            413,
            "body_too_large",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\ncontent-length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "bad_request",
        ),
        (b"POST /api/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "not_implemented"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 300_000 + b"\r\n\r\n", 431, "headers_too_large"),
    ],
)
def test_what_the_server_itself_refuses_is_a_problem_document(address, request_bytes, status, code):
    answered, kind, body = exchange(address, request_bytes)
    assert (answered, kind, json.loads(body)["code"]) == (status, "application/problem+json", code)


def test_a_body_over_the_limit_is_read_so_that_the_client_sees_the_answer(address):
    head = b"POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 2097152\r\n\r\n"
    status, _, body = exchange(address, head + bytes(2 * 2**20))
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")


def test_chunked_bodies_work(address):
    head = b"POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    status, _, body = exchange(address, head + b"%x\r\n" % len(PHOTO) + PHOTO + b"\r\n0\r\n\r\n")
    assert status == 200
    assert json.loads(body)["results"][0]["label"] == "face_mask"


def test_no_answer_names_the_server_software(address):
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    assert answer.headers["Server"] is None
    connection.close()


def test_a_silent_connection_is_closed(address):
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(b"POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        assert connection.recv(1000) == b""


def drip(url, request, seconds):
    """Send a byte every tenth of a second; return the status of the answer, or None if there was none."""
    with servers.connect(url) as connection:
        connection.settimeout(0.1)
        for byte in request[: int(seconds * 10)]:
            connection.sendall(bytes([byte]))
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
            return int(answer.split()[1]) if answer else None
    return None


@pytest.mark.parametrize(
    "request_bytes", [b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 500, HEAD.encode() + PHOTO[:500]], ids=["head", "body"]
)
def test_a_request_that_drips_is_ended(request_bytes):
    with servers.api(REQUEST_TIMEOUT=1) as (url, _):
        assert drip(url, request_bytes, seconds=30) == 408


def test_a_request_that_drips_is_told_why():
    with servers.api(REQUEST_TIMEOUT=1) as (url, _):
        answer = servers.send(url, HEAD.encode() + PHOTO[:500])
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.split(b"\r\n\r\n")[1])["code"] == "request_timeout"


def test_slow_clients_hold_no_worker():
    with servers.api(MAX_CONCURRENCY=1, MAX_QUEUE=0) as (url, _):
        slow = [servers.connect(url) for _ in range(50)]
        for connection in slow:
            connection.sendall(HEAD.encode() + PHOTO[:1000])
        assert post(url) == 200
        for connection in slow:
            connection.close()


def is_closed(connection):
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def test_more_connections_than_there_is_room_for_shut_nobody_out():
    options = ServerOptions(
        "127.0.0.1", servers.free_port(), "API_PORT", 2, 1024, 2**20, 60, 60, 0, 1, connection_limit=5
    )
    with running(options) as url:
        slow = [servers.connect(url) for _ in range(20)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nX")
        assert servers.send(url, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
        assert is_closed(slow[0])  # the oldest made room
        for connection in slow:
            connection.close()


def test_under_a_flood_of_half_heads_an_upload_goes_on():
    options = ServerOptions(
        "127.0.0.1", servers.free_port(), "API_PORT", 2, 1024, 2**20, 60, 60, 0, 1, connection_limit=5
    )
    with running(options) as url, servers.connect(url) as upload:
        upload.sendall(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\na")
        flood = [servers.connect(url) for _ in range(20)]
        for connection in flood:
            connection.sendall(b"GET / HTTP/1.1\r\nX")
        time.sleep(1)
        upload.sendall(b"b")
        assert upload.recv(1000).startswith(b"HTTP/1.1 200")
        for connection in flood:
            connection.close()


@contextlib.contextmanager
def running(options, body=b"ok"):
    """Serve an app that always says the same, in a thread."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    server, listening = Server(app, options, threading.Event(), lambda _: None), open_socket(options)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://{options.host}:{options.port}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.parametrize("size", [1, 70_000, 5_000_000, 20_000_000])
def test_answers_arrive_whole_where_the_client_reads_late_and_has_sent_more(size):
    port, body = servers.free_port(), bytes(range(256)) * (size // 256) + b"." * (size % 256)
    options = ServerOptions("127.0.0.1", port, "API_PORT", 2, 1024, 2**20, 60, 30, 0, 1)
    with running(options, body) as url, servers.connect(url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        stream = connection.makefile("rb")
        time.sleep(0.3)
        for _ in range(3):
            head = b"".join(iter(stream.readline, b"\r\n"))
            assert f"content-length: {len(body)}\r\n".encode() in head
            assert stream.read(len(body)) == body


def test_a_client_that_does_not_take_its_answer_is_let_go():
    body = bytes(20_000_000)
    options = ServerOptions("127.0.0.1", servers.free_port(), "API_PORT", 2, 1024, 2**20, 60, 1, 0, 1)
    with running(options, body) as url, servers.connect(url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(3)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(2**20):
                received += len(part)
        assert received < len(body)


def test_a_client_that_takes_its_answer_slowly_gets_all_of_it():
    body = bytes(20_000_000)
    options = ServerOptions("127.0.0.1", servers.free_port(), "API_PORT", 2, 1024, 2**20, 60, 3, 0, 1)
    with running(options, body) as url, servers.connect(url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = 0
        for _ in range(6):
            received += len(connection.recv(2**20))
            time.sleep(0.7)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while part := connection.recv(2**20):
            received += len(part)
        assert received > 2 * len(body)


def test_sigterm_lets_an_accepted_request_finish():
    with servers.api() as (url, process):
        connection = servers.connect(url)
        connection.sendall(HEAD.encode() + PHOTO[:1000])
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(2)
        assert process.poll() is None
        with pytest.raises(ConnectionRefusedError):
            servers.connect(url)
        connection.sendall(PHOTO[1000:])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200
        assert json.loads(answer.read())["results"]
        connection.close()
        assert process.wait(20) == 0
        assert "Traceback" not in process.stdout.read()


def test_sigterm_turns_readiness_off_first_and_goes_on_serving_for_the_delay():
    with servers.api(SHUTDOWN_DELAY=3) as (url, process):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{url}/readyz")
        assert (error.value.code, json.load(error.value)["code"]) == (503, "draining")
        assert error.value.headers["Retry-After"]
        assert post(url) == 200
        assert process.wait(20) == 0


def test_idle_connections_do_not_hold_it_up():
    with (
        servers.api(SHUTDOWN_DELAY=0, SHUTDOWN_TIMEOUT=60) as (url, process),
        servers.connect(url) as idle,
        servers.connect(url) as used,
    ):
        used.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert used.recv(65536)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert idle.recv(100) == b""


def test_a_request_that_never_ends_is_given_up_after_the_timeout():
    with servers.api(SHUTDOWN_DELAY=0, SHUTDOWN_TIMEOUT=1) as (url, process), servers.connect(url) as connection:
        connection.sendall(HEAD.encode() + PHOTO[:1000])
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_those_that_are_cut_off_at_the_end_are_told_so():
    with (
        servers.api(MAX_CONCURRENCY=1, MAX_QUEUE=400, SHUTDOWN_DELAY=0, SHUTDOWN_TIMEOUT=0) as (url, process),
        contextlib.ExitStack() as stack,
    ):
        clients = [stack.enter_context(servers.connect(url)) for _ in range(40)]
        for client in clients:
            client.sendall(HEAD.replace("/api/", "/api/?detail=fine").encode() + PHOTO)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        log = process.stdout.read()
        codes = []
        for client in clients:
            answer = http.client.HTTPResponse(client)
            answer.begin()
            codes.append(json.loads(answer.read()).get("code", answer.status))
        assert set(codes) <= {200, "draining"}
        assert codes.count("draining") > 5
        assert "Traceback" not in log
        assert log.count(" 503, ") == codes.count("draining")


def test_ctrl_c_does_not_wait():
    with servers.api(SHUTDOWN_DELAY=600) as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_later_signal_does_not_put_the_end_off():
    with servers.api(SHUTDOWN_DELAY=600) as (_, process):
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_killed_outright_it_starts_again_on_the_same_port():
    port = servers.free_port()
    for _ in range(2):
        with servers.api(API_PORT=port) as (url, process):
            assert post(url) == 200
            process.kill()
            process.wait(20)


def test_many_clients_at_once_all_get_their_answer():
    with servers.api() as (url, _):
        address = urlsplit(url).hostname, urlsplit(url).port
        statuses = []

        def ask():
            connection = http.client.HTTPConnection(*address, timeout=60)
            connection.request("POST", "/api/", PHOTO, {"Content-Type": "image/jpeg"})
            statuses.append(connection.getresponse().status)
            connection.close()

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert statuses == [200] * 16


def test_a_busy_port_is_named_with_its_variable():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        options = ServerOptions("127.0.0.1", port, "API_PORT", 1, 1024, 2**20, 60, 30, 0, 1)
        with pytest.raises(PortInUseError, match=f"Port {port} is in use already; set API_PORT"):
            open_socket(options)
