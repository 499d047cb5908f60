"""Real servers for tests: started on free ports, ended for certain."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from backend.settings import ROOT
from scripts.benchmarking.own_api import free_port

SECONDS = 60


def environment(**variables: object) -> dict[str, str]:
    return os.environ | {name: str(value) for name, value in variables.items()}


@contextlib.contextmanager
def run(*command: object, **variables: object) -> Iterator[subprocess.Popen]:
    """Run a command of this repository in a session of its own; end what is left of it."""
    arguments = [str(part) for part in command]
    with subprocess.Popen(
        arguments,
        cwd=ROOT,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()


@contextlib.contextmanager
def api_and_page(**variables: object) -> Iterator[tuple[str, str]]:
    """Start both servers as test.sh does; yield the URLs of the API and the page."""
    api, page = free_port(), free_port()
    with run(sys.executable, "scripts/start.py", API_PORT=api, WEB_PORT=page, **variables) as process:
        wait_for(f"http://127.0.0.1:{api}/readyz", process)
        wait_for(f"http://127.0.0.1:{page}/", process)
        yield f"http://localhost:{api}", f"http://localhost:{page}"


@contextlib.contextmanager
def api(**variables: object) -> Iterator[tuple[str, subprocess.Popen]]:
    """Start the API alone; yield its URL and process."""
    port = variables.setdefault("API_PORT", free_port())
    with run(sys.executable, "app.py", **variables) as process:
        wait_for(f"http://127.0.0.1:{port}/readyz", process)
        yield f"http://127.0.0.1:{port}", process


def shell(command: str, **variables: object) -> subprocess.CompletedProcess:
    """Run a shell command in the repository's folder."""
    return subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=environment(**variables), capture_output=True, text=True, timeout=120
    )


def connect(url: str) -> socket.socket:
    """Open a connection to a server."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def send(url: str, request: bytes) -> bytes:
    """Send raw bytes; return all that comes back until the server closes."""
    with connect(url) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def wait_for(url: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stdout.read()
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{url} did not answer within {SECONDS} s")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
