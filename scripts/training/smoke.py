"""Run the whole training path on a few generated pictures: split, train, resume, export, convert, evaluate.

    .venv-training/bin/python scripts/training/smoke.py [--keep DIR]

Takes minutes, needs no dataset, and says nothing about accuracy: it shows that every step works, for both configs.
"""

import argparse
import sys
import tempfile
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import cv2
import numpy as np

from scripts.training.release.release import release
from scripts.training.steps import CONFIGS, step

MODELS = ("picodet_s_416_facemask", "picodet_xs_416_facemask")
PICTURES = 10
SKIN, MASK, DARK = (140, 175, 225), (200, 160, 90), (40, 40, 40)  # BGR


def main() -> None:
    """Run every step for every config; stop at the first that fails."""
    parser = argparse.ArgumentParser(description="Run the whole training path on a few generated pictures.")
    parser.add_argument("--keep", type=Path, help="work in this folder and keep it")
    args = parser.parse_args()
    if args.keep:
        run_all(args.keep.resolve())
        return
    with tempfile.TemporaryDirectory() as folder:
        run_all(Path(folder))


def run_all(folder: Path) -> None:
    """Make the dataset in ``folder`` and take each config from start to evaluation."""
    dataset, lists = folder / "dataset", folder / "lists"
    generate(dataset)
    step("data/split_dataset.py", dataset, "--output", lists)
    data: list[object] = ["--dataset", dataset, "--lists", lists]
    for name in MODELS:
        config = CONFIGS / f"{name}.yml"
        training, models = folder / "training", folder / "models" / name
        options = ["pretrain_weights=null", "TrainReader.batch_size=2", "worker_num=0"]
        options.append(f"save_dir={training}")
        step("fine_tuning/train.py", "-c", config, *data, "-o", *options, "epoch=1")
        step("fine_tuning/train.py", "-c", config, *data, "--resume", "-o", *options, "epoch=2")
        step("evaluation/evaluate.py", "-c", config, *data, "-o", f"weights={training / name / 'model_final'}")
        release(config, data, training / name, folder / "inference", models, replace=False)
        step("evaluation/evaluate_onnx.py", *data, "--models", models, "--output", folder / "evaluation" / name)
    print(f"all steps done for {', '.join(MODELS)}")


def generate(dataset: Path) -> None:
    """Write a VOC dataset of drawn faces, with and without a mask."""
    random = np.random.default_rng(0)
    for folder in ("JPEGImages", "Annotations"):
        (dataset / folder).mkdir(parents=True, exist_ok=True)
    (dataset / "label_list.txt").write_text("face\nface_mask\n")
    for number in range(PICTURES):
        picture = random.integers(90, 130, (300, 400, 3), np.uint8)
        objects = []
        for x in (100, 300):
            masked = bool(random.integers(2))
            radius = int(random.integers(30, 80))
            draw_face(picture, x, 150, radius, masked)
            objects.append(describe_face(x, 150, radius, masked))
        cv2.imwrite(str(dataset / "JPEGImages" / f"{number}.jpg"), picture)
        (dataset / "Annotations" / f"{number}.xml").write_text(
            "<annotation><size><width>400</width><height>300</height><depth>3</depth></size>"
            + "".join(objects)
            + "</annotation>"
        )


def draw_face(picture: np.ndarray, x: int, y: int, radius: int, masked: bool) -> None:
    """Draw a face in place."""
    cv2.circle(picture, (x, y), radius, SKIN, cv2.FILLED)
    for side in (-1, 1):
        cv2.circle(picture, (x + side * radius // 3, y - radius // 4), radius // 8, DARK, cv2.FILLED)
    if masked:
        cv2.ellipse(picture, (x, y + radius // 3), (radius * 3 // 4, radius // 2), 0, 0, 360, MASK, cv2.FILLED)


def describe_face(x: int, y: int, radius: int, masked: bool) -> str:
    """Return the face's object element."""
    box = zip(("xmin", "ymin", "xmax", "ymax"), (x - radius, y - radius, x + radius, y + radius), strict=True)
    sides = "".join(f"<{name}>{value}</{name}>" for name, value in box)
    label = "face_mask" if masked else "face"
    return f"<object><name>{label}</name><difficult>0</difficult><bndbox>{sides}</bndbox></object>"


if __name__ == "__main__":
    main()
