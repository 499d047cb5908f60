"""``label_list.txt``: the classes of a data set, one a line, in the order of their numbers."""

from collections import Counter
from pathlib import Path

NAME = "label_list.txt"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class LabelsError(ValueError):
    """A list of classes that cannot be used; the text says what is wrong and what would be right."""


def read_labels(folder: Path) -> list[str]:
    """Return the classes that a folder's ``label_list.txt`` names; blanks inside a name belong to it.

    A byte order mark, blank lines, and blanks around a name are left out.

    Raises:
        LabelsError: the list is missing, empty or no UTF-8, names a class twice, or begins with ``background``.
    """
    path = folder / NAME
    if not path.is_file():
        raise LabelsError(f"{path} is missing; it should list the classes, one a line.")
    content = path.read_bytes()
    if content.startswith(UTF_16):
        raise LabelsError(f"{path} is UTF-16; save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LabelsError(f"{path} is no UTF-8 text; save it as UTF-8.") from None
    labels = [line.strip() for line in text.splitlines() if line.strip()]
    if not labels:
        raise LabelsError(f"{path} is empty; it should list the classes, one a line.")
    twice = [label for label, count in Counter(labels).items() if count > 1]
    if twice:
        raise LabelsError(f"{path} lists {twice[0]!r} twice; each class should be there once.")
    if labels[0] == "background":
        raise LabelsError(f"{path} begins with 'background', which is no class; PaddleDetection would leave it out.")
    return labels


def write_labels(folder: Path, labels: list[str]) -> Path:
    """Write a list that every reader takes, PaddleDetection's too: UTF-8, a class a line; return its path."""
    path = folder / NAME
    partial = path.with_suffix(".partial")
    partial.write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
    partial.replace(path)
    return path
