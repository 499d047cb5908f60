"""Faces found in one photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from backend.answer import Face


@dataclass(frozen=True)
class Detections:
    """Boxes with their scores and classes, sorted by falling score where nothing else is said.

    Attributes:
        boxes: float32 (n, 4), x1 y1 x2 y2 in pixels.
        scores: float32 (n,), 0 to 1.
        class_ids: int64 (n,).
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.scores)
        if self.boxes.shape != (count, 4) or self.class_ids.shape != (count,) or self.scores.shape != (count,):
            raise ValueError(
                f"boxes, scores and class_ids should be (n, 4), (n,) and (n,), "
                f"not {self.boxes.shape}, {self.scores.shape} and {self.class_ids.shape}"
            )

    @classmethod
    def sort(
        cls, boxes: NDArray[np.float32], scores: NDArray[np.float32], class_ids: NDArray[np.int64]
    ) -> "Detections":
        """Sort by falling score."""
        order = np.argsort(-scores, kind="stable")
        return cls(boxes[order], scores[order], class_ids[order])

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, keep: NDArray[Any]) -> "Detections":
        """Return those that an index or a boolean mask names, in its order."""
        return Detections(self.boxes[keep], self.scores[keep], self.class_ids[keep])

    def above(self, threshold: float) -> "Detections":
        """Return those with at least this score."""
        return self.select(self.scores >= threshold)

    def scale(self, x: float, y: float) -> "Detections":
        """Multiply the boxes by a factor for each axis."""
        return Detections(self.boxes * np.array([x, y, x, y], np.float32), self.scores, self.class_ids)

    def shift(self, x: float, y: float) -> "Detections":
        """Move the boxes by so many pixels."""
        if not x and not y:
            return self
        return Detections(self.boxes + np.array([x, y, x, y], np.float32), self.scores, self.class_ids)

    def clip(self, width: int, height: int) -> "Detections":
        """Clip the boxes to an image and drop those of which nothing is left."""
        limits = np.array([width, height, width, height], np.float32)
        boxes = np.clip(self.boxes, 0, limits)
        visible = (boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3])
        return Detections(boxes, self.scores, self.class_ids).select(visible)

    def as_results(self, labels: tuple[str, ...]) -> list["Face"]:
        """Return the ``results`` of the API's answer."""
        return [
            {
                "label": labels[class_id],
                "class_id": class_id,
                "score": round(score, 4),
                "box": [round(side, 2) for side in box],
            }
            for box, score, class_id in zip(
                self.boxes.tolist(), self.scores.tolist(), self.class_ids.tolist(), strict=True
            )
        ]


def concatenate(found: Sequence[Detections]) -> Detections:
    """Return all detections in one, in their order; at least one is given."""
    return Detections(
        np.concatenate([one.boxes for one in found]),
        np.concatenate([one.scores for one in found]),
        np.concatenate([one.class_ids for one in found]),
    )
