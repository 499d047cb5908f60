"""The augmentations as operators of PaddleDetection's readers; ``configs/augmentation_wide.yml`` names them."""

from typing import Any

import numpy as np
from ppdet.data import transform
from ppdet.data.transform.operators import BaseOperator, register_op

from scripts.training.fine_tuning.augmentation import FAULTS, Sample, away_from_faces, mosaic, tilt


def operator(cls: type[BaseOperator]) -> type[BaseOperator]:
    """Make an operator known to the readers, which look its name up in ``ppdet.data.transform``."""
    setattr(transform, cls.__name__, register_op(cls))
    return cls


@operator
class RandomTilt(BaseOperator):  # type: ignore[misc]  # ppdet has no types
    """Rotates some samples by up to ``degrees`` either way."""

    def __init__(self, degrees: float = 20.0, prob: float = 0.3):
        super().__init__()
        self.degrees, self.prob = degrees, prob

    def apply(self, sample: Sample, context: Any = None) -> Sample:
        """Rotate the sample, or return it as it is."""
        if np.random.uniform() >= self.prob:
            return sample
        return tilt(sample, np.random.uniform(-self.degrees, self.degrees))


@operator
class RandomQuality(BaseOperator):  # type: ignore[misc]
    """Gives some samples one fault of real photos: grey, out of focus, dark and noisy, small, or heavily compressed."""

    def __init__(self, prob: float = 0.3):
        super().__init__()
        self.prob = prob

    def apply(self, sample: Sample, context: Any = None) -> Sample:
        """Degrade the sample, or return it as it is."""
        if np.random.uniform() < self.prob:
            fault = FAULTS[np.random.randint(len(FAULTS))]
            sample["image"] = fault(sample["image"].astype(np.uint8))
        return sample


@operator
class RandomBackground(BaseOperator):  # type: ignore[misc]
    """Takes of some samples a part without any face: hands, backs of heads and cloth, seen large."""

    def __init__(self, prob: float = 0.05, least_side: int = 96, attempts: int = 20):
        super().__init__()
        self.prob, self.least_side, self.attempts = prob, least_side, attempts

    def apply(self, sample: Sample, context: Any = None) -> Sample:
        """Return such a part where there is one, or the sample as it is."""
        if np.random.uniform() >= self.prob or not len(sample["gt_bbox"]):
            return sample
        whole = np.array(sample["image"].shape[1::-1])
        for _ in range(self.attempts):
            size = np.random.uniform(0.25, 0.6, 2) * whole
            corner = np.random.uniform(0, whole - size)
            part = away_from_faces(sample, *corner, *size) if size.min() >= self.least_side else None
            if part is not None:
                return part
        return sample


@operator
class BatchMosaic(BaseOperator):  # type: ignore[misc]
    """Replaces some samples of a batch by four of its samples in a 2 x 2 grid, whose corner lies near the middle."""

    def __init__(self, prob: float = 0.15, size: int = 640):
        super().__init__()
        self.prob, self.size = prob, size

    def __call__(self, samples: list[Sample], context: Any = None) -> list[Sample]:
        """Return the batch with its mosaics."""
        originals = [dict(sample) for sample in samples]
        for sample in samples:
            if np.random.uniform() < self.prob:
                chosen = [originals[i] for i in np.random.choice(len(originals), 4, replace=len(originals) < 4)]
                x, y = np.random.uniform(0.35, 0.65, 2) * self.size
                sample.update(mosaic(chosen, self.size, int(x), int(y)))
        return samples
