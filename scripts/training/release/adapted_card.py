"""The card of a model that adapt.py has made: what it learned from, and what came of it."""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from backend import PicoDetector
from scripts.training.evaluation.comparison import Score

CARD = "README.md"
FEW = 50  # validation photos, under which a figure is coarse


@dataclass(frozen=True)
class Adaptation:
    """One run.

    Attributes:
        dataset: the zip, or folder.
        training, validation: its photos.
        epochs, distillation: as it was trained.
        weights: the start, without suffix.
        before, after: both models on the validation photos.
    """

    dataset: Path
    training: int
    validation: int
    epochs: int
    distillation: float
    weights: Path
    before: Score
    after: Score

    def table(self) -> str:
        """Return the comparison as a Markdown table."""
        rows = [
            f"| {self.validation} validation photos, {self.before.faces} faces | before | after |",
            "| --- | --- | --- |",
            f"| mAP at IoU 0.5, one label a face (%) | {self.before.mean_ap:.2f} | {self.after.mean_ap:.2f} |",
        ]
        for words, name in (
            ("found, label right", "right"),
            ("found, label wrong", "mislabelled"),
            ("missed", "missed"),
            ("boxes on no face", "invented"),
        ):
            rows.append(f"| {words} | {getattr(self.before, name)} | {getattr(self.after, name)} |")
        return "\n".join(rows)


def write_card(folder: Path, result: Adaptation) -> None:
    """Write the card beside the model."""
    start = hashlib.sha256(result.weights.with_suffix(".pdparams").read_bytes()).hexdigest()
    model = PicoDetector(folder, warm_up=False).checksum
    coarse = f"\nFewer than {FEW} validation photos: one face more or less changes these figures a good deal.\n"
    text = f"""# Model card: `{result.weights.name}`, adapted

Made by `scripts/training/adapt.py` on {date.today().isoformat()} from `{result.dataset.name}`:
{result.training} photos for training, {result.validation} for validation (sorted by name, every fifth from the first).

| | |
| --- | --- |
| model, as /readyz and each answer name it | `{model}` |
| started from (SHA-256 of the .pdparams) | `{start}` |
| training | {result.epochs} epochs, distillation {result.distillation:g}; the calibration is that of the start |

Both models on the validation photos, as they are served, counts at the default threshold:

{result.table()}
{coarse if result.validation < FEW else ""}
What it does on other photos was not measured; the card of the model that it started from says what that one does.
"""
    partial = folder / f".{CARD}.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(folder / CARD)
