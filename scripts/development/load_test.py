"""Load on the API: many clients against two, slow ones beside them; nothing may be lost, and memory stays flat.

    .venv/bin/python scripts/development/load_test.py [--seconds 60] [--clients 64]

It starts the API on a free port and ends it. Exit status 1 if a promise of the README's operations section is broken.
"""

import argparse
import http.client
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import numpy as np
from tqdm import tqdm

from backend.settings import ROOT
from scripts.benchmarking.own_api import ApiFailed, own_api, resident_memory

PHOTO = (ROOT / "images" / "test_mask.jpg").read_bytes()
FEW_CLIENTS = 2
SLOW_CLIENTS = NEVER_READING_CLIENTS = 50
DRIP_SECONDS = 0.5
PUSH_SECONDS, PUSHED_AT_ONCE = 0.1, 10
LEAST_THROUGHPUT = 0.9  # of that with two clients
ALLOWED_GROWTH = 1.1
WARM_UP_SHARE = 0.2


@dataclass
class Load:
    """What a number of clients got in a time.

    Attributes:
        seconds: how long they asked.
        statuses: answers by status; ``lost`` where a connection broke or an answer took over a minute.
        memory: of the API, in bytes, once a second.
        latencies: seconds that each answer of 200 took.
    """

    seconds: float
    statuses: Counter[int | str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    @property
    def throughput(self) -> float:
        """Photos answered a second."""
        return self.statuses[200] / self.seconds


def load(port: int, pid: int | None, clients: int, seconds: float) -> Load:
    """Let ``clients`` ask again and again; those that are turned away wait as long as Retry-After says.

    Where ``pid`` names the API's process, its memory is recorded.
    """
    result, end = Load(seconds), time.monotonic() + seconds
    lock = threading.Lock()

    def ask() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            while time.monotonic() < end:
                started = time.monotonic()
                status, wait = ask_once(connection)
                with lock:
                    result.statuses[status] += 1
                    if status == HTTPStatus.OK:
                        result.latencies.append(time.monotonic() - started)
                time.sleep(wait)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for _ in tqdm(range(round(seconds)), desc=f"{clients} clients", unit="s", disable=None):
        time.sleep(1)
        if pid is not None:
            result.memory.append(resident_memory(pid))
    for thread in threads:
        thread.join(60)
    return result


def ask_once(connection: http.client.HTTPConnection) -> tuple[int | str, float]:
    """Send the photo; return the status, or ``lost``, and the seconds to wait."""
    try:
        connection.request("POST", "/api/", PHOTO, {"Content-Type": "image/jpeg"})
        answer = connection.getresponse()
        answer.read()
    except OSError:
        connection.close()
        return "lost", 0.0
    return answer.status, float(answer.headers.get("Retry-After", 0))


@contextmanager
def slow_clients(port: int, count: int) -> Iterator[None]:
    """Hold connections open that send their request byte by byte, head or body."""
    stop = threading.Event()
    head = f"POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: {len(PHOTO)}\r\n\r\n"

    def drip(number: int) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
            rest = head.encode() + PHOTO
            connection.sendall(rest[: 20 if number % 2 else 200])
            for byte in rest[20 if number % 2 else 200 :]:
                if stop.wait(DRIP_SECONDS):
                    return
                connection.sendall(bytes([byte]))

    threads = [threading.Thread(target=drip, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    yield
    stop.set()


@contextmanager
def never_reading_clients(port: int, count: int) -> Iterator[None]:
    """Hold connections open that ask for more and more, and never take an answer."""
    stop = threading.Event()

    def push() -> None:
        while not stop.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
                connection.settimeout(PUSH_SECONDS)
                while not stop.wait(DRIP_SECONDS):
                    with suppress(TimeoutError):
                        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * PUSHED_AT_ONCE)

    threads = [threading.Thread(target=push, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield
    stop.set()


def report(few: Load, many: Load) -> list[str]:
    """Print the figures; return the promises that were broken."""
    for name, result in (("few", few), ("many", many)):
        answers = ", ".join(f"{count} x {status}" for status, count in sorted(result.statuses.items(), key=str))
        print(f"{name}: {result.throughput:.1f} photos/s; {answers}")
        p50, p99, most = (1000 * value for value in np.percentile(result.latencies or [0.0], (50, 99, 100)))
        print(f"{name}: {p50:.0f} ms p50, {p99:.0f} ms p99, {most:.0f} ms at most")
    ratio = many.throughput / few.throughput
    split = max(1, int(len(many.memory) * WARM_UP_SHARE))
    before, after = max(many.memory[:split]), max(many.memory)
    print(f"throughput of many to few: {ratio:.2f}")
    print(f"memory with many: {before / 2**20:.0f} MiB in the first fifth, {after / 2**20:.0f} MiB at most")
    others = {status for result in (few, many) for status in result.statuses} - {200, 503}
    broken = {
        f"answers other than 200 and 503: {others}": bool(others),
        f"throughput fell below {LEAST_THROUGHPUT:.0%}": ratio < LEAST_THROUGHPUT,
        f"memory grew by more than {ALLOWED_GROWTH - 1:.0%}": after > ALLOWED_GROWTH * before,
    }
    return [promise for promise, is_broken in broken.items() if is_broken]


def main() -> int:
    """Load a fresh API; return the exit status."""
    parser = argparse.ArgumentParser(description="Load the API with many clients, bad ones beside them.")
    parser.add_argument("--seconds", type=int, default=60, help="for many clients; half of it for two before")
    parser.add_argument("--clients", type=int, default=64)
    args = parser.parse_args()
    try:
        with own_api() as (port, api):
            load(port, api.pid, FEW_CLIENTS, 3)  # warm-up
            few = load(port, api.pid, FEW_CLIENTS, args.seconds / 2)
            with slow_clients(port, SLOW_CLIENTS), never_reading_clients(port, NEVER_READING_CLIENTS):
                many = load(port, api.pid, args.clients, args.seconds)
    except ApiFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    broken = report(few, many)
    for promise in broken:
        print(promise, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
