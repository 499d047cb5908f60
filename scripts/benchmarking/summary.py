"""What was measured, in figures: medians over the rounds; throughput to raw inference within a round."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scripts.benchmarking.clients import Measured

RAW_ONE, RAW_ALL = "one core", "all cores"


@dataclass(frozen=True)
class Cell:
    """One thing that is measured in every round."""

    server: str
    kind: str
    size: str
    clients: int


@dataclass
class Samples:
    """All measurements.

    Attributes:
        raw: for RAW_ONE and RAW_ALL, one a round and body.
        cells: for each cell, one a round.
        beside: for each cell, in the same order, the throughput of RAW_ALL measured before its body.
        beside_one: the same of RAW_ONE, its median latency in seconds.
        cpu: for each cell, CPU seconds of the API.
    """

    raw: dict[str, list[Measured]] = field(default_factory=lambda: defaultdict(list))
    cells: dict[Cell, list[Measured]] = field(default_factory=lambda: defaultdict(list))
    beside: dict[Cell, list[float]] = field(default_factory=lambda: defaultdict(list))
    beside_one: dict[Cell, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[Cell, list[float]] = field(default_factory=lambda: defaultdict(list))


def percentile(measured: list[Measured], rank: float) -> float:
    """Return a percentile of all latencies, in milliseconds."""
    latencies = [latency for one in measured for latency in one.latencies]
    return float(np.percentile(latencies, rank)) * 1000 if latencies else float("nan")


def median(values: list[float]) -> float:
    """Return the median."""
    return float(np.median(values)) if values else float("nan")


def row(samples: Samples, cell: Cell) -> dict[str, Any]:
    """Return the figures of one cell."""
    measured = samples.cells[cell]
    answers = sum(len(one.latencies) for one in measured)
    return {
        "server": cell.server,
        "body": cell.kind,
        "photo": cell.size,
        "clients": cell.clients,
        "photos/s": round(median([one.throughput for one in measured]), 1),
        "to raw": round(ratio(samples, cell), 3),
        "p50 ms": round(percentile(measured, 50), 1),
        "p95 ms": round(percentile(measured, 95), 1),
        "p99 ms": round(percentile(measured, 99), 1),
        "CPU ms": round(1000 * sum(samples.cpu[cell]) / answers, 1) if answers and samples.cpu[cell] else None,
        "refused": sum(one.refused for one in measured),
    }


def ratio(samples: Samples, cell: Cell) -> float:
    """Return the throughput of a cell to raw inference on all cores, the median of the rounds."""
    pairs = zip(samples.cells[cell], samples.beside[cell], strict=True)
    return median([one.throughput / raw for one, raw in pairs])


def in_inferences(samples: Samples, cell: Cell) -> float:
    """Return the latency of a cell in inferences of one core, the median of the rounds."""
    pairs = zip(samples.cells[cell], samples.beside_one[cell], strict=True)
    return median([median(one.latencies) / raw for one, raw in pairs])


def goals(samples: Samples, server: str) -> dict[str, float]:
    """Return the ratios that the project wants to reach."""

    def throughput(kind: str, size: str, clients: int) -> list[float]:
        return [one.throughput for one in samples.cells[Cell(server, kind, size, clients)]]

    few, many = throughput("raw", "640 px", 2), throughput("raw", "640 px", 32)
    return {
        "raw inference, one core (ms)": percentile(samples.raw[RAW_ONE], 50),
        "raw body, 640 px, 2 clients, to raw": ratio(samples, Cell(server, "raw", "640 px", 2)),
        "JSON body, 640 px, 2 clients, to raw": ratio(samples, Cell(server, "json", "640 px", 2)),
        "overhead of one request, of an inference": in_inferences(samples, Cell(server, "raw", "640 px", 1)) - 1,
        "32 clients to 2": median([m / f for m, f in zip(many, few, strict=True)]),
        "12 Mpx photo, in inferences": in_inferences(samples, Cell(server, "raw", "12 Mpx", 1)),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "| " + " | ".join("---" for _ in names) + " |"]
    lines += ["| " + " | ".join("" if row[name] is None else str(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)
