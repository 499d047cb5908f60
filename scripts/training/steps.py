"""Runs the training scripts one after the other, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIGS = HERE / "fine_tuning" / "configs"


def step(script: str, *arguments: object) -> None:
    """Run a script, named by its path below this folder; stop if it fails."""
    print(f"== {script} {' '.join(map(str, arguments))}", flush=True)
    done = subprocess.run([sys.executable, str(HERE / script), *map(str, arguments)], check=False)
    if done.returncode != 0:
        raise SystemExit(f"{script} failed (exit status {done.returncode})")
