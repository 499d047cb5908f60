"""Clients that cost as little as Python allows: the request is ready, the answer is read and not parsed."""

import re
import socket
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TIMEOUT = 60


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
    """Let ``clients`` send the request again and again; each on its own connection, which stays open."""
    result, lock = Measured(), threading.Lock()
    barrier = threading.Barrier(clients + 1)
    deadline = [0.0]

    def ask() -> None:
        latencies, refused = [], 0
        with connect(url) as connection:
            barrier.wait()
            while True:
                started = time.perf_counter()
                if started >= deadline[0]:
                    break
                if exchange(connection, request) == b"200":
                    latencies.append(time.perf_counter() - started)
                else:
                    refused += 1
        with lock:
            result.latencies += latencies
            result.refused += refused

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    deadline[0] = started + seconds
    barrier.wait()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - started
    return result


def connect(url: str) -> socket.socket:
    """Open a connection to the server of a URL."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=TIMEOUT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(connection: socket.socket, request: bytes) -> bytes:
    """Send a request, read its answer; return the status.

    Raises:
        ConnectionError: if the server closes before the answer is complete.
    """
    connection.sendall(request)
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += receive(connection)
    length = LENGTH.search(answer, 0, end)
    missing = int(length.group(1)) - (len(answer) - end - 4) if length else 0
    while missing > 0:
        missing -= len(receive(connection))
    return answer[9:12]


def receive(connection: socket.socket) -> bytes:
    """Receive what is there."""
    received = connection.recv(65536)
    if not received:
        raise ConnectionError("The server closed the connection before its answer was complete.")
    return received
