"""Runs the training scripts one after the other, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def step(script: str, *arguments: object) -> None:
    """Run one of the scripts beside this one; stop if it fails."""
    print(f"== {script} {' '.join(map(str, arguments))}", flush=True)
    done = subprocess.run([sys.executable, str(HERE / script), *map(str, arguments)], check=False)
    if done.returncode != 0:
        raise SystemExit(f"{script} failed (exit status {done.returncode})")


def release(config: Path, data: list[object], training: Path, inference: Path, models: Path, *, replace: bool) -> None:
    """Calibrate, export and convert the best weights of a training run, and put the model into ``models``.

    Args:
        config: the configuration that was trained.
        data: the arguments --dataset and --lists.
        training: the run's folder, with best_model.pdparams.
        inference: where the export goes, in a folder of the configuration's name.
        models: where the .onnx and infer_cfg.yml go.
        replace: also in place of a model of another name.
    """
    step("calibrate.py", "-c", config, *data, "-o", f"weights={training / 'best_model'}")
    calibrated = f"weights={training / 'calibrated'}"
    step("export.py", "-c", config, *data, "--output-dir", inference, "-o", calibrated)
    options = ["--replace"] if replace else []
    step("convert.py", "--export", inference / config.stem, *data, "--models", models, *options)
