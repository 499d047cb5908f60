"""One connection: uvicorn's HTTP/1.1 protocol, with limits to what a client may send and to how long it may take.

Attributes and callbacks of the base class are uvicorn's; those here say since when the connection waits for its client.
"""

import socket
from contextlib import suppress
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from backend.web.server.options import ServerOptions
from backend.web.server.refusals import Recorder, in_bytes, refuse
from backend.web.server.room import make_room
from backend.web.server.upgrades import plain_head

MOST_HEAD_BYTES = 2**16  # of the path, and of the headers' names and values
HEAD_LIMIT = f"{MOST_HEAD_BYTES // 1024} KiB"
SPARE_CONNECTIONS = 64  # between two looks; a newcomer should have had the time to say what it wants
LINGER_SECONDS = 2.0
STALLED_SECONDS = 1.0
MOST_UNSENT_BYTES = 2**17  # in the kernel
MOST_PIPELINED = 16  # requests that wait on a connection; what came after them is parsed later
SLICE_BYTES = 2**12  # parsed at once, where no body arrives
MOST_QUEUED = 256  # a slice of short requests has fewer; behind a body there may be more
MOST_BACKLOG_BYTES = 2**18  # not parsed yet; asyncio reads as much at once
TRANSFER_ENCODINGS = (b"", b"identity", b"chunked")


class Connection(HttpToolsProtocol):
    """A connection that knows what it waits for.

    Attributes:
        options, record: set by the subclass that serves; see connection_class.
        began: when the request began that has not arrived whole, or the connection became idle (loop time).
        heard: when the client last sent something, or took something of its answer.
        arriving: whether a request has begun and not arrived whole.
        has_headers: whether its headers have.
        refused_at: when the server itself answered a request, and closed its side.
        unread: bytes that the client had not taken when it was looked at last.
        unread_since: since when there have been some.
        overhead: bytes since the last of the body, of chunks' headers and of trailers.
        head_without_upgrade: the request's head to be parsed again, where it asked for another protocol.
        running: uvicorn's state of the request that is worked on.
        backlog: bytes that came in and are not parsed yet.
        unanswered: requests whose headers have been taken, and whose answer is not complete.
        postponed: the refusal, as for refuse, that is due once the requests before it are answered.
    """

    options: ServerOptions
    record: Recorder

    def connection_made(self, transport: Any) -> None:
        """Begin; where far too many come at once, some make room now, and not after the next look."""
        super().connection_made(transport)
        # asyncio does so only for sockets that were made with a protocol number; else the second write of each answer
        # waits 40 ms for the client's acknowledgement of the first
        opened = transport.get_extra_info("socket")
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # else Linux takes 4 MB of answers for a client that never reads
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT_BYTES)
        self.began = self.heard = self.unread_since = self.loop.time()
        self.arriving = self.has_headers = False
        self.head_bytes = self.overhead = self.unread = 0
        self.head_without_upgrade = b""
        self.refused_at: float | None = None
        self.running: Any = None
        self.backlog = b""
        self.unanswered = 0
        self.postponed: tuple[str, str] | None = None
        make_room(self.connections, self.options.connection_limit + SPARE_CONNECTIONS)

    def data_received(self, data: bytes) -> None:
        """Take what came in."""
        if not self.takes_more:
            return
        self.heard = self.loop.time()
        self.backlog += data
        self.parse()
        if len(self.backlog) > MOST_BACKLOG_BYTES:
            self.refuse_last("overloaded")

    def parse(self) -> None:
        """Parse what came in, till enough requests wait; the client is read again when fewer do."""
        while self.backlog and self.takes_more and len(self.pipeline) < MOST_PIPELINED:
            size = len(self.backlog) if self.has_headers else SLICE_BYTES
            part, self.backlog = self.backlog[:size], self.backlog[size:]
            if self.has_headers:
                self.overhead += len(part)
            else:
                self.head_bytes += len(part)
            self.feed(part)
            if max(self.overhead, self.head_bytes) > MOST_HEAD_BYTES:
                self.refuse_last("headers_too_large", HEAD_LIMIT)
        if self.backlog:
            self.flow.pause_reading()

    def feed(self, part: bytes) -> None:
        """Hand bytes to the parser; a request that asks for another protocol is parsed again as one that does not."""
        self._unset_keepalive_if_required()
        while part:
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserError:
                self.send_400_response("")
            except httptools.HttpParserUpgrade as upgrade:
                head, self.head_without_upgrade = self.head_without_upgrade, b""
                if head and self.takes_more:
                    self.parser = httptools.HttpRequestParser(self)
                    self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
                    part = head + part[upgrade.args[0] :]
                    continue
            return

    def on_message_begin(self) -> None:
        """Note when a request begins."""
        super().on_message_begin()
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]  # for the bridge
        self.began = self.loop.time()
        self.arriving, self.has_headers = True, False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what follows the body may not pass for one."""
        if not self.has_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Refuse what the headers say cannot be taken; else start the request."""
        if not self.takes_more:
            return
        self.head_bytes = 0
        method = self.parser.get_method()
        if self.parser.should_upgrade() and method != b"CONNECT":
            self.head_without_upgrade = plain_head(method, self.url, self.parser.get_http_version(), self.headers)
        elif len(self.pipeline) >= MOST_QUEUED:
            self.refuse_last("overloaded")
        elif len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MOST_HEAD_BYTES:
            self.refuse_last("headers_too_large", HEAD_LIMIT)
        elif self.encoding() not in TRANSFER_ENCODINGS:
            self.refuse_last("not_implemented")
        else:
            super().on_headers_complete()
            self.has_headers = True
            self.unanswered += 1

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, unless the request was refused."""
        self.overhead = 0
        if self.cycle is not None and self.takes_more:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request has arrived whole."""
        if self.head_without_upgrade:
            return
        self.arriving = self.has_headers = False
        self.head_bytes = self.overhead = 0
        self.began = self.loop.time()
        if self.cycle is not None and self.takes_more:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or refuse what came after the last."""
        self.unanswered -= 1
        super().on_response_complete()
        self.parse()
        if self.postponed and not self.unanswered:
            self.refuse(*self.postponed)

    def encoding(self) -> bytes:
        """Return the transfer encoding of the request."""
        return next((value.lower().strip() for name, value in self.headers if name == b"transfer-encoding"), b"")

    def refuse(self, code: str, limit: str = "") -> None:
        """Answer a problem, where nothing of an answer was sent yet, and close.

        What the client goes on sending is read for a moment, and thrown away: closing at once would take the answer
        from it.
        """
        if not self.is_open:
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            refusal = refuse(code, *asked(self.scope or {}), limit)
            self.transport.write(in_bytes(refusal))
            self.record(refusal.answered)
        self.give_up_answers()
        self.refused_at = self.loop.time()
        self.arriving = False
        self.flow.resume_reading()
        with suppress(OSError):  # the client may have gone just now
            if self.transport.can_write_eof():
                self.transport.write_eof()

    def give_up_answers(self) -> None:
        """Let nothing more be written by the request that is worked on, and the one that arrives."""
        for cycle in (self.running, self.cycle):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what nobody waits for."""
        self.give_up_answers()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Note which request is worked on; uvicorn knows only the one that came last."""
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def refuse_last(self, code: str, limit: str = "") -> None:
        """Refuse the request that is arriving, after the answers to those that arrived whole before it."""
        if not self.takes_more:
            return
        before = self.unanswered - self.is_last_taken
        if self.is_last_taken and self.pipeline:
            self.pipeline.popleft()
            self.unanswered = before
        self.arriving, self.backlog = False, b""
        if before:
            self.postponed = (code, limit)
        else:
            self.refuse(code, limit)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP; uvicorn calls it."""
        self.refuse_last("bad_request")

    def timeout_keep_alive_handler(self) -> None:
        """Do nothing: look_after knows of idle connections too."""

    @property
    def is_open(self) -> bool:
        """Whether answers can still be sent."""
        return self.refused_at is None and not self.transport.is_closing()

    @property
    def takes_more(self) -> bool:
        """Whether requests are still taken."""
        return self.is_open and self.postponed is None

    @property
    def is_last_taken(self) -> bool:
        """Whether the request that is arriving is among the unanswered."""
        return self.arriving and self.has_headers and self.cycle is not None and not self.cycle.response_complete

    @property
    def busy(self) -> bool:
        """Whether a request has arrived whole that is not answered."""
        return self.unanswered > self.is_last_taken

    @property
    def droppable(self) -> bool:
        """Whether closing it loses no request that has arrived whole, nor an answer that its client takes."""
        return not self.busy and (not self.unread or self.stalled)

    @property
    def stalled(self) -> bool:
        """Whether the client takes nothing of its answer."""
        return bool(self.unread) and self.loop.time() - self.heard > STALLED_SECONDS

    def look_after(self, now: float) -> None:
        """End what takes too long: an idle connection, a request that drips, an answer that nobody takes."""
        if self.refused_at is not None and now - self.refused_at > LINGER_SECONDS:
            self.transport.abort()
            return
        unread = self.transport.get_write_buffer_size()
        if unread < self.unread:
            self.heard = now
        if not unread or not self.unread:
            self.unread_since = now
        self.unread = unread
        too_silent = now - self.heard > self.options.idle_timeout
        if unread:
            if too_silent or now - self.unread_since > self.options.request_timeout:
                self.transport.abort()
        elif self.arriving and now - self.began > self.options.request_timeout:
            self.refuse_last("request_timeout")
        elif too_silent and not self.busy:
            self.transport.close()


def asked(scope: Any) -> tuple[str, str, str]:
    """Return method, path and the client's request id, as far as they are known."""
    headers = dict(scope.get("headers") or [])
    return (
        scope.get("method", "unknown"),
        scope.get("path", "unknown"),
        headers.get(b"x-request-id", b"").decode("latin-1"),
    )


def connection_class(options: ServerOptions, record: Recorder) -> type[Connection]:
    """Return the protocol class of a server."""
    return type("ServedConnection", (Connection,), {"options": options, "record": staticmethod(record)})
