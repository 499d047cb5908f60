"""Export a trained model for several input sizes; print accuracy and time of each. MODEL_DIR=OUTPUT/SIZE serves one.

    python scripts/training/experiments/input_sizes.py --dataset DIR --lists DIR --weights RUN/calibrated

The weights are those of a training run that release.py has calibrated; sizes are multiples of 32.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from scripts.training.release.convert import convert, install  # first: it sets Paddle up, and the path to backend

import numpy as np

from backend import PicoDetector
from scripts.training.data.voc import Truth, read_truths
from scripts.training.evaluation.evaluate_onnx import detect_all
from scripts.training.evaluation.measures import summarise
from scripts.training.release.optimize_onnx import optimize
from scripts.training.steps import CONFIGS, step

TRAINED_SIZE = 416
STRIDE = 32
ROUNDS = 100


def main() -> None:
    """Export and measure as the arguments say."""
    parser = argparse.ArgumentParser(description="Export a trained model for several input sizes and measure each.")
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--lists", type=Path, required=True, help="folder with val.txt")
    parser.add_argument("--weights", type=Path, required=True, help="calibrated weights, without .pdparams")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(range(256, 481, 32)))
    parser.add_argument("--output", type=Path, default=Path("output/sizes"))
    args = parser.parse_args()
    wrong = [size for size in args.sizes if size < STRIDE or size % STRIDE]
    if wrong:
        raise SystemExit(f"{wrong[0]} is no multiple of {STRIDE}")
    truths = read_truths(args.dataset, args.lists / "val.txt")
    data: list[object] = ["--dataset", args.dataset, "--lists", args.lists]
    for size in args.sizes:
        export(size, data, args.weights, args.output / str(size))
    detectors = {size: PicoDetector(args.output / str(size)) for size in args.sizes}
    print("\n| input | mAP at IoU 0.5 | mAP 0.5:0.95 | ms, one core | of the time |\n| --- | --- | --- | --- | --- |")
    times = inference_times(detectors)
    for size, detector in detectors.items():
        print(row(size, detector, truths, times[size], times[max(times)]))


def export(size: int, data: list[object], weights: Path, folder: Path) -> None:
    """Export, convert and optimise the weights for one size into a folder that MODEL_DIR takes."""
    with tempfile.TemporaryDirectory() as temporary:
        configs = Path(temporary) / "configs"
        shutil.copytree(CONFIGS, configs)
        reader = configs / f"reader_{TRAINED_SIZE}.yml"
        for side in ("height", "width"):
            old, new = (f"eval_{side}: &eval_{side} {value}" for value in (TRAINED_SIZE, size))
            reader.write_text(reader.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        config = configs / f"picodet_s_{size}_facemask.yml"
        if size != TRAINED_SIZE:
            shutil.move(configs / f"picodet_s_{TRAINED_SIZE}_facemask.yml", config)
        step("release/export.py", "-c", config, *data, "--output-dir", temporary, "-o", f"weights={weights.resolve()}")
        exported = Path(temporary) / config.stem
        onnx = exported / f"{config.stem}.onnx"
        convert(exported, onnx)
        optimize(onnx, onnx)
        install({onnx.name: onnx, "infer_cfg.yml": exported / "infer_cfg.yml"}, folder)


def inference_times(detectors: dict[int, PicoDetector]) -> dict[int, list[float]]:
    """Return milliseconds of one inference on one core, the sizes taking turns."""
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
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
    figures = summarise(detect_all(detector, truths)[0], truths, detector.labels)
    ratio = float(np.median(np.array(times) / np.array(largest)))
    return f"| {size} px | {figures['mAP 0.5']} | {figures['mAP 0.5:0.95']} | {np.median(times):.1f} | {ratio:.2f} |"


if __name__ == "__main__":
    main()
