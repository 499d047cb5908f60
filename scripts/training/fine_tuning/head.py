"""The prediction layers of a PicoDet: fitted to other classes, and their scores scaled.

A prediction layer ``head_cls*`` holds a row for each class, and in a PicoDet with shared branches the rows of the box
after them: weights are (classes [+ 4 * (reg_max + 1)], c, 1, 1), biases (rows,).
"""

from typing import Any

import numpy as np

FIRST_CLASS = 0  # COCO's person: a face lies on one, a better start for its class than noise
BOX_SIDES = 4

State = dict[str, Any]


def source_rows(labels: list[str], source_labels: list[str] | None, source_classes: int) -> list[int]:
    """Return for each class the class of the source that it starts as.

    A class of the same name, where the source's names are known; of the same number, where they are not and there are
    as many; else the first one.
    """
    if source_labels is not None:
        return [source_labels.index(label) if label in source_labels else FIRST_CLASS for label in labels]
    if source_classes == len(labels):
        return list(range(source_classes))
    return [FIRST_CLASS] * len(labels)


def fit_head(
    state: State,
    model: State,
    reg_max: int,
    labels: list[str],
    source_labels: list[str] | None = None,
) -> State:
    """Return a copy of a state dict whose prediction layers have the model's classes.

    The box rows are kept, and each class starts as source_rows says; PaddleDetection would drop the whole tensor.

    Args:
        state: weights by name.
        model: the model's own state dict: its shapes decide.
        reg_max: the largest bin of the box distribution.
        labels: the model's classes.
        source_labels: those of ``state``, where they are known.
    """
    box_rows = BOX_SIDES * (reg_max + 1)
    fitted = dict(state)
    for name, value in state.items():
        others = model[name].shape[0] - len(labels) if "head_cls" in name and name in model else -1
        if others in (0, box_rows):
            classes = value.shape[0] - others
            rows = source_rows(labels, source_labels, classes)
            fitted[name] = np.concatenate([value[rows], value[classes:]])
    return fitted


def scale_head(state: State, scaling: list[tuple[float, float]]) -> State:
    """Return a copy whose class logits x are a x + b, with (a, b) for each class."""
    scaled = dict(state)
    for name, value in state.items():
        if "head_cls" in name and "conv" not in name:
            array = np.array(value)
            for class_id, (a, b) in enumerate(scaling):
                array[class_id] = array[class_id] * a + (b if name.endswith("bias") else 0)
            scaled[name] = array
    return scaled


def inverse(scaling: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the scaling that takes another one back."""
    return [(1 / a, -b / a) for a, b in scaling]
