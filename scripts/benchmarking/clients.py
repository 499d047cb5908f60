"""Clients that cost as little as Python allows: the request is ready, the answer is read and not parsed."""

import re
import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TIMEOUT = 60


class NoAnswer(Exception):
    """A server that cannot be measured: it cannot be reached, or does not answer 200 as HTTP/1.1 with a length."""


@dataclass
class Measured:
    """What clients measured.

    Attributes:
        seconds: from the first request to the last answer.
        latencies: seconds, one an answer of 200.
        refused: answers of another status.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def throughput(self) -> float:
        """Answers of 200 a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


def measure(url: str, request: bytes, clients: int, seconds: float) -> Measured:
    """Let ``clients`` send the request again and again; each on its own connection, which stays open.

    Raises:
        NoAnswer: a connection cannot be opened, or ends before its answer.
    """
    result, lock, failures = Measured(), threading.Lock(), list[NoAnswer]()

    def ask(connection: socket.socket, deadline: float) -> None:
        latencies, refused = [], 0
        try:
            while (started := time.perf_counter()) < deadline:
                if exchange(connection, request) == b"200":
                    latencies.append(time.perf_counter() - started)
                else:
                    refused += 1
        except NoAnswer as error:
            failures.append(error)
        with lock:
            result.latencies += latencies
            result.refused += refused

    with ExitStack() as stack:
        connections = [stack.enter_context(connect(url)) for _ in range(clients)]
        started = time.perf_counter()
        threads = [threading.Thread(target=ask, args=(one, started + seconds), daemon=True) for one in connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        result.seconds = time.perf_counter() - started
    if failures:
        raise failures[0]
    return result


def check(url: str, request: bytes) -> None:
    """Raise NoAnswer unless the server answers the request with 200."""
    with connect(url) as connection:
        status = exchange(connection, request)
    if status != b"200":
        raise NoAnswer(f"{url} answers {status.decode(errors='replace')}, not 200.")


def connect(url: str) -> socket.socket:
    """Open a connection to the server of a URL; raise NoAnswer if there is none."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise NoAnswer(f"{url} cannot be measured; give a URL such as http://127.0.0.1:5000/api/.")
    try:
        connection = socket.create_connection((parts.hostname, parts.port or 80), timeout=TIMEOUT)
    except OSError as error:
        raise NoAnswer(f"{url} cannot be reached: {error.strerror or error}.") from None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(connection: socket.socket, request: bytes) -> bytes:
    """Send a request, read its answer; return the status.

    Raises:
        NoAnswer: if the server closes before the answer is complete, or does not say how long it is.
    """
    try:
        connection.sendall(request)
    except OSError as error:
        raise NoAnswer(f"The server does not take the request: {error.strerror or error}.") from None
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += receive(connection)
    length = LENGTH.search(answer, 0, end + 2)
    if length is None:
        raise NoAnswer("The server's answers have no Content-Length; others are not measured.")
    missing = int(length.group(1)) - (len(answer) - end - 4)
    while missing > 0:
        missing -= len(receive(connection))
    return answer[9:12]


def receive(connection: socket.socket) -> bytes:
    """Receive what is there."""
    try:
        received = connection.recv(65536)
    except OSError as error:
        raise NoAnswer(f"The server does not answer: {error.strerror or error}.") from None
    if not received:
        raise NoAnswer("The server closed the connection before its answer was complete.")
    return received
