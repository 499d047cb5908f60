"""waitress's connections, with our answers where it refuses, and a limit to how long a request may take."""

import time
from typing import Any

import orjson
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask
from waitress.utilities import Error

from backend.web.problems import MEDIA_TYPE, ApiProblem
from backend.web.request_log import ID_HEADER, Answered, choose_id, loggable

HELP_FROM_BYTES = 2**16

CODES_OF_WAITRESS = {
    400: ("bad_request", "The request is no valid HTTP."),
    408: ("request_timeout", "The request did not arrive whole in time; send it again."),
    413: ("body_too_large", "The body is more than four times the limit."),
    431: ("headers_too_large", "The headers are over the limit of 256 KiB."),
    501: ("not_implemented", "This transfer encoding is not known; send a Content-Length, or chunked."),
}


class RequestTimeout(Error):  # type: ignore[misc]  # waitress has no types
    """The error of a request that takes too long to arrive."""

    code = 408
    reason = "Request Timeout"


class ProblemTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Answers what waitress itself refuses, with a problem document."""

    def execute(self) -> None:
        """Write the answer and close."""
        started = time.perf_counter()
        code, detail = CODES_OF_WAITRESS.get(
            self.request.error.code, ("internal_error", "The service failed on this request; its log says why.")
        )
        problem = ApiProblem(code, detail)
        request_id = choose_id(self.request.headers.get("X_REQUEST_ID"))
        document = problem.document(request_id)
        body = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
        self.status = f"{problem.status} {document['title']}"
        self.response_headers += [
            ("Content-Type", MEDIA_TYPE),
            (ID_HEADER, request_id),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
        self.channel.server.refused(
            Answered(
                request_id=request_id,
                method=loggable(self.request.command or "unknown"),
                path=loggable(self.request.path or "unknown"),
                route="other",
                status=problem.status,
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                code=code,
            )
        )


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """waitress's parser, stricter in three points.

    - urllib's ValueError, for a target such as http://[::1/, is an error of the request.
    - Content-Length beside Transfer-Encoding, by which requests are smuggled past proxies, is refused (RFC 9112, 6.1).
    - ``Expect: 100-continue`` does not invite a body that is too large already.
    """

    path = command = ""  # where the request line cannot be read, waitress sets neither

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request line and headers."""
        names = {line.partition(b":")[0].strip().lower() for line in header_plus.split(b"\r\n")[1:]}
        if {b"content-length", b"transfer-encoding"} <= names:
            raise ParsingError("Content-Length beside Transfer-Encoding")
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError(str(error)) from None
        if self.content_length >= self.adj.max_request_body_size:
            self.expect_continue = False


class ProblemChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection whose errors are problem documents, and that knows since when its request is arriving.

    Attributes:
        began: when the request began that has not arrived whole; before its first byte, when the connection was opened
            or its last request arrived (time.monotonic).
    """

    error_task_class = ProblemTask
    parser_class = Parser
    request: Any
    requests: list[Any]
    total_outbufs_len: int
    will_close: bool
    close_when_flushed: bool

    def __init__(self, *args: Any, **kwargs: Any):
        self.began = time.monotonic()
        super().__init__(*args, **kwargs)

    def received(self, data: bytes) -> Any:
        """Take what came in."""
        before = self.request
        result = super().received(data)
        if self.request is not before:
            self.began = time.monotonic()
        return result

    def writable(self) -> bool:
        """Whether the loop should send what is left.

        While a request is worked on, its thread sends the answer itself. The loop would try in vain, again and again,
        and take Python's lock from that thread; it helps only where the client takes less than it is sent.
        """
        is_left = self.total_outbufs_len > (HELP_FROM_BYTES if self.requests else 0)
        return bool(is_left or self.will_close or self.close_when_flushed)

    @property
    def has_headers(self) -> bool:
        """Whether a request is arriving of which only the body is missing."""
        return self.request is not None and self.request.headers_finished

    @property
    def idle(self) -> bool:
        """Whether nothing is arriving, worked on or being sent."""
        return not (self.request or self.requests or self.total_outbufs_len)

    @property
    def droppable(self) -> bool:
        """Whether no request has arrived whole that is not answered."""
        return not (self.requests or self.total_outbufs_len)

    def time_out(self) -> None:
        """Answer 408 to the request that is arriving, and close."""
        with self.requests_lock:
            request, self.request = self.request, None
            if request is None:
                return
            request.error = RequestTimeout("")
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)
