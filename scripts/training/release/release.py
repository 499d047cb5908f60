"""Make the served model of a finished training run: calibrate, export, convert, put it into models/.

python scripts/training/release/release.py --dataset DIR --lists DIR [-c CONFIG] [--models DIR] [--replace]
"""

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from backend.settings import ROOT
from scripts.training.steps import CONFIGS, step


def main() -> None:
    """Release as the arguments say."""
    parser = argparse.ArgumentParser(description="Calibrate, export and convert a trained model into models/.")
    parser.add_argument("-c", "--config", type=Path, default=CONFIGS / "picodet_s_416_facemask.yml")
    parser.add_argument("--dataset", type=Path, required=True, help="folder of the VOC data set")
    parser.add_argument("--lists", type=Path, required=True, help="folder with the lists that split_dataset.py wrote")
    parser.add_argument("--training", type=Path, help="folder of the run; default: output/training/NAME")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="where the model goes")
    parser.add_argument("--replace", action="store_true", help="replace a model of another name")
    args = parser.parse_args()
    training = args.training or Path("output/training") / args.config.stem
    data: list[object] = ["--dataset", args.dataset, "--lists", args.lists]
    release(args.config, data, training, Path("output/inference"), args.models, replace=args.replace)


def release(config: Path, data: list[object], training: Path, inference: Path, models: Path, *, replace: bool) -> None:
    """Calibrate, export and convert the best weights of a training run; put the model and its weights into ``models``.

    Args:
        config: the configuration that was trained.
        data: the arguments --dataset and --lists.
        training: the run's folder, with best_model.pdparams.
        inference: where the export goes, in a folder of the configuration's name.
        models: where the .onnx, infer_cfg.yml and the weights go.
        replace: also in place of a model of another name.
    """
    step("release/calibrate.py", "-c", config, *data, "-o", f"weights={training / 'best_model'}")
    calibrated = f"weights={training / 'calibrated'}"
    step("release/export.py", "-c", config, *data, "--output-dir", inference, "-o", calibrated)
    options = ["--replace"] if replace else []
    options += ["--weights", str(training / "calibrated")]
    step("release/convert.py", "--export", inference / config.stem, *data, "--models", models, *options)


if __name__ == "__main__":
    main()
