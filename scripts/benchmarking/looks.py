"""What a finer look costs: one inference, one look, and all parts of an ordinary photo, in turn on one core.

.venv/bin/python scripts/benchmarking/looks.py [--rounds N]
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import cv2
import numpy as np

from backend import PicoDetector
from backend.settings import ROOT

WIDTH, HEIGHT = 800, 600


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description="Measure what a finer look costs.")
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    detector = PicoDetector()
    image = cv2.resize(cv2.imread(str(ROOT / "images" / "test_mask.jpg")), (WIDTH, HEIGHT))
    photo = cv2.imencode(".jpg", image)[1].tobytes()
    single = detector.config.preprocessor(image)
    batch = np.concatenate([single.tensor] * 5)
    run = detector.model.session.run
    ways: dict[str, Callable[[], object]] = {
        "one inference": lambda: detector.model.run(single),
        "one look (predict)": lambda: detector.predict(img_bin=photo),
        "five parts (predict, detail=fine)": lambda: detector.predict(img_bin=photo, detail="fine"),
        "five inferences, one by one": lambda: [detector.model.run(single) for _ in range(5)],
        "five inferences, as one batch": lambda: run(None, {"image": batch}),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            times[name].append((time.perf_counter() - started) * 1000)
    first = np.array(next(iter(times.values())))
    print(f"| a photo of {WIDTH} x {HEIGHT} px | ms, median | of one inference |\n| --- | --- | --- |")
    for name, values in times.items():
        print(f"| {name} | {np.median(values):.1f} | {np.median(np.array(values) / first):.2f} |")


if __name__ == "__main__":
    main()
