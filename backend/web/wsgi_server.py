"""Serves a WSGI app with waitress: a client's speed holds no thread, and what was accepted is answered at the end."""

import errno
import logging
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from backend.web.http_channel import ProblemChannel
from backend.web.request_log import Answered

POLL_SECONDS = 0.25
CONNECTION_LIMIT = 400  # each may need two file descriptors, and many systems allow 1024
SPARE_CONNECTIONS = 64  # waitress's own limit lies so much higher, since it would stop to accept
BACKLOG = 1024
RECEIVED_AT_ONCE = 2**18  # bytes; waitress's 8 KiB take a turn of its loop each


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
        request_timeout: seconds that a request may take to arrive.
        idle_timeout: seconds until a silent connection is closed.
        shutdown_delay: seconds after SIGTERM in which requests are still taken.
        shutdown_timeout: seconds that accepted requests get to end after that.
        connection_limit: over it, the connection that has waited longest for its own request is closed.
    """

    host: str
    port: int
    port_variable: str
    threads: int
    max_body_bytes: int
    request_timeout: int
    idle_timeout: int
    shutdown_delay: int
    shutdown_timeout: int
    connection_limit: int = CONNECTION_LIMIT


def serve(
    app: Any,
    options: ServerOptions,
    draining: threading.Event | None = None,
    refused: Callable[[Answered], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted.

    Args:
        app: the WSGI app.
        options: how to serve.
        draining: set as soon as the signal came, so that the app can say that it is about to end.
        refused: called with what was answered to a request that is no valid HTTP, which the app never sees.

    Raises:
        PortInUseError: another program listens on the port.
        OSError: the address cannot be listened on.
    """
    server = listen(app, options)
    server.refused = refused
    draining = draining or threading.Event()
    ending = threading.Event()

    def stop(number: int, _: FrameType | None) -> None:
        draining.set()
        if number == signal.SIGINT:  # who presses Ctrl-C does not want to wait
            ending.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    run(server, options, draining.is_set)
    delay_ends = time.monotonic() + options.shutdown_delay
    run(server, options, lambda: ending.is_set() or time.monotonic() >= delay_ends)
    drain(server, options)


def listen(app: Any, options: ServerOptions) -> Any:
    """Return a waitress server that listens already."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is normal
    server = create_server(
        app,
        sockets=[open_socket(options)],
        threads=options.threads,
        connection_limit=options.connection_limit + SPARE_CONNECTIONS,
        channel_timeout=options.idle_timeout,
        cleanup_interval=max(1, options.idle_timeout // 4),
        recv_bytes=RECEIVED_AT_ONCE,
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


def run(server: Any, options: ServerOptions, done: Callable[[], bool]) -> None:
    """Serve until ``done`` says so."""
    while not done():
        wasyncore.loop(timeout=POLL_SECONDS, use_poll=True, map=server._map, count=1)
        end_overdue_requests(server, options.request_timeout)
        make_room(server, options.connection_limit)


def end_overdue_requests(server: Any, timeout: float) -> None:
    """Answer 408 to requests that arrive too slowly: a client that drips byte by byte is never silent."""
    cutoff = time.monotonic() - timeout
    for channel in list(server.active_channels.values()):
        if channel.request is not None and channel.began < cutoff:
            channel.time_out()


def make_room(server: Any, limit: int) -> None:
    """Close connections over the limit.

    Those first whose address holds the most, then those without whole headers, then those that have gone longest
    without a whole request.
    """
    excess = len(server.active_channels) - limit
    if excess <= 0:
        return
    channels = list(server.active_channels.values())
    held = Counter(channel.addr[0] for channel in channels)
    droppable = [channel for channel in channels if channel.droppable]
    droppable.sort(key=lambda channel: (-held[channel.addr[0]], channel.has_headers, channel.began))
    for channel in droppable[:excess]:
        channel.handle_close()


def drain(server: Any, options: ServerOptions) -> None:
    """Take no more connections, and serve what was accepted, for ``shutdown_timeout`` seconds at most."""
    server.accepting = False
    server.del_channel()
    server.socket.close()  # who comes now is refused, and can ask another replica
    deadline = time.monotonic() + options.shutdown_timeout
    while close_idle(server) and time.monotonic() < deadline:
        wasyncore.loop(timeout=POLL_SECONDS, use_poll=True, map=server._map, count=1)
    server.task_dispatcher.shutdown(timeout=1)
    wasyncore.close_all(server._map)


def close_idle(server: Any) -> int:
    """Close the connections that have nothing to do; return how many are left."""
    for channel in list(server.active_channels.values()):
        if channel.idle:
            channel.handle_close()
    return len(server.active_channels)
