"""Calibrate a trained model's scores: afterwards, of the boxes scored 0.7, about 70 % are right.

    python scripts/training/release/calibrate.py --dataset DIR --lists DIR [-c CONFIG] [-o weights=PATH]

PicoDet learns to score a face by the IoU that its box will have, so good faces get 0.4 to 0.7. Platt scaling (J. Platt,
Probabilistic Outputs for Support Vector Machines, 1999), sigmoid(a x + b) of each class's logit x, is fitted on the
validation photos and folded into the weights of the prediction layers: inference costs nothing more, and since the
order of a class's scores stays, so does its average precision.
"""

import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from scripts.training.fine_tuning.paddle_setup import argument_parser, configure

import numpy as np
import paddle
import yaml
from sklearn.linear_model import LogisticRegression

from scripts.training.evaluation.evaluate import evaluate, find_weights
from scripts.training.fine_tuning.head import scale_head

LEAST_SCORE = 0.1  # below, hardly any box is right; thousands of them would outweigh those that people see
SMALLEST_NMS_SCORE = 1e-6


def main() -> None:
    """Calibrate as the arguments say."""
    cfg = configure(argument_parser("Calibrate the scores of a trained model.").parse_args())
    weights = find_weights(cfg)
    results = evaluate(cfg, weights)
    scaling = [fit(result.scores, result.right) for result in results]
    state = scale_head({name: np.asarray(value) for name, value in paddle.load(str(weights)).items()}, scaling)
    target = weights.with_name("calibrated.pdparams")
    paddle.save(state, str(target))
    beside = {"nms_score_threshold": head_nms_score(cfg, scaling), "scaling": [list(pair) for pair in scaling]}
    target.with_suffix(".yml").write_text(yaml.safe_dump(beside), encoding="utf-8")
    for result, (a, b) in zip(results, scaling, strict=True):
        before = calibration_error(result.scores, result.right)
        after = crossed_error(result.scores, result.right)
        print(f"{result.label}: a = {a:.3f}, b = {b:.3f}; calibration error {before:.3f} before, {after:.3f} after")
    print(f"wrote {target}: export it with -o weights={target.with_suffix('')}")


def logit(scores: Any) -> Any:
    """Return the inverse of the sigmoid."""
    clipped = np.clip(scores, 1e-7, 1 - 1e-7)
    return np.log(clipped / (1 - clipped))


def sigmoid(values: Any) -> Any:
    """Return 1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-values))


def fit(scores: Any, right: Any) -> tuple[float, float]:
    """Return Platt's a and b for scores (n,) and verdicts (n,) of 0 and 1; (1, 0) where there is nothing to learn."""
    kept = scores >= LEAST_SCORE
    if len(set(right[kept].tolist())) < 2:
        return 1.0, 0.0
    model = LogisticRegression(C=1e6).fit(logit(scores[kept])[:, None], right[kept])
    a = float(model.coef_[0, 0])
    return (a, float(model.intercept_[0])) if a > 0 else (1.0, 0.0)


def head_nms_score(cfg: Any, scaling: list[tuple[float, float]]) -> float:
    """Return the NMS score threshold that admits the boxes that the old one did."""
    old = cfg[cfg["PicoDet"]["head"]]["nms"]["score_threshold"]
    lowest = min(float(sigmoid(a * logit(np.array(old)) + b)) for a, b in scaling)
    return float(f"{max(lowest, SMALLEST_NMS_SCORE):.2g}")


def crossed_error(scores: Any, right: Any) -> float:
    """Return the calibration error, each half of the boxes scaled by what was fitted on the other."""
    halves = np.arange(len(scores)) % 2 == 0
    scaled = np.empty_like(scores)
    for half in (halves, ~halves):
        a, b = fit(scores[~half], right[~half])
        scaled[half] = sigmoid(a * logit(scores[half]) + b)
    return calibration_error(scaled, right, scores)


def calibration_error(scores: Any, right: Any, raw: Any = None) -> float:
    """Return the expected calibration error in ten bins, of the boxes that were fitted on."""
    kept = (scores if raw is None else raw) >= LEAST_SCORE
    scores, right = scores[kept], right[kept]
    bins = np.minimum((scores * 10).astype(int), 9)
    gaps = [(bins == b).mean() * abs(scores[bins == b].mean() - right[bins == b].mean()) for b in np.unique(bins)]
    return float(sum(gaps))


if __name__ == "__main__":
    main()
