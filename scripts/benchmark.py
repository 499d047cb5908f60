"""Measure the API against raw inference, interleaved in one run; prints tables, writes JSON and a plot.

    .venv/bin/python scripts/benchmark.py [--seconds 1] [--rounds 5] [--other URL] [--output output/benchmark]

It starts the API on a free port and ends it. ``--other http://host:port/path`` is measured beside it, with the same
bodies. Nothing else should run on the machine.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import cv2
import numpy as np
from tqdm import tqdm

from backend import PicoDetector
from backend.process.cores import usable_cores
from backend.settings import ROOT
from scripts.benchmarking.clients import NoAnswer, check, measure
from scripts.benchmarking.own_api import ApiFailed, own_api
from scripts.benchmarking.photos import Body, bodies
from scripts.benchmarking.process import cpu_name, cpu_seconds, peak_memory, reset_peak_memory
from scripts.benchmarking.raw import measure_raw
from scripts.benchmarking.summary import RAW_ALL, RAW_ONE, Cell, Samples, goals, median, row, table

CLIENTS = (1, 2, 4, 8, 16, 32)
OURS, OTHER = "ours", "other"
IDLE_SECONDS = 5
WARM_UP_SECONDS = 2
MEMORY_CLIENTS = 32


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(description="Measure the API against raw inference.")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each cell of a round, 0.1 to 60")
    parser.add_argument("--rounds", type=int, default=5, help="1 to 100")
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS, help="1, 2 and 32 are always measured")
    parser.add_argument("--other", metavar="URL", help="endpoint of another server to measure beside ours")
    parser.add_argument("--output", type=Path, default=ROOT / "output" / "benchmark")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the API is ended too
    if not 0.1 <= args.seconds <= 60 or not 1 <= args.rounds <= 100 or not all(1 <= n <= 256 for n in args.clients):
        parser.error("--seconds should be 0.1 to 60, --rounds 1 to 100, --clients 1 to 256 each")
    clients = sorted({*args.clients, 1, 2, MEMORY_CLIENTS})
    started = time.perf_counter()
    try:
        args.output.mkdir(parents=True, exist_ok=True)
        with own_api() as (port, api):
            ready = time.perf_counter() - started
            facts = {"machine": cpu_name(), "ready after (s)": ready, "idle CPU (cores)": idle_cpu(api)}
            endpoints = {OURS: f"http://127.0.0.1:{port}/api/"} | ({OTHER: args.other} if args.other else {})
            samples, memory = run(endpoints, api, clients, args.seconds, args.rounds)
    except (ApiFailed, NoAnswer, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    facts |= {f"peak memory, {size}, {MEMORY_CLIENTS} clients (MiB)": value / 2**20 for size, value in memory.items()}
    write(args.output, samples, facts, list(endpoints))
    return 0


def idle_cpu(api: subprocess.Popen[bytes]) -> float:
    """Return the cores that the API uses while nobody asks."""
    before = cpu_seconds(api.pid)
    time.sleep(IDLE_SECONDS)
    return (cpu_seconds(api.pid) - before) / IDLE_SECONDS


def run(
    endpoints: dict[str, str], api: subprocess.Popen[bytes], clients: list[int], seconds: float, rounds: int
) -> tuple[Samples, dict[str, int]]:
    """Measure every cell in every round, raw inference before each body; return them, and peak memory by photo.

    Raises:
        NoAnswer: an endpoint does not answer 200.
    """
    samples, memory = Samples(), dict[str, int]()
    detector, sent = PicoDetector(), bodies()
    image = np.asarray(cv2.imdecode(np.frombuffer(sent[0].content, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    for url in endpoints.values():
        check(url, request(url, sent[0]))
        measure(url, request(url, sent[0]), 2, WARM_UP_SECONDS)
    cells = [(body, server, count) for body in sent for server in endpoints for count in clients]
    with tqdm(total=rounds * (len(cells) + 2 * len(sent)), unit="cell") as bar:
        for body, server, count in in_rounds(cells, rounds):
            if server == OURS and count == clients[0]:
                samples.raw[RAW_ONE].append(measure_raw(detector, image, 1, seconds))
                samples.raw[RAW_ALL].append(measure_raw(detector, image, len(usable_cores()), seconds))
                bar.update(2)
            cell, url = Cell(server, body.kind, body.size, count), endpoints[server]
            reset_peak_memory(api.pid)
            before = cpu_seconds(api.pid)
            samples.cells[cell].append(measure(url, request(url, body), count, seconds))
            samples.beside[cell].append(samples.raw[RAW_ALL][-1].throughput)
            samples.beside_one[cell].append(median(samples.raw[RAW_ONE][-1].latencies))
            if server == OURS:
                samples.cpu[cell].append(cpu_seconds(api.pid) - before)
                if count == MEMORY_CLIENTS:
                    memory[body.size] = max(memory.get(body.size, 0), peak_memory(api.pid))
            bar.update()
    return samples, memory


def in_rounds(cells: list[tuple[Body, str, int]], rounds: int) -> Iterator[tuple[Body, str, int]]:
    """Yield all cells, ``rounds`` times."""
    for _ in range(rounds):
        yield from cells


def request(url: str, body: Body) -> bytes:
    """Return the HTTP request for an endpoint."""
    parts = urlsplit(url)
    return body.request(parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def write(output: Path, samples: Samples, facts: dict[str, object], servers: list[str]) -> None:
    """Print the tables; write them, the measurements and the plot."""
    from scripts.benchmarking.plot import draw

    rows = [row(samples, cell) for cell in samples.cells]
    reached = {server: goals(samples, server) for server in servers}
    lines = [f"- {name}: {shown(value)}" for name, value in (facts | reached[OURS]).items()]
    print("\n".join([*lines, "", table(rows)]))
    content = {"facts": facts, "goals": reached, "cells": rows}
    (output / "benchmark.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    draw(rows, output / "benchmark.png")
    print(f"\nwritten to {output}")


def shown(value: object) -> str:
    """Return a figure with three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
