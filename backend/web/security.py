"""Who may use the API, under which names, and the headers that tell browsers what not to do with its answers."""

import hmac
import re

from flask import Flask, Request, Response, request

from backend.addresses import address, host_name
from backend.settings import Settings
from backend.web.docs import DOCS_PATH
from backend.web.problems import ApiProblem

PROBES = ("api.health", "api.readiness", "docs.metrics")  # endpoints that Kubernetes and Prometheus ask by address
PROTECTED = ("api.detect", "api.reload_model", "docs.metrics")
KEY_HEADER = "X-API-Key"
NO_NAME = re.compile(r"\.?(:\d{0,5})?$")  # what is no part of a Host's name: the root's dot, and a port
LONGEST_HOST = 260
NOTHING = "default-src 'none'; frame-ancestors 'none'"
# Swagger UI's page has its script and styles inside
OWN_FILES = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def install(app: Flask, settings: Settings) -> None:
    """Refuse other hosts and other sites' pages, ask for the key where one is set, add headers to every answer."""
    api_key, hosts, origins = settings.api_key, settings.hosts, settings.allowed_origins

    @app.before_request
    def check() -> None:
        check_host(request, hosts, by_address=bool(settings.allowed_hosts) and request.endpoint in PROBES)
        if request.endpoint in PROTECTED and request.method == "POST":
            check_site(request, origins)
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


def check_host(request: Request, hosts: tuple[str, ...], by_address: bool = False) -> None:
    """Refuse a Host that is not among the names, where there are any: a page may have had its own name lead here.

    That is DNS rebinding, by which a web page passes for this service's own; it takes a name.

    Args:
        request: the request.
        hosts: as Settings.hosts has them.
        by_address: whether any address will do, too.
    """
    named = request.headers.get("Host")
    if not hosts or named is None:
        return
    name = NO_NAME.sub("", named[:LONGEST_HOST])
    if name not in hosts and spelled_usually(name) not in hosts and not (by_address and address(name)):
        raise ApiProblem(
            "host_not_allowed",
            f"This service does not go by the name {named[:LONGEST_HOST]!r}; add it to ALLOWED_HOSTS to let it.",
        )


def spelled_usually(name: str) -> str:
    """Return a Host's name as settings have it; of what is none an empty text."""
    try:
        return host_name(name)
    except ValueError:
        return ""


def check_site(request: Request, origins: tuple[str, ...]) -> None:
    """Refuse a request that a browser sends for a page of an origin that is not allowed.

    A form, or a text, is sent across sites without asking first: the answer is hidden then, the work done all the same.
    """
    site, origin = request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Origin")
    own = site == "same-origin" or origin is None or origin.partition("://")[2] == request.headers.get("Host")
    allowed = "*" in origins or origin in origins or (site in ("same-origin", "none", "") and own)
    if not allowed:
        shown = (origin or site)[:LONGEST_HOST]
        raise ApiProblem(
            "cross_site", f"Pages of {shown!r} may not use this service; add their origin to CORS_ORIGINS to let them."
        )


def given_key(request: Request) -> str:
    """Return the key that a request carries, or an empty text.

    Not from request.authorization: werkzeug fails on a Basic one that is not ASCII.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = token.strip(" \t") if scheme.lower() == "bearer" else ""
    return request.headers.get(KEY_HEADER) or bearer


def is_key(given: str, key: str) -> bool:
    """Compare in a time that does not tell how much is right."""
    return hmac.compare_digest(given.encode("latin-1", "replace"), key.encode())
