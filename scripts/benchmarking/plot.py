"""The throughput over the number of clients, as a picture."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def draw(rows: list[dict[str, Any]], target: Path) -> None:
    """Draw the ratio to raw inference for each server, body and photo."""
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for name in dict.fromkeys((row["server"], row["body"], row["photo"]) for row in rows):
        chosen = [row for row in rows if (row["server"], row["body"], row["photo"]) == name]
        axes.plot(
            [row["clients"] for row in chosen], [row["to raw"] for row in chosen], marker="o", label=", ".join(name)
        )
    axes.set(xscale="log", xlabel="clients", ylabel="throughput to raw inference", ylim=(0, None))
    axes.set_xticks([row["clients"] for row in rows], [str(row["clients"]) for row in rows], minor=False)
    axes.minorticks_off()
    axes.axhline(1, color="grey", linewidth=1)
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(target, dpi=120)
    pyplot.close(figure)
