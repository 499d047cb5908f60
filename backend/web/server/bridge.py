"""A WSGI app as an ASGI one: the loop reads the whole body and sends the whole answer, a thread works in between."""

import asyncio
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from backend.web.server.connection import Connection
from backend.web.server.options import ServerOptions
from backend.web.server.workers import Workers

GONE = "server.client_gone"  # in the WSGI environment: a function that says whether nobody waits any more
SMALL_ANSWER = 2**16  # bytes; for those there is always room
READ_ANYWAY = 4  # bodies up to this many times the limit are read on, so that the client sees the 413

Environ = dict[str, Any]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


@dataclass
class Bridge:
    """The ASGI app.

    Attributes:
        app: the WSGI app.
        options: limits, and the number of threads.
        connections: those that are open; where too many bytes are held, one of them loses its body.
        held: bytes of bodies that are held now.
    """

    app: Callable[..., Any]
    options: ServerOptions
    connections: set[Connection] = field(default_factory=set)
    held: int = 0

    def __post_init__(self) -> None:
        self.workers = Workers(self.options.threads)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        answer = await self.answer(scope, receive)
        if answer is not None:
            status, headers, content = answer
            if len(content) > SMALL_ANSWER and self.is_full(len(content), scope["connection"]):
                scope["connection"].refuse("overloaded")
                return
            try:
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": content})
            except asyncio.CancelledError:  # the time to end in is over, and the client has not taken its answer
                scope["connection"].give_up_answers()

    def is_full(self, size: int, newcomer: Connection) -> bool:
        """Say whether answers that other clients have not taken leave no room for another one."""
        untaken = sum(one.transport.get_write_buffer_size() for one in self.connections if one is not newcomer)
        return untaken > 0 and untaken + size > self.options.max_bodies_bytes

    async def answer(self, scope: Any, receive: Any) -> Answer | None:
        """Read the body and call the app; what has been refused has no answer. The body is gone before that is sent."""
        connection: Connection = scope["connection"]
        body = io.BytesIO()
        try:
            length = await self.read(scope, receive, body)
            if not connection.is_open:
                return None
            environ = build_environ(scope, body, length, lambda: not connection.is_open)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.workers, self.work, environ)
        except asyncio.CancelledError:  # the time to end in is over
            connection.refuse("draining")
            return None
        finally:  # neither moved nor closed: where it was cancelled, the thread reads it still
            self.held -= len(body.getvalue())

    async def read(self, scope: Any, receive: Any, body: io.BytesIO) -> int:
        """Read the body, and return its length; of one that is too large nothing is kept: the app only says so.

        What cannot even be told so is refused here, and the connection is not open any more then.
        """
        connection: Connection = scope["connection"]
        limit, length = self.options.max_body_bytes, declared_length(scope)
        if length > READ_ANYWAY * limit:
            connection.refuse("body_too_large", f"{limit / 2**20:g} MiB")
        more = length <= limit
        while more and connection.is_open:
            message = await receive()
            content, more = message.get("body", b""), message.get("more_body", False)
            length = max(length, body.tell() + len(content))
            if length > limit:
                self.held -= body.tell()
                body.truncate(body.seek(0))
                return length
            if self.held + len(content) > self.options.max_bodies_bytes and not self.free(connection):
                connection.refuse("overloaded")
                return length
            self.held += body.write(content)
        return length

    def free(self, newcomer: Connection) -> bool:
        """Give up the body that has been arriving longest; return whether there was another one."""
        arriving = [one for one in self.connections if one.arriving and one.has_headers and one is not newcomer]
        if not arriving:
            return False
        min(arriving, key=lambda one: one.began).refuse_last("overloaded")
        return True

    def work(self, environ: Environ) -> Answer:
        """Call the WSGI app."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., None]:
            started[:] = [status, headers]
            return lambda _: None

        parts = self.app(environ, start_response)
        try:
            content = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = started
        # uvicorn gives the date; Flask's send_file would give a second one
        sent = [header for header in headers if header[0].lower() != "date"]
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent]
        return int(status[:3]), encoded, content


def declared_length(scope: Any) -> int:
    """Return the Content-Length, which llhttp has found to be a number; 0 without."""
    return next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)


def build_environ(scope: Any, body: io.BytesIO, length: int, gone: Callable[[], bool]) -> Environ:
    """Return the WSGI environment (PEP 3333) of a request whose body has arrived; ``length`` is what it had."""
    body.seek(0)
    server, client = scope["server"] or ("", 0), scope["client"] or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        GONE: gone,
    }
    for name, value in scope["headers"]:
        if b"_" in name or name == b"transfer-encoding":  # X_Foo would pass for X-Foo
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.strip(b" \t").decode("latin-1")  # blanks around it are no part of it (RFC 9110, 5.5)
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ["CONTENT_LENGTH"] = str(length)
    return environ
