"""The forms of requests, and of answers that are not the detector's: the OpenAPI document is generated from them.

At run time only ``openapi`` imports this module: elsewhere its types are hints, and pydantic takes a while to load.
"""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import NotRequired, TypedDict

from backend.images.formats import NAMES
from backend.parts.cutting import DETAILS

Detail = Annotated[
    str, Field(json_schema_extra={"enum": list(DETAILS)}, description="fine: parts of the photo are looked at too.")
]
Threshold = Annotated[float, Field(ge=0, le=1, description="Faces with a lower score are left out.")]


class ImageInJson(TypedDict):
    """A photo in JSON."""

    image: Annotated[str, Field(description=f"Data URL with base64, or bare base64, of a {NAMES}.")]
    threshold: NotRequired[Threshold | None]
    annotate: NotRequired[Annotated[bool | None, Field(description="Add annotated_image.")]]
    detail: NotRequired[Detail | None]


class Health(TypedDict):
    """The process lives."""

    status: Literal["ok"]


class Readiness(TypedDict):
    """The model is loaded and warmed up."""

    status: Literal["ready"]
    model: str
    checksum: Annotated[str, Field(description="SHA-256 of the model's file.", examples=["sha256:6c1f..."])]
    concurrency: Annotated[int, Field(ge=1, description="Photos that are worked on at once.")]
    max_body_bytes: Annotated[int, Field(ge=1, description="Largest request body.")]


class Reloaded(TypedDict):
    """The changed model folder is in use."""

    status: Literal["reloaded"]
    model: str
    checksum: str


class ProblemDocument(TypedDict):
    """An error, as RFC 9457 says."""

    type: Literal["about:blank"]
    title: Annotated[str, Field(examples=["Bad Request"])]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="What was wrong and what would be right, in one sentence.")]
    code: Annotated[str, Field(description="The kind of error; it never changes.")]
    request_id: Annotated[str, Field(description="The request's X-Request-ID; the log names it too.")]
