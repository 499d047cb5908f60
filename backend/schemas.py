"""The forms of requests and answers: the detector's types, and what the OpenAPI document is generated from.

At run time only ``openapi`` imports this module: elsewhere its types are hints, and pydantic takes a while to load.
"""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import NotRequired, TypedDict

from backend.problems import PROBLEMS

Pixels = Annotated[int, Field(ge=1)]
Milliseconds = Annotated[float, Field(ge=0)]
Threshold = Annotated[float, Field(ge=0, le=1, description="Faces with a lower score are left out.")]


class Face(TypedDict):
    """One face."""

    label: Annotated[str, Field(description="Its class by name, from infer_cfg.yml.", examples=["face_mask"])]
    class_id: Annotated[int, Field(ge=0, description="Its class by number.", examples=[1])]
    score: Annotated[float, Field(ge=0, le=1, examples=[0.974])]
    box: Annotated[
        list[float],
        Field(
            min_length=4,
            max_length=4,
            description="x1, y1, x2, y2 in pixels of the upright photo; x1 < x2, y1 < y2.",
            examples=[[296.7, 105.5, 480.2, 347.2]],
        ),
    ]


class ImageSize(TypedDict):
    """The size of the upright photo, its EXIF orientation applied."""

    width: Pixels
    height: Pixels


class Timing(TypedDict):
    """How long the parts took, in milliseconds."""

    decode: Milliseconds
    preprocess: Milliseconds
    inference: Milliseconds
    total: Milliseconds


class Model(TypedDict):
    """The model that answered."""

    name: str
    labels: list[str]
    threshold: Annotated[float, Field(ge=0, le=1, description="The default where a request names none.")]


class Answer(TypedDict):
    """The faces of a photo, by falling score."""

    results: list[Face]
    image: ImageSize
    annotated_image: NotRequired[Annotated[str, Field(description="JPEG data URL with the boxes drawn, if asked for.")]]
    timing_ms: Timing
    model: Model


class ImageInJson(TypedDict):
    """A photo in JSON."""

    image: Annotated[str, Field(description="Data URL with base64, or bare base64, of a JPEG, PNG, WebP or BMP.")]
    threshold: NotRequired[Threshold | None]
    annotate: NotRequired[Annotated[bool | None, Field(description="Add annotated_image.")]]


class Health(TypedDict):
    """The process lives."""

    status: Literal["ok"]


class Readiness(TypedDict):
    """The model is loaded and warmed up."""

    status: Literal["ready"]
    model: str


class ProblemDocument(TypedDict):
    """An error, as RFC 9457 says."""

    type: Literal["about:blank"]
    title: Annotated[str, Field(examples=["Bad Request"])]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="What was wrong and what would be right, in one sentence.")]
    code: Annotated[
        str, Field(description="The kind of error; it never changes.", json_schema_extra={"enum": list(PROBLEMS)})
    ]
    request_id: Annotated[str, Field(description="The request's X-Request-ID; the log names it too.")]
