"""Evaluate trained weights with PaddleDetection's own VOC metric (integral, IoU 0.5, difficult boxes skipped).

python scripts/training/evaluation/evaluate.py --dataset DIR --lists DIR [-c CONFIG] [-o weights=PATH]
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from scripts.training.fine_tuning.paddle_setup import argument_parser, configure

import numpy as np
from ppdet.engine import Trainer
from ppdet.engine.callbacks import Callback


@dataclass(frozen=True)
class ClassResult:
    """One class's evaluation: its average precision (0 to 1) and each box's score and verdict (1 right, 0 wrong)."""

    label: str
    ap: float
    scores: Any
    right: Any


class Collector(Callback):  # type: ignore[misc]  # ppdet has no types
    """Takes the metric's pairs of score and verdict before the trainer resets it."""

    pairs: list[Any]

    def on_epoch_end(self, status: dict[str, Any]) -> None:
        """Copy what was collected."""
        metric = self.model._metrics[0].detection_map
        self.pairs = [np.array(of_class, np.float64).reshape(-1, 2) for of_class in metric.class_score_poss]


def main() -> None:
    """Evaluate as the arguments say."""
    cfg = configure(argument_parser("Evaluate trained weights on the validation photos.").parse_args())
    results = evaluate(cfg, find_weights(cfg))
    for result in results:
        print(f"AP {result.label}: {100 * result.ap:.2f}")
    print(f"VOC mAP at IoU 0.5: {100 * np.mean([result.ap for result in results]):.2f}")


def find_weights(cfg: Any) -> Path:
    """Return the ``.pdparams`` that the configuration names; stop if it does not exist."""
    weights = Path(cfg.weights).with_suffix(".pdparams")
    if not weights.is_file():
        raise SystemExit(f"{weights}: no such weights; train first, or name others with -o weights=PATH")
    return weights


def evaluate(cfg: Any, weights: Path) -> list[ClassResult]:
    """Evaluate weights on the validation photos."""
    trainer = Trainer(cfg, mode="eval")
    trainer.load_weights(str(weights))
    collector = Collector(trainer)
    trainer.register_callbacks([collector])
    trainer.evaluate()
    rows = {row["class"]: row["ap"] for row in trainer._metrics[0].detection_map.eval_results}
    labels = trainer._metrics[0].detection_map.classes
    return [
        ClassResult(label, rows.get(label, 0.0), pairs[:, 0], pairs[:, 1])
        for label, pairs in zip(labels, collector.pairs, strict=True)
    ]


if __name__ == "__main__":
    main()
