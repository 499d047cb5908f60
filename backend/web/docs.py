"""The API describes itself: ``/openapi.json``, ``/docs`` (Swagger UI, from its package) and ``/metrics``."""

from flask import Blueprint, Response, current_app, jsonify, request
from flask_swagger_ui import get_swaggerui_blueprint
from prometheus_client.exposition import choose_encoder

from backend.web.service import current_service

OPENAPI_PATH = "/openapi.json"
DOCS_PATH = "/docs"
LONGEST_ACCEPT = 1000

routes = Blueprint("docs", __name__)
swagger_ui = get_swaggerui_blueprint(
    DOCS_PATH,
    OPENAPI_PATH,
    config={
        "app_name": "Face mask detector: API",
        "validatorUrl": None,  # it would send the document to a service of Swagger's
        "oauth2RedirectUrl": None,
    },
)


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
    except ValueError:  # the version is no number
        encode, content_type = choose_encoder("")
    return Response(encode(current_service().metrics.registry), content_type=content_type)
