"""Serves a WSGI app with waitress: a client's speed holds no thread, and what was accepted is answered at the end."""

import errno
import json
import logging
import signal
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server
from waitress.task import ErrorTask

from backend.problems import MEDIA_TYPE, ApiProblem

POLL_SECONDS = 0.25
CONNECTION_LIMIT = 1000
BACKLOG = 1024
CODES_OF_WAITRESS = {
    400: ("bad_request", "The request is no valid HTTP."),
    413: ("body_too_large", "The body is more than four times the limit."),
    431: ("headers_too_large", "The headers are over the limit of 256 KiB."),
    501: ("not_implemented", "This transfer encoding is not known; send a Content-Length, or chunked."),
}


class PortInUseError(OSError):
    """Another program listens on the port."""


@dataclass(frozen=True)
class ServerOptions:
    """How to serve.

    Attributes:
        host, port: where to listen.
        port_variable: the environment variable that changes the port; error messages name it.
        threads: requests that are worked on or wait at once.
        max_body_bytes: bodies over it are refused unread.
        idle_timeout: seconds until a silent connection is closed.
        shutdown_timeout: seconds that accepted requests get after SIGTERM or SIGINT.
    """

    host: str
    port: int
    port_variable: str
    threads: int
    max_body_bytes: int
    idle_timeout: int
    shutdown_timeout: int


class ProblemTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Answers what waitress itself refuses, with a problem document."""

    def execute(self) -> None:
        """Write the answer and close."""
        code, detail = CODES_OF_WAITRESS.get(
            self.request.error.code, ("internal_error", "The service failed on this request; its log says why.")
        )
        problem = ApiProblem(code, detail)
        document = problem.document()
        body = json.dumps(document).encode()
        self.status = f"{problem.status} {document['title']}"
        self.response_headers.append(("Content-Type", MEDIA_TYPE))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """waitress's parser, which lets urllib's ValueError escape for a target such as http://[::1/."""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request line and headers."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError(str(error)) from None


class ProblemChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection whose errors are problem documents."""

    error_task_class = ProblemTask
    parser_class = Parser


def serve(app: Any, options: ServerOptions, draining: threading.Event | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted.

    Args:
        app: the WSGI app.
        options: how to serve.
        draining: set as soon as the signal came, so that the app refuses new work.

    Raises:
        PortInUseError: another program listens on the port.
        OSError: the address cannot be listened on.
    """
    server = listen(app, options)
    draining = draining or threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: draining.set())
    run_until(server, draining)
    drain(server, options.shutdown_timeout)


def listen(app: Any, options: ServerOptions) -> Any:
    """Return a waitress server that listens already."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is normal
    server = create_server(
        app,
        sockets=[open_socket(options)],
        threads=options.threads,
        connection_limit=CONNECTION_LIMIT,
        channel_timeout=options.idle_timeout,
        cleanup_interval=max(1, options.idle_timeout // 4),
        max_request_body_size=options.max_body_bytes,
        clear_untrusted_proxy_headers=True,
        asyncore_use_poll=True,
        ident=None,
    )
    server.channel_class = ProblemChannel
    return server


def open_socket(options: ServerOptions) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortInUseError: another program listens on the port.
        OSError: the address cannot be listened on, in one sentence.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"Port {options.port} is in use already; set {options.port_variable} to another port."
            ) from None
        reason = error.strerror or str(error)
        raise OSError(
            f"{options.host}, port {options.port}, cannot be listened on ({reason}); "
            f"set HOST to an address of this machine, or {options.port_variable} to another port."
        ) from None


def run_until(server: Any, stop: threading.Event) -> None:
    """Serve until the event is set."""
    while not stop.is_set():
        wasyncore.loop(timeout=POLL_SECONDS, use_poll=True, map=server._map, count=1)


def drain(server: Any, timeout: float) -> None:
    """Serve what was accepted, for ``timeout`` seconds at most; new connections wait and are dropped."""
    server.accepting = False
    deadline = time.monotonic() + timeout
    while has_work(server) and time.monotonic() < deadline:
        wasyncore.loop(timeout=POLL_SECONDS, use_poll=True, map=server._map, count=1)
    server.task_dispatcher.shutdown(timeout=1)
    wasyncore.close_all(server._map)


def has_work(server: Any) -> bool:
    """Say whether any request is being received, worked on or answered."""
    channels = list(server.active_channels.values())
    return any(channel.request or channel.requests or channel.total_outbufs_len for channel in channels)
