"""Starts the API and the page, says when both are ready, and ends both together. ``test.sh`` runs it."""

import contextlib
import ctypes
import errno
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import TextIO

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # till it handles it, Ctrl-C ends it without a traceback

from backend.addresses import address, host_name, is_any_ipv6, is_loopback
from backend.settings import ROOT, Settings, SettingsError

START_SECONDS = 60
POLL_SECONDS = 0.1
NO_ADDRESS_OF_OURS = (errno.EADDRNOTAVAIL, errno.EINVAL)  # the latter of fe80::1, which needs an interface
LOOPBACK = {4: "127.0.0.1", 6: "::1"}  # browsers try both for localhost


class Stopped(Exception):
    """A signal asked to stop."""


class StartError(Exception):
    """One of the servers did not start, or ended by itself."""


def main() -> int:
    """Run both servers until Ctrl-C or SIGTERM, or until one of them ends; return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    servers: dict[str, subprocess.Popen[bytes]] = {}
    try:
        settings = Settings.from_environment()
        check_ports(settings)
        host = url_host(settings.host)
        servers["API"] = start("app.py")
        servers["page"] = start("scripts/serve_page.py")
        wait_until_ready(servers, "API", f"http://{host}:{settings.api_port}/readyz")
        wait_until_ready(servers, "page", f"http://{host}:{settings.web_port}/")
        announce(settings, host)
        watch(servers)
    except Stopped:
        say("\nStopping both servers.", sys.stdout)
        return 0
    except (SettingsError, StartError) as error:
        say(str(error), sys.stderr)
        return 1
    finally:
        end(servers)
    return 0


def say(text: str, stream: TextIO | None) -> None:
    """Print, unless nobody takes what is printed, or will again: the servers are to end all the same."""
    with contextlib.suppress(OSError, ValueError):
        if stream is not None and select.select([], [stream], [], 0)[1]:
            os.write(stream.fileno(), f"{text}\n".encode())  # a buffer would be tried again at the end


def stop(number: int, frame: FrameType | None) -> None:
    """Handle a signal, once."""
    for handled in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(handled, signal.SIG_IGN)
    raise Stopped


def check_ports(settings: Settings) -> None:
    """Raise StartError if a port is taken, before anything is started."""
    if settings.api_port == settings.web_port:
        raise StartError(f"API_PORT and WEB_PORT are both {settings.api_port}; set one of them to another port.")
    for port, variable in ((settings.api_port, "API_PORT"), (settings.web_port, "WEB_PORT")):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:  # as the servers do
                both = is_any_ipv6(settings.host) and socket.has_dualstack_ipv6()
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not both)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                if isinstance(error, socket.gaierror) or error.errno in NO_ADDRESS_OF_OURS:
                    raise StartError(
                        f"HOST={settings.host} is no address of this machine ({error.strerror})."
                    ) from None
                raise StartError(
                    f"Port {port} cannot be used ({error.strerror}); choose another one: {variable}=PORT sh test.sh"
                ) from None


def is_listening(address: str, port: int) -> bool:
    """Return whether some program takes connections at an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.settimeout(1)
            return probe.connect_ex((address, port)) == 0
    except OSError:  # no IPv6 here
        return False


def url_host(host: str) -> str:
    """Return the host that a URL on this machine takes."""
    found = address(host)
    return host_name(LOOPBACK[found.version] if found is not None and found.is_unspecified else host)


def start(script: str) -> subprocess.Popen[bytes]:
    """Start one server, out of reach of the terminal's Ctrl-C: this process passes it on."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / script)],
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=end_with_parent if sys.platform == "linux" else None,
    )


def end_with_parent() -> None:
    """Ask Linux for a SIGTERM when this process's parent dies, even of SIGKILL."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def wait_until_ready(servers: dict[str, subprocess.Popen[bytes]], name: str, url: str) -> None:
    """Wait until a server answers 200; raise StartError if it ends first or takes too long."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        check_alive(servers)
        try:
            with opener.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_SECONDS)
    raise StartError(f"The {name} was not ready within {START_SECONDS} s.")


def check_alive(servers: dict[str, subprocess.Popen[bytes]]) -> None:
    """Raise StartError if one of the servers has ended."""
    for name, server in servers.items():
        if server.poll() is not None:
            raise StartError(f"The {name} ended by itself (exit status {server.returncode}); stopping the other one.")


def announce(settings: Settings, host: str) -> None:
    """Say where to look."""
    lines = [""]
    shown = "localhost" if settings.host == LOOPBACK[4] else host
    other = other_loopback(settings.host)
    taken = [port for port in (settings.api_port, settings.web_port) if other and is_listening(other, port)]
    if taken:  # macOS's AirPlay on port 5000, for one
        shown = LOOPBACK[4] if shown == "localhost" else host
        where = f"{url_host(other)}, port {taken[0]}"
        lines += [f"Another program listens on {where}: open the address below, not localhost, which it shares.", ""]
    if settings.hosts and shown not in settings.hosts:
        shown = settings.hosts[0]
    page = f"http://{shown}:{settings.web_port}/"
    if settings.api_port != type(settings).api_port:
        page += f"?api=http://{shown}:{settings.api_port}"
    lines += [f"Ready. Open {page}", f"The API answers at http://{shown}:{settings.api_port}/api/"]
    found = address(settings.host)
    if found is not None and found.is_unspecified and not settings.cors_origins:
        ports = f"HOST={settings.host} API_PORT={settings.api_port} WEB_PORT={settings.web_port}"
        lines.append(f"For other machines: {ports} CORS_ORIGINS=http://THIS-MACHINE:{settings.web_port} sh test.sh")
    say("\n".join([*lines, "Ctrl-C stops both."]), sys.stdout)


def other_loopback(host: str) -> str:
    """Return the address that localhost stands for besides the one that is listened on; an empty text where none is."""
    found = address(host)
    if found is None:  # servers take a name's IPv4 address
        return LOOPBACK[6] if is_loopback(host) else ""
    return LOOPBACK[10 - found.version] if str(found) == LOOPBACK[found.version] else ""


def watch(servers: dict[str, subprocess.Popen[bytes]]) -> None:
    """Wait; raise StartError when one of the servers ends."""
    while True:
        check_alive(servers)
        time.sleep(POLL_SECONDS * 5)


def end(servers: dict[str, subprocess.Popen[bytes]]) -> None:
    """End what still runs: SIGTERM, and SIGKILL for one that does not obey."""
    for server in servers.values():
        server.terminate()
    for server in servers.values():
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
