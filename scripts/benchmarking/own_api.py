"""An API of one's own for a measurement: started on a free port, ended for certain."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from backend.settings import ROOT

READY_SECONDS = 60


class ApiFailed(Exception):
    """The API did not get ready, or ended by itself."""


@contextmanager
def own_api(port: int | None = None, **variables: object) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run ``app.py``; yield its port and process.

    Args:
        port: default: a free one.
        variables: environment variables, such as ``MAX_QUEUE=4``. The caller's API_KEY is left out.

    Raises:
        ApiFailed: if it does not get ready.
    """
    port = port or free_port()
    settings = [f"{name}={value}" for name, value in ({"API_PORT": port} | variables).items()]
    command = ["env", "-u", "API_KEY", *settings, sys.executable, str(ROOT / "app.py")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as api:
        try:
            wait_until_ready(port, api)
            yield port, api
        finally:
            api.send_signal(2)  # as Ctrl-C: no delay


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(port: int, api: subprocess.Popen[bytes]) -> None:
    """Wait until /readyz answers 200."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and api.poll() is None:
        if is_ready(port):
            return
        time.sleep(0.02)
    raise ApiFailed("The API did not get ready; start it by `python app.py` to see why.")


def is_ready(port: int) -> bool:
    """Return whether /readyz answers 200."""
    with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False


def resident_memory(pid: int) -> int:
    """Return the memory of a process, in bytes (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
