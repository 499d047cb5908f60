"""Measure batch_predict.py against raw inference, and its memory as an archive grows; prints a Markdown table.

    .venv/bin/python scripts/batch/benchmark.py PHOTOS [--sizes 1000 10000]

PHOTOS is a folder of photos; archives of the sizes are made of links to them. Nothing else should run on the machine.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import numpy as np

from backend import PicoDetector
from backend.images.decode import decode_image
from backend.images.formats import SUFFIXES
from backend.process.cores import usable_cores
from backend.settings import ROOT
from scripts.benchmarking.raw import measure_raw

RAW_SECONDS = 5
SAMPLE_SECONDS = 0.5


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description="Measure batch_predict.py against raw inference.")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    args = parser.parse_args()
    photos = sorted(path for path in args.photos.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not photos:
        raise SystemExit(f"{args.photos} holds no photo")
    print("| photos | seconds | photos/s | raw inference/s | ratio | without the start | peak memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    before: tuple[int, float] | None = None
    for size in args.sizes:
        raw_before = raw_throughput(photos[0])
        seconds, memory = run(photos, size)
        raw = (raw_before + raw_throughput(photos[0])) / 2  # the speed of a machine drifts within minutes
        steady = (size - before[0]) / (seconds - before[1]) / raw if before else float("nan")
        rate, mebibytes = size / seconds, memory / 2**20
        cells = f"{seconds:.0f} | {rate:.1f} | {raw:.1f} | {rate / raw:.2f} | {steady:.2f} | {mebibytes:.0f} MiB"
        print(f"| {size} | {cells} |", flush=True)
        before = size, seconds


def raw_throughput(photo: Path) -> float:
    """Return inferences a second on all cores."""
    image = decode_image(photo.read_bytes())
    return measure_raw(PicoDetector(), np.asarray(image), len(usable_cores()), RAW_SECONDS).throughput


def run(photos: list[Path], size: int) -> tuple[float, int]:
    """Score an archive of ``size`` links to the photos; return seconds and the peak of memory, in bytes."""
    with tempfile.TemporaryDirectory() as temporary:
        archive = Path(temporary) / "archive"
        archive.mkdir()
        for number in range(size):
            photo = photos[number % len(photos)]
            (archive / f"{number:06}{photo.suffix}").symlink_to(photo.resolve())
        command = [sys.executable, ROOT / "scripts" / "batch_predict.py", archive, Path(temporary) / "out"]
        started = time.perf_counter()
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, start_new_session=True) as process:
            peak = Peak(process.pid)
            peak.start()
            process.communicate()
            seconds = time.perf_counter() - started
            peak.ended.set()
            peak.join()
        if process.returncode != 0:
            raise SystemExit("batch_predict.py failed")
    return seconds, peak.bytes


class Peak(threading.Thread):
    """Samples the memory of a process and all that descend from it; shared memory counts once."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid = pid
        self.bytes = 0
        self.ended = threading.Event()

    def run(self) -> None:
        """Sample until the process has ended."""
        while not self.ended.wait(SAMPLE_SECONDS):
            self.bytes = max(self.bytes, sum(map(proportional_memory, family(self.pid))))


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def proportional_memory(pid: int) -> int:
    """Return the memory of a process, shared pages divided by those who share them, in bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
