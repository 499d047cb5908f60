"""What a run's length, its number of photos and its augmentation mean for the configuration."""

from pathlib import Path
from typing import Any

import yaml
from ppdet.core.workspace import merge_config

CONFIGS = Path(__file__).resolve().parent / "configs"
LEAST_STEPS = 10  # an epoch; fewer steps at the rate of large batches learn nothing from fifty photos
SMALLEST_BATCH = 2  # batch normalisation has no use for one
WARM_UP_STEPS = 100
RATE_OF_TWO = 0.0004


def adapt(cfg: Any, augmentation: str, chosen: set[str]) -> None:
    """Adapt the configuration, but for what the user has chosen.

    Args:
        cfg: PaddleDetection's global configuration.
        augmentation: ``wide`` or ``plain``: the file ``augmentation_*.yml``.
        chosen: the keys that were given with -o.
    """
    merge_config(yaml.safe_load((CONFIGS / f"augmentation_{augmentation}.yml").read_text(encoding="utf-8")))
    reader = cfg["TrainReader"]
    if reader["collate_batch"]:  # a head that takes every photo's boxes in one tensor
        reader["batch_transforms"].append({"PadGT": {}})
    photos = len(Path(cfg["TrainDataset"]["anno_path"]).read_text(encoding="utf-8").splitlines())
    usual = reader["batch_size"]
    if "TrainReader.batch_size" not in chosen:
        reader["batch_size"] = batch_size(usual, photos)
    if "LearningRate.base_lr" not in chosen:  # linear scaling (P. Goyal et al., 2017)
        cfg["LearningRate"]["base_lr"] *= reader["batch_size"] / usual
    if "LearningRate.schedulers" not in chosen:
        steps = min(WARM_UP_STEPS, max(1, photos // reader["batch_size"]))
        cfg["LearningRate"]["schedulers"] = [
            {"name": "CosineDecay", "max_epochs": cfg["epoch"]},
            {"name": "LinearWarmup", "start_factor": 0.1, "steps": steps},
        ]


def careful_rate(photos_a_batch: int) -> float:
    """Return a rate for training whose batch statistics are kept (distillation.py): higher ones diverge.

    Found with batches of two; with the square root of the batch, as the noise of a gradient falls.
    """
    return float(RATE_OF_TWO * (photos_a_batch / 2) ** 0.5)


def batch_size(usual: int, photos: int) -> int:
    """Return the photos of a batch: the usual number, or fewer so that an epoch has LEAST_STEPS."""
    return min(usual, max(SMALLEST_BATCH, photos // LEAST_STEPS))
