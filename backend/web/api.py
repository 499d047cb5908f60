"""The routes of the JSON API."""

import logging
import time
from http import HTTPStatus

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from backend.web.problems import CODES_OF_ERRORS, MEDIA_TYPE, ApiProblem
from backend.web.reloading import Reloader
from backend.web.request_image import read_image_request
from backend.web.server.bridge import GONE
from backend.web.service import current_service
from backend.web.turn import Turn

logger = logging.getLogger(__name__)
USUAL_LOOKS = 5  # at an ordinary photo, where the URL already says that it is looked at in parts
routes = Blueprint("api", __name__)


@routes.post("/api/")
def detect() -> Response:
    """Find the faces in a photo.

    The body is taken apart only once the request is admitted: what waits is as small as it was sent.
    """
    service = current_service()
    arrived = time.perf_counter()
    expected = USUAL_LOOKS if request.args.get("detail") == "fine" else 1
    gone = request.environ.get(GONE, lambda: False)
    with Turn(service.admission, service.cores, service.stagger, gone, expected) as turn:
        admitted = time.perf_counter()
        asked = read_image_request(request)
        read = time.perf_counter()
        detector = service.detector  # the same one to the end, should the model be reloaded
        turn.takes(detector.count_parts(asked.data, asked.detail))
        answer = detector.predict(
            img_bin=asked.data,
            threshold=asked.threshold,
            annotate=asked.annotate,
            detail=asked.detail,
            between=turn.between,
        )
        turn.end_if_others_wait()
        service.metrics.detected(answer, queue=admitted - arrived, read=read - admitted)
        g.faces = len(answer["results"])
        return jsonify(answer)


@routes.get("/healthz")
def health() -> Response:
    """Say that the process lives."""
    return jsonify(status="ok")


@routes.get("/readyz")
def readiness() -> Response:
    """Say that the model is loaded and warmed up, or 503 while the service shuts down."""
    if current_service().draining.is_set():
        raise ApiProblem("draining", "The service is shutting down; ask another one.", {"Retry-After": "5"})
    return jsonify(
        status="ready",
        model=current_service().detector.name,
        checksum=current_service().detector.checksum,
        concurrency=current_service().admission.concurrency,
        max_body_bytes=current_app.config["MAX_CONTENT_LENGTH"],
    )


@routes.post("/admin/reload")
def reload_model() -> Response:
    """Take a changed model folder into use; only where an API key guards it."""
    reloader: Reloader = current_app.extensions["reloader"]
    if not current_app.config["SECURED"]:
        raise ApiProblem("not_found", "There is no reloading here: set API_KEY to have it, or send SIGHUP.")
    detector = reloader.reload()
    return jsonify(status="reloaded", model=detector.name, checksum=detector.checksum)


def register_errors(app: Flask) -> None:
    """Turn every exception into a problem document."""
    app.register_error_handler(ApiProblem, answer_problem)
    for kind in CODES_OF_ERRORS:
        app.register_error_handler(kind, answer_detector_error)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_defect)


def answer_problem(problem: ApiProblem) -> Response:
    """Answer with a problem document."""
    g.code = problem.code
    response = jsonify(problem.document(g.request_id))
    response.status_code = problem.status
    response.mimetype = MEDIA_TYPE
    response.headers.extend(problem.headers)
    return response


def answer_detector_error(error: Exception) -> Response:
    """Answer what the detector says is wrong with the request."""
    code = CODES_OF_ERRORS[type(error)]
    if code == "inference_failed":
        logger.error("inference failed", exc_info=error)
    if code == "out_of_memory":
        detail = "The service has no memory left for this photo at the moment; try again in 1 s."
        return answer_problem(ApiProblem(code, detail, {"Retry-After": "1"}))
    return answer_problem(ApiProblem(code, str(error)))


def answer_http_error(error: HTTPException) -> Response:
    """Answer an error that Flask found: no such path or method, a body over the limit, a form that is none."""
    headers = dict(error.get_headers())
    if isinstance(error, RequestEntityTooLarge):
        limit = current_app.config["MAX_CONTENT_LENGTH"] / 2**20
        if (request.content_length or 0) <= current_app.config["MAX_CONTENT_LENGTH"]:
            return answer_problem(ApiProblem("body_too_large", "The form has too many fields; send one photo."))
        return answer_problem(ApiProblem("body_too_large", f"The body is over the limit of {limit:g} MiB."))
    if error.code == HTTPStatus.NOT_FOUND:
        return answer_problem(ApiProblem("not_found", "There is nothing at this path; the API is at POST /api/."))
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = {name: value for name, value in headers.items() if name == "Allow"}
        detail = f"This path does not take {request.method[:20]}; it takes {allowed.get('Allow', 'others')}."
        return answer_problem(ApiProblem("method_not_allowed", detail, allowed))
    if error.code == HTTPStatus.BAD_REQUEST:
        return answer_problem(ApiProblem("bad_request", "The request cannot be read; send it as the API describes."))
    return answer_defect(error)


def answer_defect(error: Exception) -> Response:
    """Answer 500 for a defect; what it was goes into the log only."""
    logger.error("unhandled error", exc_info=error)
    return answer_problem(ApiProblem("internal_error", "The service failed on this request; its log says why."))
