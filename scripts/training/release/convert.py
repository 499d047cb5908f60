"""Convert an export to ONNX, make it faster, free its input size, check it against Paddle, and put it into models/.

python scripts/training/release/convert.py --export output/inference/NAME --dataset DIR --lists DIR [--models DIR]
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import backend  # noqa: F401  (first: it switches ONNX Runtime's telemetry off)
from scripts.training.fine_tuning import paddle_setup  # noqa: F401  (before paddle)

import numpy as np
import onnxruntime
import paddle
import yaml
from tqdm import tqdm

from backend.images.decode import decode_image
from backend.model.infer_config import parse_infer_config
from backend.settings import ROOT
from scripts.training.release.free_size import UnknownFormError, free_size
from scripts.training.release.optimize_onnx import optimize

OPSET = 14  # hard_swish needs it
MOST_SCORE_DIFFERENCE = 1e-3
MOST_BOX_DIFFERENCE = 0.5  # pixels of the input
LEAST_PHOTOS = 50


def main() -> None:
    """Convert, compare, install."""
    parser = argparse.ArgumentParser(description="Convert an export to ONNX and put it into models/.")
    parser.add_argument("--export", type=Path, required=True, help="folder that export.py wrote")
    parser.add_argument("--dataset", type=Path, required=True, help="folder of the VOC data set")
    parser.add_argument("--lists", type=Path, required=True, help="folder with val.txt")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="where the model goes")
    parser.add_argument("--weights", type=Path, help="calibrated weights, without .pdparams: shipped beside the model")
    parser.add_argument("--photos", type=int, default=60, help=f"validation photos to compare, {LEAST_PHOTOS} or more")
    parser.add_argument("--replace", action="store_true", help="replace a model of another name")
    args = parser.parse_args()
    if args.photos < LEAST_PHOTOS:
        raise SystemExit(f"--photos {args.photos} is too few to compare; take {LEAST_PHOTOS} or more")
    other = [path for path in args.models.glob("*.onnx") if path.stem != args.export.name]
    if other and not args.replace:
        raise SystemExit(f"{args.models} holds {other[0].name}: pass --replace to put {args.export.name} in its place")

    onnx = args.export / f"{args.export.name}.onnx"
    convert(args.export, onnx)
    optimize(onnx, onnx)
    free(onnx, args.export / "infer_cfg.yml")
    photos = [args.dataset / line.split()[0] for line in (args.lists / "val.txt").read_text().splitlines()]
    compare(args.export, onnx, photos[: args.photos])
    files = {onnx.name: onnx, "infer_cfg.yml": args.export / "infer_cfg.yml"}
    if args.weights:  # what train.py starts from
        files |= {f"{onnx.stem}{suffix}": args.weights.with_suffix(suffix) for suffix in (".pdparams", ".yml")}
    install(files, args.models)
    for path in other:
        path.unlink()
    print(f"{args.models} now holds {onnx.name} and its infer_cfg.yml")


def convert(export: Path, target: Path) -> None:
    """Run paddle2onnx, in a process of its own."""
    for name in ("model.pdmodel", "model.pdiparams", "infer_cfg.yml"):
        if not (export / name).is_file():
            raise SystemExit(f"{export / name} is missing: run export.py first")
    command = [Path(sys.executable).parent / "paddle2onnx", "--model_dir", export, "--model_filename", "model.pdmodel"]
    command += ["--params_filename", "model.pdiparams", "--save_file", target, "--opset_version", str(OPSET)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0 or not target.is_file():
        raise SystemExit(f"paddle2onnx failed:\n{done.stdout}{done.stderr}")


def free(onnx: Path, infer_cfg: Path) -> None:
    """Let the model take inputs of any size; where that cannot be done, take the sizes out of ``infer_cfg.yml``."""
    try:
        free_size(onnx, onnx)
    except UnknownFormError as error:
        print(f"{onnx.name} keeps its one input size: {error}")
        content = read_config(infer_cfg)
        content.pop("input_sizes", None)
        infer_cfg.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def read_config(path: Path) -> dict[str, Any]:
    """Return what an ``infer_cfg.yml`` says."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def compare(export: Path, onnx: Path, photos: list[Path]) -> None:
    """Print the largest differences between Paddle's and ONNX Runtime's outputs; stop if they are too large."""
    config = read_config(export / "infer_cfg.yml") | {"input_sizes": None}  # Paddle's export has one size
    preprocess = parse_infer_config(config).preprocessor
    original = paddle.jit.load(str(export / "model"))
    original.eval()
    session = onnxruntime.InferenceSession(str(onnx), providers=["CPUExecutionProvider"])
    boxes = scores = 0.0
    for photo in tqdm(photos, desc="comparing with Paddle", unit="photo"):
        model_input = preprocess(decode_image(photo.read_bytes()))
        inputs = {"image": model_input.tensor, "scale_factor": model_input.scale_factor}
        wanted = [node.name for node in session.get_inputs()]
        converted = session.run(None, {name: inputs[name] for name in wanted})
        expected = original(*(paddle.to_tensor(inputs[name]) for name in wanted))
        boxes = max(boxes, float(np.abs(converted[0] - expected[0].numpy()).max()))
        scores = max(scores, float(np.abs(converted[1] - expected[1].numpy()).max()))
    print(f"{len(photos)} photos: largest difference {scores:.2e} in a score, {boxes:.2e} px in a box")
    if scores > MOST_SCORE_DIFFERENCE or boxes > MOST_BOX_DIFFERENCE:
        raise SystemExit(f"too much: at most {MOST_SCORE_DIFFERENCE} in a score and {MOST_BOX_DIFFERENCE} px are fine")


def install(files: dict[str, Path], folder: Path) -> None:
    """Copy the files to their names so that each appears complete or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        partial = folder / f".{name}.partial"
        shutil.copyfile(path, partial)
        partial.replace(folder / name)


if __name__ == "__main__":
    main()
