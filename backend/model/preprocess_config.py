"""The ``Preprocess`` section of ``infer_cfg.yml`` -> the steps of ``backend.preprocess``; what it may say is here."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from backend.model.errors import ModelError
from backend.preprocess import (
    INTERPOLATIONS,
    NormalizedPlanes,
    NormalizeImage,
    PadStride,
    Permute,
    Preprocessor,
    Resize,
    Step,
    SwapChannels,
)

MOST_SIDE = 8192  # of a photo as the model gets it, in pixels
MOST_OTHER_SIDE = 2048  # of input_sizes, each of which is tried at start


def build_preprocessor(value: Any, input_sizes: Any = None) -> Preprocessor:
    """Build the steps of the ``Preprocess`` section.

    Args:
        value: the section.
        input_sizes: what the key of this name says: heights and widths besides Resize's target_size.

    Raises:
        ModelError: naming the step, and the value, that cannot be honoured.
    """
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise ModelError("Preprocess is missing or no list of steps.")
    steps = []
    for entry in value:
        options = dict(entry)
        name = options.pop("type", None)
        if not isinstance(name, str) or name not in BUILDERS:
            raise ModelError(f"Preprocess step {name!r} is not supported; supported are {', '.join(BUILDERS)}.")
        steps.append(BUILDERS[name](options))
        if options:
            raise ModelError(f"{name}.{next(iter(options))} is not supported.")
    if sum(isinstance(step, Resize) for step in steps) > 1:
        raise ModelError("Preprocess lists Resize twice; supported is one.")
    if input_sizes is not None:
        steps = [with_sizes(step, input_sizes) if isinstance(step, Resize) else step for step in steps]
        if not any(isinstance(step, Resize) for step in steps):
            raise ModelError("input_sizes needs a Resize step in Preprocess.")
    check_order(steps)
    return Preprocessor(tuple(plan(steps)))


def plan(steps: list[Step]) -> list[Step]:
    """Add the change to RGB, which PaddleDetection makes first, where it costs least: it may come after Resize."""
    after = 1 if isinstance(steps[0], Resize) else 0
    head, tail = steps[:after], steps[after:]
    if len(tail) > 1 and isinstance(tail[0], NormalizeImage) and isinstance(tail[1], Permute):
        return [*head, NormalizedPlanes(tail[0]), *tail[2:]]
    return [*head, SwapChannels(), *tail]


def check_order(steps: list[Step]) -> None:
    """Raise ModelError unless Permute comes once, after the steps on (h, w, 3) and before PadStride."""
    names = [type(step).__name__ for step in steps]
    if names.count("Permute") != 1:
        raise ModelError("Preprocess should list Permute once.")
    at = names.index("Permute")
    if {"Resize", "NormalizeImage"} & set(names[at:]) or "PadStride" in names[:at]:
        raise ModelError("Preprocess should list Resize and NormalizeImage before Permute, and PadStride after it.")


def build_resize(options: dict[str, Any]) -> Resize:
    """Take Resize's options out of the mapping."""
    size = options.pop("target_size", None)
    size = [size, size] if type(size) is int else size
    if not is_size(size, MOST_SIDE):
        raise ModelError(f"Resize.target_size is {str(size)[:60]}; it should be two whole numbers, height and width.")
    interp = options.pop("interp", 1)
    if not isinstance(interp, int) or interp not in INTERPOLATIONS:
        raise ModelError(f"Resize.interp is {interp!r}; supported are {', '.join(map(str, INTERPOLATIONS))}.")
    return Resize((size[0], size[1]), flag(options, "Resize", "keep_ratio"), interp)


def with_sizes(resize: Resize, sizes: Any) -> Resize:
    """Return the step with several sizes to choose from."""
    if not isinstance(sizes, list) or not sizes or not all(is_size(size, MOST_OTHER_SIDE) for size in sizes):
        raise ModelError(
            f"input_sizes is {str(sizes)[:60]}; it should list pairs of whole numbers from 1 to {MOST_OTHER_SIDE}, "
            "height and width."
        )
    if resize.keep_ratio:
        raise ModelError("input_sizes goes with Resize.keep_ratio: false only.")
    return replace(resize, sizes=tuple(dict.fromkeys([resize.target_size, *((size[0], size[1]) for size in sizes)])))


def is_size(value: Any, most: int) -> bool:
    """Return whether a value is a height and a width of at most so many pixels."""
    return isinstance(value, list) and len(value) == 2 and all(type(n) is int and 0 < n <= most for n in value)


def build_normalize_image(options: dict[str, Any]) -> NormalizeImage:
    """Take NormalizeImage's options out of the mapping."""
    norm_type = options.pop("norm_type", "mean_std")
    if norm_type not in ("mean_std", "none"):
        raise ModelError(f"NormalizeImage.norm_type is {norm_type!r}; supported are mean_std and none.")
    mean, std = (channel_values(options, key) for key in ("mean", "std"))
    if norm_type == "mean_std" and (mean is None or std is None or not all(std)):
        raise ModelError("NormalizeImage.mean and .std should be three numbers each, std without zeros.")
    return NormalizeImage(
        is_scale=flag(options, "NormalizeImage", "is_scale"),
        mean=mean if norm_type == "mean_std" else None,
        std=std if norm_type == "mean_std" else None,
    )


def channel_values(options: dict[str, Any], key: str) -> tuple[float, ...] | None:
    """Take three numbers, one a channel, out of the mapping; None where it has no such three."""
    value = options.pop(key, None)
    if not isinstance(value, list) or len(value) != 3:
        return None
    if not all(isinstance(n, int | float) and math.isfinite(n) for n in value):
        return None
    return tuple(float(n) for n in value)


def flag(options: dict[str, Any], step: str, key: str) -> bool:
    """Take true or false out of the mapping; true where it is not there, as in PaddleDetection."""
    value = options.pop(key, True)
    if not isinstance(value, bool):
        raise ModelError(f"{step}.{key} is {value!r}; it should be true or false.")
    return value


def build_permute(options: dict[str, Any]) -> Permute:
    """Take Permute's options, of which it has none."""
    return Permute()


def build_pad_stride(options: dict[str, Any]) -> PadStride:
    """Take PadStride's option out of the mapping."""
    stride = options.pop("stride", None)
    if isinstance(stride, bool) or not isinstance(stride, int) or not 1 <= stride <= 1024:
        raise ModelError(f"PadStride.stride is {stride!r}; it should be a whole number from 1 to 1024.")
    return PadStride(stride)


BUILDERS: dict[str, Callable[[dict[str, Any]], Step]] = {
    "Resize": build_resize,
    "NormalizeImage": build_normalize_image,
    "Permute": build_permute,
    "PadStride": build_pad_stride,
}
