"""How to serve, and the socket to serve on."""

import errno
import socket
from contextlib import suppress
from dataclasses import dataclass, field

from backend.addresses import is_any_ipv6

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

BACKLOG = 1024
CONNECTION_LIMIT = 400
OTHER_DESCRIPTORS = 112  # files, the log, and newcomers between two looks


def connection_limit() -> int:
    """Return how many connections may be open, of which each takes a file descriptor; the process gets more if it may.

    CONNECTION_LIMIT, or fewer where the system allows no more descriptors (``ulimit -n``).
    """
    if resource is None:
        return CONNECTION_LIMIT
    wanted = CONNECTION_LIMIT + OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(CONNECTION_LIMIT, max(soft - OTHER_DESCRIPTORS, soft // 4))


class PortInUseError(OSError):
    """Another program listens on the port."""


@dataclass(frozen=True)
class ServerOptions:
    """How to serve.

    Attributes:
        host, port: where to listen.
        port_variable: the environment variable that changes the port; error messages name it.
        threads: requests that the app works on at once.
        max_body_bytes: a larger body is refused.
        max_bodies_bytes: bytes of bodies that are held at once, those that are still arriving included; and as many of
            answers that their clients have not taken yet.
        request_timeout: seconds that a request may take to arrive, and a client to take its answer.
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
    max_bodies_bytes: int
    request_timeout: float
    idle_timeout: float
    shutdown_delay: float
    shutdown_timeout: float
    connection_limit: int = field(default_factory=connection_limit)


def open_socket(options: ServerOptions) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortInUseError: another program listens on the port.
        OSError: the address cannot be listened on, in one sentence.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    both = is_any_ipv6(options.host) and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((options.host, options.port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"Port {options.port} is in use already; set {options.port_variable} to another port."
            ) from None
        reason = str(error.strerror or error).partition(" (while")[0]  # as Python adds with which arguments
        raise OSError(
            f"{options.host}, port {options.port}, cannot be listened on ({reason}); "
            f"set HOST to an address of this machine, or {options.port_variable} to another port."
        ) from None
