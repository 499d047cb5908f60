"""The API describes itself: ``/openapi.json``, ``/docs`` (Swagger UI, from its package) and ``/metrics``."""

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
    OPENAPI_PATH,
    config={
        "app_name": "Face mask detector: API",
        "validatorUrl": None,  # it would send the document to a service of Swagger's
        "oauth2RedirectUrl": None,
    },
)


@swagger_ui.before_request
def send_files_whole() -> None:
    """Ignore Range, as a server may: werkzeug's answer to one that cannot be met is none of ours."""
    request.environ.pop("HTTP_RANGE", None)


@swagger_ui.after_request
def make_addresses_relative(response: Response) -> Response:
    """Let the page of Swagger UI's package name its files relative to itself: a proxy may add a prefix."""
    if response.mimetype == "text/html":
        up, here = ("../", "./") if request.path.endswith("/") else ("", f"{DOCS_PATH[1:]}/")
        page = response.get_data().replace(f'"{DOCS_PATH}/'.encode(), f'"{here}'.encode())
        response.set_data(page.replace(f'"{OPENAPI_PATH}"'.encode(), f'"{up}{OPENAPI_PATH[1:]}"'.encode()))
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
