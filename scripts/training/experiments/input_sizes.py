"""Make the model faster and less accurate, or the other way: its input size; print accuracy and time of each.

    python scripts/training/experiments/input_sizes.py --sizes 352 [--dataset DIR --lists DIR] [--models DIR]

MODEL_DIR=OUTPUT/SIZE serves one. The model is the same, ``infer_cfg.yml`` says the size; sizes are multiples of 32, up
to 1024. Without a data set the folders are made and nothing is measured.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import numpy as np
import yaml

from backend import PicoDetector
from backend.model.errors import ModelError
from backend.model.infer_config import load_infer_config
from backend.paddle_inference import find_model
from backend.settings import MODELS
from scripts.training.data.voc import Truth, read_truths
from scripts.training.evaluation.evaluate_onnx import detect_all
from scripts.training.evaluation.measures import summarise

STRIDE = 32
MOST_SIDE = 1024  # that free_size.py makes tables for
ROUNDS = 100


def main() -> None:
    """Make and measure as the arguments say."""
    parser = argparse.ArgumentParser(description="Make the model with several input sizes and measure each.")
    parser.add_argument("--dataset", type=Path, help="to measure on; default: nothing is measured")
    parser.add_argument("--lists", type=Path, help="folder with its val.txt")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the model")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(range(256, 481, 32)))
    parser.add_argument("--squares", action="store_true", help="for comparison: wide photos as squares, too")
    parser.add_argument("--output", type=Path, default=Path("output/sizes"))
    args = parser.parse_args()
    wrong = [size for size in args.sizes if not STRIDE <= size <= MOST_SIDE or size % STRIDE]
    if wrong:
        raise SystemExit(f"{wrong[0]} is no multiple of {STRIDE} up to {MOST_SIDE}")
    if (args.dataset is None) != (args.lists is None):
        raise SystemExit("--dataset and --lists go together")
    detectors: dict[int, PicoDetector] = {}
    for size in args.sizes:
        folder = args.output / str(size)
        try:
            make(args.models, size, folder, args.squares)
            detectors[size] = PicoDetector(folder)
        except (OSError, ModelError) as error:
            raise SystemExit(str(error)) from None
        print(f"{folder} holds the model with inputs of {size} px: start the API with MODEL_DIR={folder}")
    if args.dataset is not None:
        measure(detectors, read_truths(args.dataset, args.lists / "val.txt"))


def measure(detectors: dict[int, PicoDetector], truths: list[Truth]) -> None:
    """Print the table of the sizes."""
    print("\n| input | mAP at IoU 0.5 | mAP 0.5:0.95 | one label a face | ms, one core | of the time |")
    print("| --- | --- | --- | --- | --- | --- |")
    times = inference_times(detectors)
    for size, detector in detectors.items():
        print(row(size, detector, truths, times[size], times[max(times)]))


def make(models: Path, size: int, folder: Path, squares: bool = False) -> None:
    """Write a folder that MODEL_DIR takes: the model of another, with inputs as large as squares of ``size`` px.

    Args:
        models: that other folder.
        size: a multiple of 32.
        folder: to write.
        squares: whether all inputs are squares; else wide and tall ones are scaled, too.

    Raises:
        ModelError: ``models`` holds no model whose size can be changed, or is ``folder``.
        OSError: a file cannot be read or written.
    """
    if folder.resolve() == models.resolve():
        raise ModelError(f"{folder} is the model to start from; name another folder with --output.")
    model = find_model(models)
    load_infer_config(models / "infer_cfg.yml")  # it says what is wrong with the file
    config = yaml.safe_load((models / "infer_cfg.yml").read_text(encoding="utf-8-sig"))
    resize = next((step for step in config["Preprocess"] if step["type"] == "Resize"), None)
    if resize is None:
        raise ModelError(f"{models / 'infer_cfg.yml'} has no Resize step, so photos keep their sizes.")
    usual = np.atleast_1d(resize["target_size"])[0]  # one number stands for a square
    resize["target_size"] = [size, size]
    others = [] if squares else config.get("input_sizes") or []
    scaled = [[round(side * size / usual / STRIDE) * STRIDE for side in sides] for sides in others]
    config["input_sizes"] = [sides for sides in scaled if max(sides) <= MOST_SIDE] or None
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.onnx"):
        path.unlink()
    shutil.copyfile(model, folder / model.name.replace(str(usual), str(size)))
    (folder / "infer_cfg.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def inference_times(detectors: dict[int, PicoDetector]) -> dict[int, list[float]]:
    """Return milliseconds of one inference on one core, the sizes taking turns."""
    image = np.random.default_rng(0).integers(0, 256, (480, 480, 3), np.uint8)
    inputs = {size: detector.config.preprocessor(image) for size, detector in detectors.items()}
    times: dict[int, list[float]] = {size: [] for size in detectors}
    for _ in range(ROUNDS):
        for size, detector in detectors.items():
            started = time.perf_counter()
            detector.model.run(inputs[size])
            times[size].append((time.perf_counter() - started) * 1000)
    return times


def row(size: int, detector: PicoDetector, truths: list[Truth], times: list[float], largest: list[float]) -> str:
    """Return the table's row of one size."""
    per_class, one_label = (summarise(found, truths, detector.labels) for found in detect_all(detector, truths))
    ratio = float(np.median(np.array(times) / np.array(largest)))
    accuracy = f"{per_class['mAP 0.5']} | {per_class['mAP 0.5:0.95']} | {one_label['mAP 0.5']}"
    return f"| {size} px | {accuracy} | {np.median(times):.1f} | {ratio:.2f} |"


if __name__ == "__main__":
    main()
