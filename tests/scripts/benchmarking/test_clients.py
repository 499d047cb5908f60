import contextlib
import socket
import threading

import pytest
import servers

from scripts.benchmarking.clients import NoAnswer, check, measure

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.contextmanager
def answering(*answers):
    """A server that gives each connection these answers, one a request, and then closes it."""

    def serve(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(ConnectionError):
                    for answer in answers:
                        if not connection.recv(65536):
                            break
                        connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread


def test_answers_are_counted_by_their_status():
    with answering(*[OK, OK.replace(b"200 OK", b"503 No")] * 10_000) as url:
        check(url, REQUEST)
        measured = measure(url, REQUEST, 1, 0.2)
    assert len(measured.latencies) - measured.refused in (0, 1)
    assert measured.throughput > 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (OK.replace(b"200 OK", b"404 Not Found"), "answers 404, not 200"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "no Content-Length"),
        (OK[:-1], "closed the connection before its answer was complete"),
        (b"", "closed the connection before its answer was complete"),
    ],
)
def test_what_cannot_be_measured_is_said(answer, said):
    with answering(answer) as url, pytest.raises(NoAnswer, match=said):
        check(url, REQUEST)


@pytest.mark.parametrize("url", ["foo", "127.0.0.1:5000/api/", "https://127.0.0.1/api/", "http:///api/"])
def test_what_is_no_url_is_said(url):
    with pytest.raises(NoAnswer, match=r"cannot be measured; give a URL such as"):
        check(url, REQUEST)


def test_nobody_listens():
    with pytest.raises(NoAnswer, match="cannot be reached: Connection refused"):
        measure(f"http://127.0.0.1:{servers.free_port()}/", REQUEST, 2, 0.1)


def test_a_server_that_stops_ends_the_measurement():
    with answering(OK) as url, pytest.raises(NoAnswer):
        measure(url, REQUEST, 1, 5)
