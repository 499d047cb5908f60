"""An id for every request, a line of the log and a count in the metrics for every answer."""

import logging
import re
import time
import uuid
from dataclasses import dataclass
from urllib.parse import quote

from flask import Flask, Response, g, request

from backend.web.metrics import Metrics

ID_HEADER = "X-Request-ID"
ID = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
LONGEST_PATH = 100
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")

logger = logging.getLogger("request")


@dataclass(frozen=True)
class Answered:
    """What is recorded of an answer: never the photo, the query or a header other than the id.

    Attributes:
        path: percent-encoded and cut, so that nobody writes lines of his own into the log.
        route: the path as the API knows it, or ``other``; the metrics have no more series than there are routes.
        code: of the problem document, None where the request succeeded.
    """

    request_id: str
    method: str
    path: str
    route: str
    status: int
    milliseconds: float
    code: str | None = None
    faces: int | None = None


def choose_id(given: str | None) -> str:
    """Return the client's id if it is 1 to 128 harmless characters, a new one otherwise."""
    return given if given and ID.fullmatch(given) else uuid.uuid4().hex


def record(answered: Answered, metrics: Metrics) -> None:
    """Write the line and count."""
    method = answered.method if answered.method in METHODS else "other"
    metrics.answered(method, answered.route, answered.status, answered.code)
    facts = {name: value for name, value in vars(answered).items() if value is not None and name != "route"}
    parts = [f"{answered.method} {answered.path} {answered.status}", f"{answered.milliseconds:g} ms"]
    parts += [answered.code] if answered.code else []
    parts += [f"{answered.faces} faces"] if answered.faces is not None else []
    logger.info("%s, id %s", ", ".join(parts), answered.request_id, extra=facts)


def loggable(text: str) -> str:
    """Return a client's text without line breaks, control characters and length."""
    return quote(text, safe="/")[:LONGEST_PATH]


def install(app: Flask, metrics: Metrics) -> None:
    """Give each request its id in ``g.request_id``; record each answer."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        g.request_id = choose_id(request.headers.get(ID_HEADER))

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[ID_HEADER] = g.request_id
        answered = Answered(
            request_id=g.request_id,
            method=loggable(request.method),
            path=loggable(request.path),
            route=request.url_rule.rule if request.url_rule else "other",
            status=response.status_code,
            milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
            code=g.get("code"),
            faces=g.get("faces"),
        )
        record(answered, metrics)
        return response
