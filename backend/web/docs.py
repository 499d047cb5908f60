"""The API describes itself: ``/openapi.json``, ``/docs`` (Swagger UI, from its package) and ``/metrics``."""

from http import HTTPStatus

from flask import Blueprint, Response, current_app, jsonify, request
from flask_swagger_ui import get_swaggerui_blueprint
from prometheus_client.exposition import choose_encoder

from backend.web.service import current_service

OPENAPI_PATH = "/openapi.json"
DOCS_PATH = "/docs"
LONGEST_ACCEPT = 1000

routes = Blueprint("docs", __name__)
swagger_ui: Blueprint = get_swaggerui_blueprint(
    DOCS_PATH,
    f"..{OPENAPI_PATH}",
    config={
        "app_name": "Face mask detector: API",
        "validatorUrl": None,  # it would send the document to a service of Swagger's
        "oauth2RedirectUrl": None,
    },
)


@swagger_ui.before_request
def end_with_a_slash() -> Response | None:
    """Send a browser from ``/docs`` to ``docs/``: all its addresses are relative, so a proxy may add a prefix."""
    if request.path == DOCS_PATH:
        return Response(status=HTTPStatus.PERMANENT_REDIRECT, headers={"Location": f"{DOCS_PATH[1:]}/"})
    return None


@swagger_ui.after_request
def make_addresses_relative(response: Response) -> Response:
    """Let the page of Swagger UI's package name its files without the prefix that it knows."""
    if response.mimetype == "text/html":
        response.set_data(response.get_data().replace(f'"{DOCS_PATH}/'.encode(), b'"./'))
    return response


@routes.get(OPENAPI_PATH)
def openapi() -> Response:
    """Return the OpenAPI document."""
    from backend.web.openapi import document  # pydantic, which it needs, takes a while to load

    return jsonify(document(secured=current_app.config["SECURED"]))


@routes.get("/metrics")
def metrics() -> Response:
    """Return the metrics in the format that the client asks for."""
    try:
        encode, content_type = choose_encoder(request.headers.get("Accept", "")[:LONGEST_ACCEPT])
    except (TypeError, ValueError):  # of a version that is no number
        encode, content_type = choose_encoder("")
    return Response(encode(current_service().metrics.registry), content_type=content_type)
