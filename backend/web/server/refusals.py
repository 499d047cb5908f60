"""What the server itself refuses, as problem documents: the app never sees these requests."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from backend.web.problems import MEDIA_TYPE, ApiProblem
from backend.web.request_log import ID_HEADER, Answered, choose_id, loggable

DETAILS = {
    "bad_request": "The request is no valid HTTP.",
    "request_timeout": "The request did not arrive whole in time; send it again.",
    "body_too_large": "The body is over the limit of {limit}.",
    "headers_too_large": "The path and headers are over the limit of {limit}.",
    "not_implemented": "This transfer encoding is not known; send a Content-Length, or chunked.",
    "overloaded": "Too much is arriving at once; try again in 1 s.",
    "draining": "The service is shutting down; ask another one.",
}
RETRY_AFTER = {"overloaded": "1", "draining": "5"}

Recorder = Callable[[Answered], None]


@dataclass(frozen=True)
class Refusal:
    """An answer that the server gives by itself: status, headers and body, and what is recorded of it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    answered: Answered


def refuse(code: str, method: str = "unknown", path: str = "unknown", given_id: str = "", limit: str = "") -> Refusal:
    """Return the answer for one of DETAILS; the connection is closed after it."""
    headers = {"Retry-After": RETRY_AFTER[code]} if code in RETRY_AFTER else {}
    problem = ApiProblem(code, DETAILS[code].format(limit=limit), headers)
    request_id = choose_id(given_id)
    body = orjson.dumps(problem.document(request_id), option=orjson.OPT_APPEND_NEWLINE)
    headers |= {
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        ID_HEADER: request_id,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Access-Control-Allow-Origin": "*",  # a page may read it wherever it comes from
        "Connection": "close",
    }
    answered = Answered(
        request_id=request_id,
        method=loggable(method),
        path=loggable(path),
        route="other",
        status=problem.status,
        milliseconds=0.0,
        code=code,
    )
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Refusal(problem.status, encoded, body, answered)


def in_bytes(refusal: Refusal) -> bytes:
    """Return a refusal as it goes over the wire, for a request whose head was not even read."""
    lines = [b"HTTP/1.1 %d %b" % (refusal.status, HTTPStatus(refusal.status).phrase.encode())]
    lines += [b"%b: %b" % header for header in refusal.headers]
    return b"\r\n".join([*lines, b"", refusal.body])
