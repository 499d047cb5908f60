"""Train the released model again, from the data set to models/, in one command; interrupted, the same command goes on.

    python scripts/training/recipe.py DATASET [--weights picodet_s_416_coco.pdparams] [--models DIR]

Split; train 16 epochs from the COCO weights; add pictures without people (from Debian's packages, or --pictures DIR);
train 18 more from the best of those; calibrate, export, convert. About three and a half hours of two cores.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from backend.settings import ROOT
from scripts.training.release.release import release
from scripts.training.steps import CONFIGS, HERE, step

CONFIG = CONFIGS / "picodet_s_416_facemask.yml"
SECOND_EPOCHS = 18
WARM_RESTART = f"[!CosineDecay {{max_epochs: {SECOND_EPOCHS}}}, !LinearWarmup {{start_factor: 0.1, steps: 100}}]"


def main(arguments: list[str] | None = None) -> None:
    """Train as the arguments say."""
    parser = argparse.ArgumentParser(description="Train the released model again.")
    parser.add_argument("dataset", type=Path, help="folder of the VOC data set")
    parser.add_argument("--weights", help="COCO weights to start from; default: fetched by PaddleDetection")
    parser.add_argument("--pictures", type=Path, help="folder of pictures without people; default: Debian's packages")
    parser.add_argument("--output", type=Path, default=Path("output/recipe"))
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="where the model goes")
    args = parser.parse_args(arguments)
    check(args)
    lists, first, second = (args.output / name for name in ("lists", "first", "second"))
    data: list[object] = ["--dataset", args.dataset, "--lists", lists]

    if not (lists / "train.txt").is_file():
        step("data/split_dataset.py", args.dataset, "--output", lists)
    best = first / CONFIG.stem / "best_model.pdparams"
    if not (second / CONFIG.stem).is_dir():
        start = [f"pretrain_weights={args.weights}"] if args.weights else []
        step("fine_tuning/train.py", *data, "--resume", "-o", *start, f"save_dir={first}")
        add_pictures(args.pictures, lists)
    options = [f"pretrain_weights={best}", f"epoch={SECOND_EPOCHS}", f"LearningRate.schedulers={WARM_RESTART}"]
    step("fine_tuning/train.py", *data, "--resume", "-o", *options, f"save_dir={second}")
    release(CONFIG, data, second / CONFIG.stem, args.output / "inference", args.models, replace=False)


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
