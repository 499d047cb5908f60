import http.client
import json
import signal
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import servers
from conftest import IMAGES

from backend.wsgi_server import PortInUseError, ServerOptions, open_socket

PHOTO = (IMAGES / "test_mask.jpg").read_bytes()


@pytest.fixture(scope="module")
def address():
    with servers.api(MAX_BODY_BYTES=2**20, IDLE_TIMEOUT=2) as (url, _):
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
        (b"POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n", 400, "bad_request"),
        (b"POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n", 413, "body_too_large"),
        (b"POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "not_implemented"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 300_000 + b"\r\n\r\n", 431, "headers_too_large"),
    ],
)
def test_what_the_server_itself_refuses_is_a_problem_document(address, request_bytes, status, code):
    answered, kind, body = exchange(address, request_bytes)
    assert (answered, kind, json.loads(body)["code"]) == (status, "application/problem+json", code)


def test_a_body_over_the_limit_is_read_so_that_the_client_sees_the_answer(address):
    head = b"POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 2097152\r\n\r\n"
    status, _, body = exchange(address, head + bytes(2 * 2**20))
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")


def test_chunked_bodies_work(address):
    head = b"POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    status, _, body = exchange(address, head + b"%x\r\n" % len(PHOTO) + PHOTO + b"\r\n0\r\n\r\n")
    assert status == 200
    assert json.loads(body)["results"][0]["label"] == "face_mask"


def test_no_answer_names_the_server_software(address):
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    assert "waitress" not in str(answer.headers).lower()
    connection.close()


def test_a_silent_connection_is_closed(address):
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(b"POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        assert connection.recv(1000) == b""


def test_sigterm_lets_an_accepted_request_finish():
    with servers.api() as (url, process):
        connection = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=20)
        head = f"POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(PHOTO)}\r\n\r\n"
        connection.sendall(head.encode() + PHOTO[:1000])
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None
        connection.sendall(PHOTO[1000:])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200
        assert json.loads(answer.read())["results"]
        connection.close()
        assert process.wait(20) == 0
        assert "Traceback" not in process.stdout.read()


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
        options = ServerOptions("127.0.0.1", port, "API_PORT", 1, 1024, 30, 1)
        with pytest.raises(PortInUseError, match=f"Port {port} is in use already; set API_PORT"):
            open_socket(options)
