"""Make the served model of a finished training run: calibrate, export, convert, put it into models/.

python scripts/training/release.py --dataset DIR --lists DIR [-c CONFIG] [--models DIR] [--replace]
"""

import argparse
from pathlib import Path

from steps import HERE, release

ROOT = HERE.parent.parent


def main() -> None:
    """Release as the arguments say."""
    parser = argparse.ArgumentParser(description="Calibrate, export and convert a trained model into models/.")
    parser.add_argument("-c", "--config", type=Path, default=HERE / "configs" / "picodet_s_416_facemask.yml")
    parser.add_argument("--dataset", type=Path, required=True, help="folder of the VOC data set")
    parser.add_argument("--lists", type=Path, required=True, help="folder with the lists that split_dataset.py wrote")
    parser.add_argument("--training", type=Path, help="folder of the run; default: output/training/NAME")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="where the model goes")
    parser.add_argument("--replace", action="store_true", help="replace a model of another name")
    args = parser.parse_args()
    training = args.training or Path("output/training") / args.config.stem
    data: list[object] = ["--dataset", args.dataset, "--lists", args.lists]
    release(args.config, data, training, Path("output/inference"), args.models, replace=args.replace)


if __name__ == "__main__":
    main()
