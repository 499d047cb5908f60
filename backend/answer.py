"""What the detector answers: the types of ``PicoDetector.predict``, with what the OpenAPI document says of them.

At run time only ``backend.web.openapi`` imports this module: elsewhere its types are hints, and pydantic takes a while
to load.
"""

from typing import Annotated

from pydantic import Field
from typing_extensions import NotRequired, TypedDict

Pixels = Annotated[int, Field(ge=1)]
Milliseconds = Annotated[float, Field(ge=0)]


class Face(TypedDict):
    """One face."""

    label: Annotated[str, Field(description="Its class by name, from infer_cfg.yml.", examples=["face_mask"])]
    class_id: Annotated[int, Field(ge=0, description="Its class by number.", examples=[1])]
    score: Annotated[float, Field(ge=0, le=1, examples=[0.9982])]
    box: Annotated[
        list[float],
        Field(
            min_length=4,
            max_length=4,
            description="x1, y1, x2, y2 in pixels of the upright photo; x1 < x2, y1 < y2.",
            examples=[[294.64, 93.16, 482.28, 346.82]],
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
    parts: Annotated[int, Field(ge=1, description="Looks that preprocess and inference are the sum of.")]


class Model(TypedDict):
    """The model that answered."""

    name: str
    checksum: Annotated[str, Field(description="SHA-256 of its file.", examples=["sha256:6c1f..."])]
    labels: list[str]
    threshold: Annotated[float, Field(ge=0, le=1, description="The default where a request names none.")]


class Answer(TypedDict):
    """The faces of a photo, by falling score."""

    results: list[Face]
    image: ImageSize
    annotated_image: NotRequired[Annotated[str, Field(description="JPEG data URL with the boxes drawn, if asked for.")]]
    timing_ms: Timing
    model: Model
    detail: Annotated[str, Field(description="As asked for.")]
    parts: Annotated[int, Field(ge=1, description="How many parts of the photo were looked at; 1 is the whole.")]
