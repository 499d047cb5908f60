"""Starting weights: fit the head of a detector trained on other classes to the classes of this data set."""

from pathlib import Path
from typing import Any

import numpy as np

COCO_PERSON = 0  # a face lies on a person: a better start for its class than noise
BOX_SIDES = 4


def fit_head(state: dict[str, np.ndarray], model: dict[str, Any], reg_max: int) -> dict[str, np.ndarray]:
    """Return a copy of a state dict whose prediction layers have the model's number of classes.

    A prediction layer ``head_cls*`` of a PicoDet with shared branches holds a row for each class, then the rows of the
    box. The box rows are kept and each class starts as COCO's "person"; PaddleDetection would drop the whole tensor.

    Args:
        state: weights by name; prediction layers are (classes + 4 * (reg_max + 1), c, 1, 1), their biases (rows,).
        model: the model's own state dict: its shapes decide.
        reg_max: the largest bin of the box distribution.
    """
    box_rows = BOX_SIDES * (reg_max + 1)
    fitted = dict(state)
    for name, value in state.items():
        rows = model[name].shape[0] if name in model else value.shape[0]
        if "head_cls" in name and rows > box_rows and rows != value.shape[0]:
            person = value[COCO_PERSON : COCO_PERSON + 1].repeat(rows - box_rows, axis=0)
            fitted[name] = np.concatenate([person, value[-box_rows:]])
    return fitted


def write_fitted(source: Path, model: Any, target: Path) -> Path:
    """Fit the weights in ``source`` (.pdparams) to the model, a paddle.nn.Layer, and save them as ``target``."""
    import paddle  # here, so that fit_head can be used and tested without it

    state = {name: np.asarray(value) for name, value in paddle.load(str(source)).items()}
    target.parent.mkdir(parents=True, exist_ok=True)
    paddle.save(fit_head(state, model.state_dict(), model.head.reg_max), str(target))
    return target
