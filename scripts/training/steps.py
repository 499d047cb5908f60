"""Runs the training scripts one after the other, each in a process of its own."""

import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
GRACE_SECONDS = 3
CONFIGS = HERE / "fine_tuning" / "configs"


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Let a script end: Ctrl-C has reached it too, what was sent to this process alone has not."""
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait()


def step(script: str, *arguments: object) -> None:
    """Run a script, named by its path below this folder; stop if it fails."""
    print(f"== {script} {' '.join(map(str, arguments))}", flush=True)
    with subprocess.Popen([sys.executable, str(HERE / script), *map(str, arguments)]) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            stop(process)
            raise
    if status != 0:
        raise SystemExit(f"{script} failed (exit status {status})")
