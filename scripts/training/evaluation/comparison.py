"""Two models on the same photos, as they are served: which one is better?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend import PicoDetector
from scripts.training.data.voc import Truth
from scripts.training.evaluation.evaluate_onnx import detect_all
from scripts.training.evaluation.measures import confusion, summarise

LEAST_DIFFERENCE = 0.01  # of a mean average precision in percent: its rounding


@dataclass(frozen=True)
class Score:
    """What a model makes of some photos, one label a face, counts at its own threshold.

    Attributes:
        mean_ap: mAP at IoU 0.5 in percent, of the classes that the photos have.
        faces: that the photos have, difficult ones left out.
        right: of them found with the right label.
        mislabelled: found with another one.
        invented: boxes on no face.
    """

    mean_ap: float
    faces: int
    right: int
    mislabelled: int
    invented: int

    @property
    def missed(self) -> int:
        """Return the faces that were not found."""
        return self.faces - self.right - self.mislabelled

    @property
    def errors(self) -> int:
        """Return what is wrong at the threshold: other labels, misses, boxes on no face."""
        return self.mislabelled + self.missed + self.invented

    def is_worse_than(self, other: "Score") -> bool:
        """Return whether the mAP is lower, or more is wrong at the threshold, which the mAP does not see."""
        return self.mean_ap < other.mean_ap - LEAST_DIFFERENCE or self.errors > other.errors


def classes_of(truths: list[Truth]) -> list[int]:
    """Return the classes that photos have, by the faces that count."""
    return sorted({int(class_id) for truth in truths for class_id in truth.class_ids[~truth.difficult]})


def measure(models: Path, truths: list[Truth]) -> Score:
    """Measure the model of a folder on photos, of which one at least has a face."""
    detector = PicoDetector(models)
    _, found = detect_all(detector, truths)
    labels = detector.labels
    by_label = summarise(found, truths, labels)
    table = confusion(found, truths, detector.config.draw_threshold, labels)
    right = sum(table[label][label] for label in labels)
    shown = sum(table[label][other] for label in labels for other in labels)
    return Score(
        round(float(np.mean([by_label[labels[class_id]] for class_id in classes_of(truths)])), 2),
        sum(sum(table[label].values()) for label in labels),
        right,
        shown - right,
        sum(table["nothing"].values()),
    )
