"""The last epochs of a training run see photos as the served model does: whole, at the input's size."""

from typing import Any

import cv2
from ppdet.data.transform.batch_operators import BatchRandomResize
from ppdet.engine.callbacks import Callback

STRONG = ("RandomExpand", "RandomCrop")  # they change how large the faces are


class MildAugmentation(Callback):  # type: ignore[misc]  # ppdet has no types
    """Drops the strong augmentations for the last ``epochs`` epochs.

    Crops make faces larger than they are when the model is used; a few epochs without them let it settle on the real
    sizes (YOLOX ends without mosaic for the same reason: Ge et al., 2021, https://arxiv.org/abs/2107.08430).

    Args:
        trainer: the ppdet Trainer.
        epochs: how many; 0 for none.
        size: side of the model's input in pixels.
    """

    def __init__(self, trainer: Any, epochs: int, size: int):
        super().__init__(trainer)
        self.first = trainer.cfg.epoch - epochs
        self.size = size
        self.done = False

    def on_epoch_begin(self, status: dict[str, Any]) -> None:
        """Change the reader when the time has come."""
        if status["mode"] != "train" or self.done or status["epoch_id"] < self.first:
            return
        self.done = True
        loader = self.model.loader
        samples, batches = loader._sample_transforms, loader._batch_transforms
        samples.transforms_cls = [op for op in samples.transforms_cls if type(op).__name__ not in STRONG]
        resize = BatchRandomResize(self.size, keep_ratio=False, interp=cv2.INTER_CUBIC, random_size=False)
        batches.transforms_cls = [resize if isinstance(op, BatchRandomResize) else op for op in batches.transforms_cls]
        loader.loader = iter(loader.dataloader)  # the workers of the old iterator have the old transforms
