"""Who may use the API, and the headers that tell browsers what not to do with its answers."""

import hmac

from flask import Flask, Request, Response, request

from backend.web.docs import DOCS_PATH
from backend.web.problems import ApiProblem

PROTECTED = ("api.detect", "docs.metrics")  # endpoints
KEY_HEADER = "X-API-Key"
NOTHING = "default-src 'none'; frame-ancestors 'none'"
# Swagger UI's page has its script and styles inside
OWN_FILES = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def install(app: Flask, api_key: str) -> None:
    """Ask for the key where one is set; add the security headers to every answer."""

    @app.before_request
    def check() -> None:
        protected = request.endpoint in PROTECTED and request.method != "OPTIONS"
        if api_key and protected and not is_key(given_key(request), api_key):
            raise ApiProblem(
                "unauthorized",
                f"This service asks for an API key; send it as {KEY_HEADER}, or as a bearer token in Authorization.",
                {"WWW-Authenticate": "Bearer"},
            )

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Content-Security-Policy"] = OWN_FILES if request.path.startswith(DOCS_PATH) else NOTHING
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def given_key(request: Request) -> str:
    """Return the key that a request carries, or an empty text.

    Not from request.authorization: werkzeug fails on a Basic one that is not ASCII.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return request.headers.get(KEY_HEADER) or bearer


def is_key(given: str, key: str) -> bool:
    """Compare in a time that does not tell how much is right."""
    return hmac.compare_digest(given.encode("latin-1", "replace"), key.encode())
