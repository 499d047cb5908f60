"""From an upright BGR photo to the model's input, step by step as ``infer_cfg.yml`` lists them.

Each step computes what the class of the same name does in PaddleDetection's ``deploy/python/preprocess.py``.
"""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Tensor = NDArray[np.float32]

MOST_SQUEEZED = 1.65  # times along one side more than along the other; of 1.17 to 1.9 the best (models/README.md)
SPARE_SIZE = 1.5  # what is decoded smaller stays so many times larger than the model's input

# cv2's interpolation flags that PaddleDetection's configurations use
INTERPOLATIONS = {
    0: cv2.INTER_NEAREST,
    1: cv2.INTER_LINEAR,
    2: cv2.INTER_CUBIC,
    3: cv2.INTER_AREA,
    4: cv2.INTER_LANCZOS4,
}


@dataclass(frozen=True)
class ModelInput:
    """One photo, ready for the model.

    Attributes:
        tensor: float32 (1, 3, h, w), RGB.
        scale_factor: float32 (1, 2), input pixels for one of the photo's, y then x.
        im_shape: float32 (1, 2), height and width after resizing, padding not counted.
    """

    tensor: Tensor
    scale_factor: NDArray[np.float32]
    im_shape: NDArray[np.float32]


@dataclass(frozen=True)
class Resize:
    """Scale to ``target_size`` (height, width), or with ``keep_ratio`` as large as fits into it.

    Where there are ``sizes``, (height, width) each, a photo gets the first that squeezes it little, or least.
    """

    target_size: tuple[int, int]
    keep_ratio: bool
    interp: int
    sizes: tuple[tuple[int, int], ...] = ()

    def size_for(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width that a photo of this size is scaled to."""

        def squeeze(size: tuple[int, int]) -> float:
            ratio = size[1] * height / (size[0] * width)
            return max(ratio, 1 / ratio)

        little = (size for size in self.sizes if squeeze(size) <= MOST_SQUEEZED)
        return next(little, min(self.sizes, key=squeeze, default=self.target_size))

    def scale(self, height: int, width: int) -> tuple[float, float]:
        """Return the factors (y, x) for a photo of this size."""
        target_height, target_width = self.size_for(height, width)
        if not self.keep_ratio:
            return target_height / height, target_width / width
        small, large = sorted(self.target_size)
        factor = min(small / min(height, width), large / max(height, width))
        return factor, factor

    def __call__(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return the scaled image (h, w, 3)."""
        scale_y, scale_x = self.scale(*image.shape[:2])
        size = (max(1, round(image.shape[1] * scale_x)), max(1, round(image.shape[0] * scale_y)))
        return np.asarray(cv2.resize(image, size, interpolation=INTERPOLATIONS[self.interp]))


@dataclass(frozen=True)
class NormalizeImage:
    """Scale to 0..1 if ``is_scale``, then subtract the mean and divide by the deviation unless they are None."""

    is_scale: bool
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None

    def __call__(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return the normalised image (h, w, 3) as float32."""
        result = image.astype(np.float32)
        if self.is_scale:
            result *= np.float32(1 / 255)
        if self.mean is not None and self.std is not None:
            result -= np.asarray(self.mean, np.float32)
            result /= np.asarray(self.std, np.float32)
        return result


@dataclass(frozen=True)
class Permute:
    """Move the channels first."""

    def __call__(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return (h, w, 3) as (3, h, w)."""
        return np.moveaxis(image, 2, 0)


@dataclass(frozen=True)
class SwapChannels:
    """Turn BGR, as OpenCV decodes, into RGB."""

    def __call__(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return (h, w, 3) with the channels in reverse order."""
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


class NormalizedPlanes:
    """SwapChannels, NormalizeImage and Permute of an 8-bit image in one, by a table: the same floats."""

    def __init__(self, normalize: NormalizeImage):
        values = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3)
        self.tables = np.ascontiguousarray(np.moveaxis(normalize(values)[0], 1, 0))

    def __call__(self, image: NDArray[np.uint8]) -> Tensor:
        """Return BGR (h, w, 3) as normalised RGB (3, h, w)."""
        planes = np.empty((3, *image.shape[:2]), np.float32)
        for table, plane, target in zip(self.tables, reversed(cv2.split(image)), planes, strict=True):
            cv2.LUT(plane, table, dst=target)
        return planes


@dataclass(frozen=True)
class PadStride:
    """Pad with zeros, right and below, to a multiple of ``stride``."""

    stride: int

    def __call__(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return (3, h, w) padded."""
        below, right = (-side % self.stride for side in image.shape[1:])
        return np.pad(image, ((0, 0), (0, below), (0, right))) if below or right else image


Step = Resize | NormalizeImage | Permute | PadStride | SwapChannels | NormalizedPlanes


@dataclass(frozen=True)
class Preprocessor:
    """The steps of a model on a BGR image, in their order."""

    steps: tuple[Step, ...]

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Height and width that photos are resized to, most of them; None where they keep their own."""
        return next((step.target_size for step in self.steps if isinstance(step, Resize)), None)

    @property
    def input_sizes(self) -> tuple[tuple[int, int], ...]:
        """Every height and width that photos are resized to; none where they keep their own."""
        resize = next((step for step in self.steps if isinstance(step, Resize)), None)
        return () if resize is None else resize.sizes or (resize.target_size,)

    def of_size(self, size: tuple[int, int]) -> "Preprocessor":
        """Return the same with one height and width for all photos, where it resizes them."""
        steps = (replace(step, target_size=size, sizes=()) if isinstance(step, Resize) else step for step in self.steps)
        return Preprocessor(tuple(steps))

    def most_reduction(self, height: int, width: int) -> float:
        """Return how many times smaller a photo of this size may be decoded, its resizing still making it smaller."""
        first = self.steps[0]
        return 1 / max(first.scale(height, width)) / SPARE_SIZE if isinstance(first, Resize) else 1.0

    def __call__(self, image: Image) -> ModelInput:
        """Prepare an upright BGR photo (h, w, 3) uint8."""
        result: NDArray[Any] = image
        scale, shape = (1.0, 1.0), image.shape[:2]
        for step in self.steps:
            if isinstance(step, Resize):
                scale = step.scale(*result.shape[:2])
            result = step(result)
            if isinstance(step, Resize):
                shape = result.shape[:2]
        tensor = np.ascontiguousarray(result, np.float32)[np.newaxis]
        return ModelInput(tensor, np.array([scale], np.float32), np.array([shape], np.float32))
