"""Train the released model again, from the data set to models/, in one command; interrupted, the same command goes on.

    python scripts/training/recipe.py DATASET [--weights picodet_s_416_coco.pdparams] [--models DIR]

Split; add pictures without people (from Debian's packages, or --pictures DIR); train 12 epochs from the COCO weights
with PaddleDetection's own augmentation, then 9 and 11 more with the wide one, each from the best before; calibrate,
export, convert. About five hours of two cores.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from backend.settings import MODELS
from scripts.training.release.release import release
from scripts.training.steps import CONFIGS, HERE, step

CONFIG = CONFIGS / "picodet_s_416_facemask.yml"
COCO = "https://paddledet.bj.bcebos.com/models/picodet_s_416_coco.pdparams"
FIRST = ("epoch=12",)
SECOND = ("epoch=9", "LearningRate.base_lr=0.015")
THIRD = ("epoch=11", "LearningRate.base_lr=0.02")


def main(arguments: list[str] | None = None) -> None:
    """Train as the arguments say."""
    parser = argparse.ArgumentParser(description="Train the released model again.")
    parser.add_argument("dataset", type=Path, help="folder of the VOC data set")
    parser.add_argument("--weights", default=COCO, help="COCO weights to start from; default: fetched")
    parser.add_argument("--pictures", type=Path, help="folder of pictures without people; default: Debian's packages")
    parser.add_argument("--output", type=Path, default=Path("output/recipe"))
    parser.add_argument("--models", type=Path, default=MODELS, help="where the model goes")
    args = parser.parse_args(arguments)
    check(args)
    lists = args.output / "lists"
    data: list[object] = ["--dataset", args.dataset, "--lists", lists]
    if not (lists / "train.txt").is_file():
        step("data/split_dataset.py", args.dataset, "--output", lists)
    if not (lists / "backgrounds.txt").is_file():
        add_pictures(args.pictures, lists)
    first = train(data, args.output / "first", args.weights, "plain", FIRST)
    second = train(data, args.output / "second", first / "best_model.pdparams", "wide", SECOND)
    third = train(data, args.output / "third", second / "best_model.pdparams", "wide", THIRD)
    release(CONFIG, data, third, args.output / "inference", args.models, replace=False)


def train(data: list[object], target: Path, weights: str | Path, augmentation: str, options: tuple[str, ...]) -> Path:
    """Train one run, unless it is complete; return the folder of its weights."""
    folder = target / CONFIG.stem
    if not (folder / "model_final.pdparams").is_file():
        options = (f"pretrain_weights={weights}", f"save_dir={target}", *options)
        step("fine_tuning/train.py", *data, "--resume", "--augmentation", augmentation, "-o", *options)
    return folder


def check(args: argparse.Namespace) -> None:
    """Stop now over what would stop the recipe after hours."""
    other = [path.name for path in args.models.glob("*.onnx") if path.stem != CONFIG.stem]
    if not (args.dataset / "label_list.txt").is_file():
        raise SystemExit(f"{args.dataset} is no folder with a label_list.txt; unpack a zip first")
    if other:
        raise SystemExit(f"{args.models} holds {other[0]}: name another folder with --models")
    if args.pictures is None and shutil.which("apt-get") is None:
        raise SystemExit("there is no apt-get: name a folder of pictures without people with --pictures")
    if args.pictures is not None and not args.pictures.is_dir():
        raise SystemExit(f"{args.pictures}: no such folder")


def add_pictures(pictures: Path | None, lists: Path) -> None:
    """Add pictures without people to the training list."""
    if pictures is not None:
        step("data/backgrounds.py", pictures, "--lists", lists)
        return
    command = ["env", f"PYTHON={sys.executable}", "sh", str(HERE / "data" / "debian_backgrounds.sh"), str(lists)]
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit("debian_backgrounds.sh failed; name a folder of pictures without people with --pictures")


if __name__ == "__main__":
    main()
