"""Measure what each idea of a faster inference gives, in accuracy and time; all in one run, taking turns.

    python scripts/training/inference_ideas.py --dataset DIR --lists DIR --weights DIR/calibrated [--rounds 100]

The weights are those of the released model. A time is one photo's on one core, resizing and normalising included,
decoding not; the ratio is the median of the ratios to the released model in the same turn.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert import convert  # first: it sets Paddle up, and the path to backend

import numpy as np
import onnxruntime as ort
from backend import PicoDetector
from backend.image_decode import decode_image
from backend.paddle_inference import DEFAULT_MODEL_DIR, find_model
from backend.postprocess import suppress_per_class
from backend.preprocess import ModelInput
from evaluate_onnx import summarise
from input_sizes import CONFIGS
from model_variants import quantize, take_bytes
from scripts.benchmarking.raw import measure_raw
from steps import step
from tqdm import tqdm
from voc import Truth, read_truths

CALIBRATION_PHOTOS = 100
NAME = "picodet_s_416_facemask"
Outputs = list[Any]


@dataclass
class Idea:
    """One way to run the model; ``run`` takes a BGR image and returns the model's outputs."""

    name: str
    run: Callable[[np.ndarray], Outputs]


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description="Measure ideas of a faster inference.")
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--lists", type=Path, required=True, help="folder with train.txt and val.txt")
    parser.add_argument("--weights", type=Path, required=True, help="calibrated weights, without .pdparams")
    parser.add_argument("--rounds", type=int, default=100)
    args = parser.parse_args()
    detector = PicoDetector()
    truths = read_truths(args.dataset, args.lists / "val.txt")
    image = decode_image(truths[0].path.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        ideas = build(detector, Path(folder), args)
        times = measure(ideas, image, args.rounds)
    print("\n| idea | mAP at IoU 0.5 | ms | of the time |\n| --- | --- | --- | --- |")
    for index, idea in enumerate(ideas):
        accuracy = evaluate(idea, detector, truths)
        ratio = float(np.median(times[index] / times[0]))
        print(f"| {idea.name} | {accuracy} | {np.median(times[index]):.1f} | {ratio:.2f} |", flush=True)
    print(f"\npost-processing (NMS by class, one label a face): {post_processing(detector, image, args.rounds):.2f} ms")
    print(threads_or_callers(detector, image))


def build(detector: PicoDetector, folder: Path, args: argparse.Namespace) -> list[Idea]:
    """Return all ideas, the released model first; models are written into the folder."""
    released = find_model(DEFAULT_MODEL_DIR)
    prepare = detector.config.preprocessor

    def idea(name: str, path: Path, **changes: Any) -> Idea:
        session = open_session(path, **changes)
        names = [node.name for node in session.get_inputs()]
        return Idea(name, lambda image: session.run(None, feed(prepare(image), names)))

    data = ["--dataset", args.dataset, "--lists", args.lists, "--output-dir", folder]
    step("export.py", "-c", CONFIGS / f"{NAME}.yml", *data, "-o", f"weights={args.weights.resolve()}")
    converted = folder / "converted.onnx"
    convert(folder / NAME, converted)
    training = [truth.path for truth in read_truths(args.dataset, args.lists / "train.txt")]
    chosen = np.random.default_rng(0).choice(len(training), CALIBRATION_PHOTOS, replace=False)
    photos = [training[index] for index in chosen]
    names = detector.model.inputs
    for spare, target in ((False, folder / "int8.onnx"), (True, folder / "int8_spare.onnx")):
        inputs = (feed(prepare(decode_image(photo.read_bytes())), names) for photo in photos)
        quantize(released, target, tqdm(inputs, total=len(photos), desc="calibrating", unit="photo"), spare)
    take_bytes(released, folder / "bytes.onnx", prepare)
    fully = folder / "fully.onnx"
    open_session(released, optimized_model_filepath=str(fully))
    none, basic = (
        {"graph_optimization_level": getattr(ort.GraphOptimizationLevel, f"ORT_{level}")}
        for level in ("DISABLE_ALL", "ENABLE_BASIC")
    )
    no_arena = {"enable_cpu_mem_arena": False, "enable_mem_pattern": False}
    return [
        idea("**the released model**", released),
        idea("as paddle2onnx converts it, without optimize_onnx.py", converted),
        idea("ONNX Runtime without graph optimisation", released, **none),
        idea("only basic graph optimisation (no NCHWc layout)", released, **basic),
        idea("optimised before, not at the start", fully, **none),
        idea("no memory arena, no memory pattern", released, **no_arena),
        idea("denormal numbers as zero", released, config={"session.set_denormal_as_zero": "1"}),
        bytes_idea(detector, folder / "bytes.onnx"),
        idea("int8 (QDQ, by channel), all layers", folder / "int8.onnx"),
        idea("int8 convolutions, sensitive layers left out", folder / "int8_spare.onnx"),
    ]


def open_session(path: Path, config: dict[str, str] | None = None, **changes: Any) -> ort.InferenceSession:
    """Open a model as backend/onnx_model.py does, with other options."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    for name, value in changes.items():
        setattr(options, name, value)
    for name, value in {"session.intra_op.allow_spinning": "0", **(config or {})}.items():
        options.add_session_config_entry(name, value)
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def feed(model_input: ModelInput, names: list[str]) -> dict[str, np.ndarray]:
    """Return the tensors that a model asks for."""
    every = {"image": model_input.tensor, "scale_factor": model_input.scale_factor, "im_shape": model_input.im_shape}
    return {name: every[name] for name in names}


def bytes_idea(detector: PicoDetector, path: Path) -> Idea:
    """Return the model that normalises by itself."""
    session, resize = open_session(path), detector.config.preprocessor.steps[0]
    others = [node.name for node in session.get_inputs() if node.name == "scale_factor"]

    def run(image: np.ndarray) -> Outputs:
        scale = np.array([resize.scale(*image.shape[:2])], np.float32)  # type: ignore[union-attr]
        tensors = {"bytes": resize(image)[np.newaxis]}
        return list(session.run(None, tensors | dict.fromkeys(others, scale)))

    return Idea("uint8 input, normalised in the graph", run)


def measure(ideas: list[Idea], image: np.ndarray, rounds: int) -> np.ndarray:
    """Return milliseconds, (ideas, rounds)."""
    times = np.zeros((len(ideas), rounds))
    for idea in ideas:
        idea.run(image)
    for turn in tqdm(range(rounds), desc="timing", unit="round"):
        for index, idea in enumerate(ideas):
            started = time.perf_counter()
            idea.run(image)
            times[index, turn] = (time.perf_counter() - started) * 1000
    return times


def evaluate(idea: Idea, detector: PicoDetector, truths: list[Truth]) -> float:
    """Return the mAP at IoU 0.5 on the validation photos, in percent."""
    found = []
    for truth in tqdm(truths, desc="detecting", unit="photo", leave=False):
        image = decode_image(truth.path.read_bytes())
        boxes, scores = idea.run(image)
        detections = suppress_per_class(boxes[0], scores[0], detector.config.nms)
        scale_y, scale_x = detector.config.preprocessor(image).scale_factor[0]
        found.append(detections.scale(1 / scale_x, 1 / scale_y).clip(image.shape[1], image.shape[0]))
    return summarise(found, truths, detector.labels)["mAP 0.5"]


def post_processing(detector: PicoDetector, image: np.ndarray, rounds: int) -> float:
    """Return the milliseconds from the model's outputs to the faces, at the default threshold."""
    boxes, scores = detector.model.run(detector.config.preprocessor(image))
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        detector.settle(suppress_per_class(boxes[0], scores[0], detector.config.nms, detector.config.draw_threshold))
        times.append((time.perf_counter() - started) * 1000)
    return float(np.median(times))


def threads_or_callers(detector: PicoDetector, image: np.ndarray, seconds: float = 1, rounds: int = 5) -> str:
    """Return the throughput of two ways to use two cores."""
    with_two_threads = PicoDetector(threads=2)
    apart, together = [], []
    for _ in range(rounds):
        apart.append(measure_raw(detector, image, 2, seconds).throughput)
        together.append(measure_raw(with_two_threads, image, 1, seconds).throughput)
    one, other = float(np.median(apart)), float(np.median(together))
    return f"two cores: two photos at once {one:.0f} photos/s, one photo by two threads {other:.0f} photos/s"


if __name__ == "__main__":
    main()
