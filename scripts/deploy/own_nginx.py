"""A real nginx with this folder's configuration, on loopback, in front of APIs that run on this machine."""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from backend.settings import ROOT

HERE = Path(__file__).resolve().parent
CONFIGURATION = HERE / "nginx.conf"
READY_SECONDS = 10


class NginxFailed(Exception):
    """There is no nginx, or it does not take the configuration."""


def configuration(folder: Path, apis: list[int], page_port: int, api_port: int) -> str:
    """Return nginx.conf for this machine: the APIs by their ports, everything on 127.0.0.1, the page from here."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    lines = re.findall(r"^ *server api:5000.*;$", text, re.MULTILINE)
    if not lines:
        raise NginxFailed(f"{CONFIGURATION} has no line `server api:5000 ...;`.")
    for line in set(lines):
        text = text.replace(line, "\n".join(line.replace("api:5000", f"127.0.0.1:{port}") for port in apis))
    text = text.replace("listen 5000;", f"listen 127.0.0.1:{api_port};")
    text = text.replace("listen 8000;", f"listen 127.0.0.1:{page_port};")
    text = text.replace("/srv/page", str(ROOT))
    return text.replace("/tmp/nginx", f"{folder}/nginx")  # nosec B108


def find_nginx() -> str:
    """Return nginx's path; raise NginxFailed if it is not installed."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NginxFailed("nginx is not installed; on Debian: apt-get install nginx-light.")
    return found


def check(folder: Path, text: str) -> None:
    """Let nginx parse a configuration; raise NginxFailed with its words if it does not take it."""
    path = folder / "nginx.conf"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run([find_nginx(), "-t", "-q", "-c", str(path)], capture_output=True, text=True)
    if done.returncode != 0:
        raise NginxFailed(done.stderr.strip())


@contextmanager
def own_nginx(apis: list[int], page_port: int, api_port: int) -> Iterator[None]:
    """Run nginx until the block ends."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's workers are another user's where root starts it
        check(folder, configuration(folder, apis, page_port, api_port))
        command = [find_nginx(), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as nginx:
            try:
                wait_until_ready(page_port, nginx)
                yield
            finally:
                nginx.terminate()


def wait_until_ready(port: int, nginx: subprocess.Popen[bytes]) -> None:
    """Wait until nginx answers."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and nginx.poll() is None:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
                connection.request("GET", "/index.html")
                connection.getresponse()
                return
        except OSError:
            time.sleep(0.05)
    raise NginxFailed(f"nginx did not answer on port {port}.")
