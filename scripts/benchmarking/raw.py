"""Raw inference: ``session.run`` on a ready tensor, which nothing around it can beat."""

import threading
import time

import numpy as np
from numpy.typing import NDArray

from backend import PicoDetector
from scripts.benchmarking.clients import Measured


def measure_raw(detector: PicoDetector, image: NDArray[np.uint8], threads: int, seconds: float) -> Measured:
    """Run the model on one image (h, w, 3) in ``threads`` threads, each on one core."""
    model_input = detector.config.preprocessor(image)
    result, lock = Measured(), threading.Lock()
    end = time.perf_counter() + seconds

    def work() -> None:
        latencies = []
        while (started := time.perf_counter()) < end:
            detector.model.run(model_input)
            latencies.append(time.perf_counter() - started)
        with lock:
            result.latencies += latencies

    workers = [threading.Thread(target=work) for _ in range(threads)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    result.seconds = time.perf_counter() - started
    return result
