"""Starting weights: which, and how they come to fit the classes of this data set."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from backend.settings import MODELS
from scripts.training.data.label_list import LabelsError, read_labels
from scripts.training.fine_tuning.head import fit_head, inverse, scale_head


def starting_weights(config: Any, labels: list[str], models: Path = MODELS) -> str | None:
    """Return the weights to start from: the released ones of this configuration, where the labels are theirs.

    Args:
        config: the configuration's ``filename`` and ``pretrain_weights``; the latter counts where an override names
            others, or the labels are not those of the release.
        labels: the data set's.
        models: the folder of the released model.
    """
    released = models / f"{config.filename}.pdparams"
    if released.is_file() and labels_of(released) == labels:
        return str(released)
    return config.pretrain_weights or None


def labels_of(weights: Path) -> list[str] | None:
    """Return the labels of weights, from the ``infer_cfg.yml`` or ``label_list.txt`` beside them; None without."""
    config = weights.with_name("infer_cfg.yml")
    if config.is_file():
        return list(yaml.safe_load(config.read_text(encoding="utf-8"))["label_list"])
    try:
        return read_labels(weights.parent)
    except LabelsError:
        return None


def scaling_of(weights: Path) -> list[tuple[float, float]]:
    """Return the scaling of scores that calibrate.py folded into weights, and wrote beside them; none without."""
    beside = weights.with_suffix(".yml")
    if not beside.is_file():
        return []
    return [(float(a), float(b)) for a, b in yaml.safe_load(beside.read_text(encoding="utf-8"))["scaling"]]


def write_fitted(source: Path, model: Any, labels: list[str], target: Path) -> Path:
    """Fit the weights in ``source`` (.pdparams) to the model, a paddle.nn.Layer, and save them as ``target``."""
    import paddle  # here, so that fit_head can be used and tested without it

    state = {name: np.asarray(value) for name, value in paddle.load(str(source)).items()}
    state = scale_head(state, inverse(scaling_of(source)))  # training wants the scores as they were
    fitted = fit_head(state, model.state_dict(), model.head.reg_max, labels, labels_of(source))
    paddle.save(fitted, str(target))
    return target
