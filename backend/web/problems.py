"""Every error that a client can see, in one table, and its form: ``application/problem+json`` (RFC 9457)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from backend.images import errors as image_errors
from backend.model import errors as model_errors
from backend.parts.cutting import DetailError

if TYPE_CHECKING:
    from backend.web.schemas import ProblemDocument

MEDIA_TYPE = "application/problem+json"
CLIENT_CLOSED_REQUEST = 499  # nginx's number; HTTP has none for what nobody receives


@dataclass(frozen=True)
class Problem:
    """A kind of error: its HTTP status and when it happens."""

    status: int
    when: str


PROBLEMS = {
    "invalid_json": Problem(400, "The body says it is JSON and is not."),
    "not_an_object": Problem(400, "The JSON body is no object."),
    "missing_image": Problem(400, "The request carries no image."),
    "invalid_base64": Problem(400, "The image is no data URL with base64 and no bare base64."),
    "empty_image": Problem(400, "The image has 0 bytes."),
    "invalid_threshold": Problem(400, "The threshold is no number from 0 to 1."),
    "invalid_annotate": Problem(400, "annotate is no boolean."),
    "invalid_detail": Problem(400, "detail is neither normal nor fine."),
    "bad_request": Problem(400, "The request is no valid HTTP."),
    "unauthorized": Problem(401, "The service asks for an API key, and the request has none or a wrong one."),
    "cross_site": Problem(403, "A browser sent the request from a page of an origin that is not allowed."),
    "not_found": Problem(404, "There is nothing at this path."),
    "method_not_allowed": Problem(405, "The path does not take this method."),
    "request_timeout": Problem(408, "The request did not arrive whole in time."),
    "body_too_large": Problem(413, "The body is over the limit."),
    "image_too_large": Problem(413, "The image declares more pixels than the limit."),
    "unsupported_media_type": Problem(415, "The Content-Type is none that the API takes."),
    "unsupported_image": Problem(415, "The bytes are no JPEG, PNG, WebP, BMP, GIF, TIFF or AVIF."),
    "host_not_allowed": Problem(421, "The request names a host that this service is not."),
    "reloading": Problem(409, "The model is being reloaded already."),
    "model_refused": Problem(409, "The changed model folder cannot be served; the old model is still in use."),
    "undecodable_image": Problem(422, "The image is truncated or corrupt."),
    "headers_too_large": Problem(431, "The request's headers are over the limit."),
    "client_gone": Problem(
        CLIENT_CLOSED_REQUEST, "The client closed the connection before its turn came; only log and metrics see it."
    ),
    "internal_error": Problem(500, "A defect of the service."),
    "inference_failed": Problem(500, "The model failed on this photo."),
    "not_implemented": Problem(501, "The request uses a transfer encoding that the server does not know."),
    "overloaded": Problem(503, "Too many requests are waiting; Retry-After says when to try again."),
    "out_of_memory": Problem(503, "The service has no memory left for this photo at the moment."),
    "draining": Problem(503, "The service is shutting down."),
}

# what the detector raises; running out of memory is no fault of the photo
CODES_OF_ERRORS: dict[type[Exception], str] = {
    image_errors.EmptyImageError: "empty_image",
    image_errors.UnsupportedImageError: "unsupported_image",
    image_errors.UndecodableImageError: "undecodable_image",
    image_errors.ImageTooLargeError: "image_too_large",
    model_errors.ThresholdError: "invalid_threshold",
    DetailError: "invalid_detail",
    model_errors.InferenceError: "inference_failed",
    MemoryError: "out_of_memory",
}


class ApiProblem(Exception):
    """Ends a request with a problem.

    Args:
        code: a key of PROBLEMS.
        detail: one sentence that says what was wrong and what would be right.
        headers: added to the answer.
    """

    def __init__(self, code: str, detail: str, headers: dict[str, str] | None = None):
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = PROBLEMS[code].status
        self.headers = headers or {}

    def document(self, request_id: str) -> "ProblemDocument":
        """Return the body of the answer."""
        return {
            "type": "about:blank",
            "title": title(self.status),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }


def title(status: int) -> str:
    """Return the phrase of a status."""
    return "Client Closed Request" if status == CLIENT_CLOSED_REQUEST else HTTPStatus(status).phrase
