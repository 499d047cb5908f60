"""Training that stays near what the starting weights knew: learning without forgetting, for few photos.

Z. Li and D. Hoiem, Learning without Forgetting, 2016: the answers of the network as it was, on the new photos, are a
second target beside the labels. Batch statistics of a few photos would be noise, so those of the start are kept.
"""

import copy
from typing import Any

import paddle
import paddle.nn.functional as F

LEAST_WEIGHT = 1e-6


def keep_statistics(model: Any) -> None:
    """Let the model's batch normalisation use, and keep, the means and variances that it has."""
    for layer in model.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D):
            layer._use_global_stats = True


def distil(model: Any, weight: float) -> None:
    """Add to a PicoDet's loss its distance from the answers that it gives now.

    Args:
        model: a ppdet PicoDet, with the weights to stay near to.
        weight: of that distance, beside the losses of the labels; 0 adds nothing.
    """
    if weight <= 0:
        return
    teacher = copy.deepcopy(model)
    teacher.eval()
    of_labels = model.head.get_loss

    def get_loss(outputs: Any, inputs: Any) -> Any:
        losses = of_labels(outputs, inputs)
        with paddle.no_grad():
            expected = teacher.head.forward_train(teacher.neck(teacher.backbone(inputs)))
        losses["loss_distillation"] = weight * distance(outputs, expected, teacher.head.reg_max + 1)
        return losses

    model.head.get_loss = get_loss


def distance(outputs: Any, expected: Any, bins: int) -> Any:
    """Return how far answers are from those expected: scores everywhere, boxes where a face is expected.

    Args:
        outputs, expected: the head's logits of classes and of the sides' distributions, (n, c, h, w) a level.
        bins: of a side's distribution.
    """
    scores, boxes, total = paddle.zeros([1]), paddle.zeros([1]), paddle.zeros([1])
    for classes, sides, wanted_classes, wanted_sides in zip(*outputs, *expected, strict=True):
        target = F.sigmoid(wanted_classes)
        surest = target.max(axis=1, keepdim=True)
        apart = F.binary_cross_entropy_with_logits(classes, target, reduction="none")
        entropy = F.binary_cross_entropy_with_logits(wanted_classes, target, reduction="none")
        scores += (apart - entropy).sum()
        n, _, h, w = sides.shape
        log = F.log_softmax(sides.reshape([n, 4, bins, h, w]), axis=2)
        wanted = F.softmax(wanted_sides.reshape([n, 4, bins, h, w]), axis=2)
        divergence = (wanted * (paddle.log(wanted + LEAST_WEIGHT) - log)).sum(axis=2).mean(axis=1, keepdim=True)
        boxes += (divergence * surest).sum()
        total += surest.sum()
    return (scores + boxes) / (total + 1)
