"""Fine-tune a PicoDet with PaddleDetection: evaluation after each epoch, checkpoints, resume, the best one kept.

    python scripts/training/fine_tuning/train.py --dataset DIR --lists DIR [-c CONFIG] [--resume] [-o KEY=VALUE ...]

It starts from the released weights where the labels are theirs, else from COCO's; -o pretrain_weights=PATH: others.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from scripts.training.fine_tuning.paddle_setup import argument_parser, configure

from ppdet.engine import Trainer, set_random_seed
from ppdet.engine.callbacks import Checkpointer
from ppdet.utils.checkpoint import is_url
from ppdet.utils.download import get_weights_path

from scripts.training.data.label_list import read_labels, write_labels
from scripts.training.fine_tuning import schedule
from scripts.training.fine_tuning.depthwise import accelerate
from scripts.training.fine_tuning.distillation import distil, keep_statistics
from scripts.training.fine_tuning.pretrained import starting_weights, write_fitted
from scripts.training.fine_tuning.progress import Progress, read_log


def main() -> None:
    """Train as the arguments say."""
    parser = argument_parser("Fine-tune a PicoDet on a VOC data set.")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--augmentation", choices=("wide", "plain"), default="wide", help="default: wide")
    parser.add_argument(
        "--distillation", type=float, default=0, metavar="WEIGHT", help="how much the starting weights' answers count"
    )
    args = parser.parse_args()
    cfg = configure(args)
    chosen = {option.partition("=")[0] for option in args.opt}
    schedule.adapt(cfg, args.augmentation, chosen)
    if args.distillation and "LearningRate.base_lr" not in chosen:
        cfg["LearningRate"]["base_lr"] = schedule.careful_rate(cfg["TrainReader"]["batch_size"])
    set_random_seed(args.seed)

    trainer = Trainer(cfg, mode="train")
    folder = Path(cfg.save_dir) / cfg.filename
    folder.mkdir(parents=True, exist_ok=True)
    checkpointer = Checkpointer(trainer)
    checkpoint = last_checkpoint(folder)
    labels = read_labels(Path(cfg.TrainDataset["label_list"]).parent)
    start = cfg.pretrain_weights if "pretrain_weights" in chosen else starting_weights(cfg, labels)
    if args.distillation:  # before a checkpoint is resumed: the teacher is what training began with
        load_starting_weights(trainer, start, labels)
        keep_statistics(trainer.model)
        distil(trainer.model, args.distillation)
    if args.resume and checkpoint is not None:
        trainer.resume_weights(str(checkpoint))
        checkpointer.best_ap = best_map(folder, trainer.start_epoch)
    elif checkpoint is not None:
        raise SystemExit(f"{folder} holds checkpoints: go on with --resume, or train elsewhere with -o save_dir=DIR")
    else:
        write_labels(folder, labels)
        if not args.distillation:
            load_starting_weights(trainer, start, labels)
    accelerate(trainer.model)
    # in place of PaddleDetection's own LogPrinter, whose lines would break the progress bar
    trainer._callbacks = []
    trainer.register_callbacks([checkpointer, Progress(trainer, folder)])
    try:
        trainer.train(validate=True)
    except KeyboardInterrupt:
        raise SystemExit(f"\ninterrupted; the checkpoints are in {folder}, go on with --resume") from None


def load_starting_weights(trainer: Any, weights: str | None, labels: list[str]) -> None:
    """Load the weights (path or URL) that training starts from, their head fitted to the data set's classes."""
    if not weights:
        return
    source = Path(get_weights_path(weights) if is_url(weights) else weights)
    if not source.is_file():
        raise SystemExit(f"{source}: no such weights; -o pretrain_weights=PATH names others")
    print(f"starting from {source}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        trainer.load_weights(str(write_fitted(source, trainer.model, labels, Path(folder) / "start.pdparams")))


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest complete checkpoint, without its suffix, or None.

    The optimiser's state is written last, so a checkpoint that was cut short has none.
    """
    complete = [path for path in folder.glob("*.pdopt") if path.stem == "model_final" or path.stem.isdigit()]
    newest = max(complete, key=lambda path: path.stat().st_mtime, default=None)
    return None if newest is None else newest.with_suffix("")


def best_map(folder: Path, epochs: int) -> float:
    """Return the best logged mAP (0 to 1) of the first ``epochs`` epochs; below any mAP if there is none."""
    return max((entry["map"] / 100 for entry in read_log(folder) if entry["epoch"] <= epochs), default=-1.0)


if __name__ == "__main__":
    main()
