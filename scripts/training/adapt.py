"""Make the model better on your own photos, in minutes: from a data set's zip to a folder for MODEL_DIR.

    python scripts/training/adapt.py ZIP [--output output/adapted]

ZIP is what the page saves (or CVAT, labelImg, --save-labels; a folder does too). The released weights are trained on
it, held near to what they knew, and compared with themselves on its validation part; if they are worse for it, nothing
is installed. Interrupted, the same command goes on.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import yaml

from backend.settings import MODELS
from scripts.training.data.label_list import LabelsError
from scripts.training.data.split_dataset import prepare
from scripts.training.data.unpacking import DatasetError
from scripts.training.data.voc import read_truths
from scripts.training.evaluation.comparison import classes_of, measure
from scripts.training.release.adapted_card import CARD, Adaptation, write_card
from scripts.training.steps import CONFIGS, step

EPOCHS = 10  # thirty gave no more (training README)
DISTILLATION = 1.0  # 0 forgets, 4 learns less
LEAST_PHOTOS = 5  # so that the validation part has one and training four
MODEL_FILES = ("infer_cfg.yml", "{}.onnx", "{}.pdparams", "{}.yml")


@dataclass(frozen=True)
class Released:
    """The model to start from.

    Attributes:
        folder: that it lies in.
        name: of its files.
        labels: its classes.
        threshold: its own, 0 to 1.
    """

    folder: Path
    name: str
    labels: list[str]
    threshold: float

    @property
    def config(self) -> Path:
        """Return the configuration that it is trained with."""
        return CONFIGS / f"{self.name}.yml"

    @property
    def weights(self) -> Path:
        """Return the weights, without suffix."""
        return self.folder / self.name


def main(arguments: list[str] | None = None) -> int:
    """Adapt as the arguments say; return the exit status: 0, 1 if the result is worse, 2 if it could not be made."""
    parser = argparse.ArgumentParser(description="Make the model better on your own photos.")
    parser.add_argument("dataset", type=Path, metavar="ZIP", help="data set of corrected photos, or its folder")
    parser.add_argument("--output", type=Path, default=Path("output/adapted"), help="folder for MODEL_DIR")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the model to start from")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"default: {EPOCHS}")
    parser.add_argument(
        "--distillation", type=float, default=DISTILLATION, help="how much what it knew counts beside the new labels"
    )
    args = parser.parse_args(arguments)
    if args.epochs < 1:
        parser.error(f"--epochs {args.epochs} should be 1 or more")
    if not 0 <= args.distillation < float("inf"):
        parser.error(f"--distillation {args.distillation} should be a number from 0 on")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the training ends with it
    try:
        return adapt(args)
    except (DatasetError, LabelsError, OSError, UnicodeError, zipfile.BadZipFile) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on", file=sys.stderr)
        return 130


def adapt(args: argparse.Namespace) -> int:
    """Do what main says."""
    released = read_released(args.models)
    check_output(args.output, args.models)
    work = args.output.with_name(f"{args.output.name}-work")
    begin(work, record_of(args, released))
    try:
        root = take(args.dataset, work, released)
    except Exception:
        shutil.rmtree(work, ignore_errors=True)
        raise
    train(released, root, work, args)
    return compare_and_install(released, root, work, args)


def take(dataset: Path, work: Path, released: Released) -> Path:
    """Split the data set and return its folder.

    Raises:
        DatasetError: it is none, or too little to train on and to compare with; prepare has others.
    """
    root, checked = prepare(dataset, work / "lists", released.labels)
    print(*checked.problems, sep="\n", end="\n" if checked.problems else "")
    if len(checked.pairs) < LEAST_PHOTOS:
        raise DatasetError(f"{dataset} has {len(checked.pairs)} usable photos; correct {LEAST_PHOTOS} or more.")
    truths = read_truths(root, work / "lists" / "val.txt")
    if not classes_of(truths):
        names = ", ".join(truth.path.name for truth in truths[:3])
        raise DatasetError(f"No validation photo ({names}) has a face, so nothing can be compared; add photos.")
    return root


def read_released(models: Path) -> Released:
    """Find the model to start from.

    Raises:
        DatasetError: the folder has no weights to go on from, or of a network that no configuration describes.
    """
    found = sorted(models.glob("*.pdparams"))
    if not found or not (models / "infer_cfg.yml").is_file():
        raise DatasetError(f"{models} has no weights to go on from (NAME.pdparams beside NAME.onnx and infer_cfg.yml).")
    config = yaml.safe_load((models / "infer_cfg.yml").read_text(encoding="utf-8"))
    released = Released(models, found[0].stem, list(config["label_list"]), float(config["draw_threshold"]))
    if not released.config.is_file():
        raise DatasetError(f"{found[0].name} is of a network without a configuration; there are none but in {CONFIGS}.")
    return released


def check_output(output: Path, models: Path) -> None:
    """Stop now over what would stop it at the end."""
    if output.resolve() == models.resolve():
        raise DatasetError(f"--output {output} is the model to start from; name another folder.")
    if output.exists() and not (output.is_dir() and (not any(output.iterdir()) or (output / CARD).is_file())):
        raise DatasetError(f"--output {output} is not empty and no earlier result; name another folder.")


def record_of(args: argparse.Namespace, released: Released) -> dict[str, Any]:
    """Return what a run is made from: another one begins anew."""
    return {
        "dataset": str(args.dataset.resolve()),
        "content": checksum(args.dataset),
        "weights": checksum(released.weights.with_suffix(".pdparams")),
        "epochs": args.epochs,
        "distillation": args.distillation,
    }


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's files and their names."""
    digest = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.is_file():
            digest.update(os.fsencode(file.relative_to(path)))
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def begin(work: Path, record: dict[str, Any]) -> None:
    """Keep the folder of an interrupted run, and clear that of another one."""
    path = work / "record.json"
    if not path.is_file() or json.loads(path.read_text(encoding="utf-8")) != record:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        path.write_text(json.dumps(record, indent=1), encoding="utf-8")


def train(released: Released, root: Path, work: Path, args: argparse.Namespace) -> None:
    """Train, export and convert, but for what an interrupted run has done."""
    run = work / "training" / released.name
    data: list[object] = ["-c", released.config, "--dataset", root, "--lists", work / "lists"]
    if not (run / "model_final.pdparams").is_file():
        options = [f"epoch={args.epochs}", f"save_dir={work / 'training'}", "snapshot_epoch=1"]
        options.append(f"pretrain_weights={released.weights}.pdparams")
        step("fine_tuning/train.py", *data, "--resume", "--distillation", args.distillation, "-o", *options)
    new = work / "model"
    if not (new / f"{released.name}.onnx").is_file():
        step("release/carry_calibration.py", "--calibrated", released.weights, "--trained", run / "model_final")
        calibrated = ["-o", f"weights={run / 'calibrated'}"]
        threshold = ["--draw-threshold", released.threshold]
        step("release/export.py", *data[:4], "--output-dir", work / "inference", *threshold, *calibrated)
        export = ["--export", work / "inference" / released.name, *data[2:]]
        step("release/convert.py", *export, "--models", new, "--weights", run / "calibrated")


def compare_and_install(released: Released, root: Path, work: Path, args: argparse.Namespace) -> int:
    """Compare the two models on the validation part, tell, and install the new one unless it is worse."""
    truths = read_truths(root, work / "lists" / "val.txt")
    training = len((work / "lists" / "train.txt").read_text(encoding="utf-8").splitlines())
    before, after = measure(released.folder, truths), measure(work / "model", truths)
    result = Adaptation(
        args.dataset, training, len(truths), args.epochs, args.distillation, released.weights, before, after
    )
    print(result.table())
    if before.mislabelled > before.right:
        print("The model finds most of these faces with another label than yours: are the labels right?")
    if after.is_worse_than(before):
        print(
            "It is worse than before on your own validation photos (mAP, or errors at the threshold: "
            f"{before.errors} before, {after.errors} after): nothing is installed. "
            f"More photos may help; {work} keeps what was tried."
        )
        return 1
    install(work / "model", released.name, args.output)
    write_card(args.output, result)
    shutil.rmtree(work)
    print(f"{args.output} holds the new model: start the API with MODEL_DIR={args.output}")
    return 0


def install(source: Path, name: str, target: Path) -> None:
    """Put the model's files into a folder; an API that serves it keeps the old ones until it is told to reload."""
    target.mkdir(parents=True, exist_ok=True)
    for pattern in MODEL_FILES:
        file = source / pattern.format(name)
        if file.is_file():
            partial = target / f".{file.name}.partial"
            shutil.copyfile(file, partial)
            partial.replace(target / file.name)


if __name__ == "__main__":
    sys.exit(main())
