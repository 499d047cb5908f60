"""The faces of each label over a video's time, as a table and as a plot."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.images.captions import in_plots

MOST_EMPTY_LINES = 6


@dataclass
class Counts:
    """The faces of each frame by label.

    Attributes:
        labels: of the model.
        seconds: when each frame is shown.
        faces: one counter of labels a frame.
        silent: whether the sound could not be brought over.
        missing: seconds of the video that its head promises and the file no longer holds; 0 if it is whole.
    """

    labels: tuple[str, ...]
    seconds: list[float]
    faces: list[Counter[str]]
    missing: float = 0.0
    silent: bool = False

    def rows(self) -> Iterator[list[object]]:
        """Yield the rows of the table, its header first."""
        yield ["seconds", *self.labels]
        for second, counter in zip(self.seconds, self.faces, strict=True):
            yield [f"{second:.3f}", *(counter[label] for label in self.labels)]


def draw_plot(counts: Counts, target: Path) -> None:
    """Draw the number of faces over time, a line a label."""
    import matplotlib  # here: it takes a while to load

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    figure, axes = pyplot.subplots(figsize=(9, 3.5), layout="constrained")
    for class_id, label in enumerate(counts.labels):
        values = [faces[label] for faces in counts.faces]
        if len(counts.labels) <= MOST_EMPTY_LINES or any(values):  # of 80 classes those that are there
            axes.step(counts.seconds, values, where="post", label=in_plots(label, class_id))
    axes.set(xlabel="seconds", ylabel="found", ylim=(0, None))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if axes.get_lines():
        axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(target, dpi=120, format="png")
    pyplot.close(figure)
