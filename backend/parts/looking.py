"""The looks themselves: each part of a photo through the model, one after the other.

As one batch, five inferences took 1.02 times as long as one by one on one core (scripts/benchmarking/looks.py).
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from backend.images.decode import Photo
from backend.model.detections import Detections
from backend.parts.cutting import Part
from backend.preprocess import ModelInput, Preprocessor


class Looks(NamedTuple):
    """What was found in each part, in pixels of the photo and not clipped to it, and the seconds that it took."""

    found: list[Detections]
    preprocess: float
    inference: float


def look(
    photo: Photo,
    parts: Sequence[Part],
    prepare: Preprocessor,
    detect: Callable[[ModelInput], Detections],
    between: Callable[[], None],
) -> Looks:
    """Look at parts of a photo.

    Args:
        photo: may be decoded smaller than it is.
        parts: in pixels of the photo itself.
        prepare, detect: what one look consists of.
        between: called before each look but the first.
    """
    looks = Looks([], 0.0, 0.0)
    for part in parts:
        if looks.found:
            between()
        found, preprocess, inference = look_once(photo, part, prepare, detect)
        looks = Looks([*looks.found, found], looks.preprocess + preprocess, looks.inference + inference)
    return looks


def look_once(
    photo: Photo, part: Part, prepare: Preprocessor, detect: Callable[[ModelInput], Detections]
) -> tuple[Detections, float, float]:
    """Look at one part; return what was found, as in Looks, and the seconds of preprocessing and inference."""
    x, y = photo.image.shape[1] / photo.width, photo.image.shape[0] / photo.height
    crop = part.scale(x, y)
    started = time.perf_counter()
    model_input = prepare(photo.image[crop.top : crop.bottom, crop.left : crop.right])
    prepared = time.perf_counter()
    found = detect(model_input)
    ended = time.perf_counter()
    return found.shift(crop.left, crop.top).scale(1 / x, 1 / y), prepared - started, ended - prepared
