"""Serves a WSGI app until SIGTERM or SIGINT, then finishes what was accepted."""

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, cast

import uvicorn

from backend.web.server.bridge import Bridge
from backend.web.server.connection import Connection, connection_class
from backend.web.server.options import BACKLOG, ServerOptions, open_socket
from backend.web.server.refusals import Recorder
from backend.web.server.room import give_up_untaken, make_room

TICKS_BETWEEN_LOOKS = 3  # of uvicorn's tenth of a second
SECONDS_BETWEEN_COMPLAINTS = 10

logger = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn's server, with a delay between the signal and the end.

    Args:
        app: the WSGI app.
        options: how to serve.
        draining: set as soon as the signal came, so that the app can say that it is about to end.
        record: hears of what the server itself refuses.
        on_hangup: called on SIGHUP; None: that ends the process, as usual.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        options: ServerOptions,
        draining: threading.Event,
        record: Recorder,
        on_hangup: Callable[[], None] | None = None,
    ):
        self.options, self.draining, self.on_hangup = options, draining, on_hangup
        self.exit_at: float | None = None
        self.complained = 0.0
        self.bridge = Bridge(app, options)
        config = uvicorn.Config(
            self.bridge,
            http=connection_class(options, record),
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=options.shutdown_timeout,  # type: ignore[arg-type]
        )
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # each bad request has a line of our own
        super().__init__(config)
        self.connections = cast("set[Connection]", self.server_state.connections)
        self.bridge.connections = self.connections

    async def _serve(self, sockets: Any = None) -> None:
        """Serve; what goes wrong in the loop is logged now and then, not each time."""
        asyncio.get_running_loop().set_exception_handler(self.complain)
        await super()._serve(sockets)
        await asyncio.sleep(0)  # those that were cut off are told so
        for connection in list(self.connections):
            if connection.cycle is not None:
                connection.cycle.disconnected = True  # what waits for its turn is skipped
            connection.transport.abort()

    def complain(self, loop: Any, context: dict[str, Any]) -> None:
        """Log an error of the loop, such as that there are no descriptors left, every few seconds."""
        if time.monotonic() - self.complained > SECONDS_BETWEEN_COMPLAINTS:
            self.complained = time.monotonic()
            logger.error("%s (%s)", context.get("message"), context.get("exception"))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listen to the signals, where this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self.handle_exit)
            if self.on_hangup is not None and hasattr(signal, "SIGHUP"):
                call = self.on_hangup
                signal.signal(signal.SIGHUP, lambda *_: call())
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end: at once after SIGINT, since who presses Ctrl-C does not want to wait."""
        delay = 0 if sig == signal.SIGINT else self.options.shutdown_delay
        exit_at = time.monotonic() + delay
        self.exit_at = exit_at if self.exit_at is None else min(self.exit_at, exit_at)

    async def on_tick(self, counter: int) -> bool:
        """Look after the connections; return whether to end."""
        make_room(self.connections, self.options.connection_limit)
        if counter % TICKS_BETWEEN_LOOKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.connections):
                connection.look_after(now)
            give_up_untaken(self.connections, self.options.max_bodies_bytes // 2)
        if self.exit_at is not None:
            self.draining.set()
            self.should_exit = time.monotonic() >= self.exit_at
        return await super().on_tick(counter)


def serve(
    app: Callable[..., Any],
    options: ServerOptions,
    draining: threading.Event | None = None,
    record: Recorder = lambda _: None,
    on_hangup: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted.

    Args:
        app: the WSGI app.
        options: how to serve.
        draining: set as soon as the signal came.
        record: hears of what the server itself refuses, which the app never sees.
        on_hangup: called on SIGHUP.

    Raises:
        PortInUseError: another program listens on the port.
        OSError: the address cannot be listened on.
    """
    listening = open_socket(options)
    server = Server(app, options, draining or threading.Event(), record, on_hangup)
    with server.bridge.workers:  # they end before the process does, which would cut them off within C++
        server.run([listening])
