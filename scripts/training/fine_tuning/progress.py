"""What a training run shows and keeps: a progress bar, one JSON line an epoch, a plot of loss and mAP."""

import json
from pathlib import Path
from typing import Any

import matplotlib
from ppdet.engine.callbacks import Callback
from tqdm import tqdm

matplotlib.use("Agg")

from matplotlib import pyplot


class Progress(Callback):  # type: ignore[misc]  # ppdet has no types
    """Show each epoch as a progress bar; after its evaluation append to ``log.jsonl`` and redraw ``curves.png``."""

    def __init__(self, trainer: Any, folder: Path):
        super().__init__(trainer)
        self.folder = folder
        self.losses: list[float] = []
        self.bar: Any = None

    def on_step_end(self, status: dict[str, Any]) -> None:
        """Advance the bar of a training epoch; its first step opens it."""
        if status["mode"] != "train":
            return
        if self.bar is None:
            self.losses = []
            title = f"epoch {status['epoch_id'] + 1}/{self.model.cfg.epoch}"
            self.bar = tqdm(total=status["steps_per_epoch"], desc=title, unit="batch", mininterval=5)
        self.losses.append(float(status["training_staus"].meters["loss"].value))
        self.bar.set_postfix(loss=f"{self.losses[-1]:.3f}", lr=f"{status['learning_rate']:.4f}", refresh=False)
        self.bar.update()

    def on_epoch_end(self, status: dict[str, Any]) -> None:
        """Close the bar, or log the evaluation that follows an epoch."""
        if status["mode"] == "train":
            self.bar.close()
            self.bar = None
            return
        metric = self.model._metrics[0].detection_map
        entry = {
            "epoch": status["epoch_id"] + 1,
            "loss": round(sum(self.losses) / max(len(self.losses), 1), 5),
            "map": round(100 * metric.get_map(), 3),
            "ap": {row["class"]: round(100 * row["ap"], 3) for row in metric.eval_results},
        }
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")
        tqdm.write(f"epoch {entry['epoch']}: loss {entry['loss']:.3f}, VOC mAP {entry['map']:.2f}, {entry['ap']}")
        plot(read_log(self.folder), self.folder / "curves.png")


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the logged epochs in order; an epoch trained again after a resume counts once, as last logged."""
    log = folder / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    epochs = {entry["epoch"]: entry for entry in map(json.loads, lines)}
    return [epochs[number] for number in sorted(epochs)]


def plot(entries: list[dict[str, Any]], target: Path) -> None:
    """Draw loss (left axis) and mAP (right axis) over the epochs."""
    epochs = [entry["epoch"] for entry in entries]
    figure, left = pyplot.subplots(figsize=(7, 4))
    right = left.twinx()
    left.plot(epochs, [entry["loss"] for entry in entries], "o-", color="tab:red", label="training loss")
    right.plot(epochs, [entry["map"] for entry in entries], "s-", color="tab:blue", label="validation mAP")
    left.set(xlabel="epoch", ylabel="training loss")
    right.set(ylabel="VOC mAP at IoU 0.5 (%)")
    figure.legend(loc="upper center", ncols=2)
    figure.savefig(target, dpi=120)
    pyplot.close(figure)
