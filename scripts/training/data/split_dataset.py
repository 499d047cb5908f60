"""Check a VOC dataset and split it 4:1 into training and validation lists.

    python scripts/training/data/split_dataset.py DATASET [--output DIR]

DATASET is a folder, or a zip of one, with JPEGImages/, Annotations/ and label_list.txt, as the page, the shell and CVAT
save it, or photos with labelImg's XML files beside them; it can be read-only.
"""

import argparse
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree  # nosec B405

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import cv2
import numpy as np
from tqdm import tqdm

from backend.images.orientation import UPRIGHT, exif_orientation
from scripts.training.data.label_list import LabelsError, write_labels
from scripts.training.data.layout import EMPTY, SUFFIXES, Layout, find_root, names_of, read_classes, read_layout
from scripts.training.data.unpacking import DatasetError

EVERY_NTH_VALIDATES = 5
ENTITY_DECLARATION = b"<!ENTITY"  # an annotation has no use for one; expanding it can exhaust memory


@dataclass
class Checked:
    """What a dataset holds: usable pairs in the order of their images' names, and what is wrong with the others."""

    pairs: list[tuple[Path, Path]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def main(arguments: list[str] | None = None) -> int:
    """Split as the arguments say; return the exit status."""
    parser = argparse.ArgumentParser(description="Check a VOC dataset and split it 4:1.")
    parser.add_argument("dataset", type=Path, help="folder, or zip of one")
    parser.add_argument(
        "--output", type=Path, default=Path("output/lists"), help="folder for train.txt, val.txt and label_list.txt"
    )
    args = parser.parse_args(arguments)
    try:
        root, checked = prepare(args.dataset, args.output)
    except (DatasetError, LabelsError, OSError, UnicodeError, zipfile.BadZipFile) as error:
        print(error, file=sys.stderr)
        return 1
    for problem in checked.problems:
        print(problem)
    training, validation = split(checked.pairs)
    print(f"dataset {root}: {len(training)} for training, {len(validation)} for validation, lists in {args.output}")
    if checked.problems:
        print(f"{len(checked.problems)} left out (see above)")
    return 0


def prepare(dataset: Path, output: Path, labels: list[str] | None = None) -> tuple[Path, Checked]:
    """Check a data set and write its lists.

    Args:
        dataset: folder, or zip of one.
        output: folder for the lists, and for what is unpacked.
        labels: the classes of the model to train; None: those of the data set.

    Returns:
        the data set's folder, and what it holds.

    Raises:
        DatasetError, LabelsError, OSError, UnicodeError, zipfile.BadZipFile: it cannot be used; the text says why.
    """
    root = find_root(dataset, output)
    layout = read_layout(root)
    if dataset.is_file():
        add_empty(layout)
    others = sorted(names_of(layout) - set(labels)) if labels else []
    if labels and others:
        raise DatasetError(
            f"{dataset} has the classes {', '.join(others)}; the model knows {', '.join(labels)}. "
            "Rename them, or train a model of your own with train.py."
        )
    labels = labels or read_classes(layout)
    checked = check_dataset(layout, labels)
    if not checked.pairs:
        raise DatasetError("\n".join([*checked.problems, f"{dataset} holds no usable pair of image and annotation."]))
    training, validation = split(checked.pairs)
    output.mkdir(parents=True, exist_ok=True)
    write_labels(output, labels)
    write_list(output / "train.txt", root, training)
    write_list(output / "val.txt", root, validation)
    return root, checked


def check_dataset(layout: Layout, labels: list[str]) -> Checked:
    """Check every image and annotation of a dataset."""
    root, annotations = layout.root, layout.annotations
    count = Counter(map(layout.key, layout.images))
    checked = Checked()
    for path in layout.others:
        checked.problems.append(f"{path.relative_to(root)}: its name ends in none of {', '.join(sorted(SUFFIXES))}")
    for name in sorted(annotations.keys() - count.keys()):
        checked.problems.append(f"{annotations[name].relative_to(root)}: there is no image of this name")
    for image in tqdm(layout.images, desc="checking", unit="photo"):
        name = layout.key(image)
        annotation = annotations.get(name)
        if annotation is None:
            checked.problems.append(f"{image.relative_to(root)}: there is no annotation of this name")
            continue
        if count[name] > 1:
            checked.problems.append(f"{image.relative_to(root)}: {count[name]} images share one annotation")
            continue
        problem = find_problem(image, annotation, labels)
        if problem:
            checked.problems.append(f"{annotation.relative_to(root)}: {problem}")
        else:
            checked.pairs.append((image, annotation))
    return checked


def add_empty(layout: Layout) -> None:
    """Give each photo that a list of the data set names and that has no annotation an empty one.

    CVAT writes none for a photo without boxes. Only of a zip's own copy: the user's folder stays as it is.
    """
    for image in layout.images:
        name = layout.key(image)
        size = image_size(image) if name in layout.listed and name not in layout.annotations else None
        if size is not None:
            target = layout.root / "Annotations" / f"{name}.xml"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(EMPTY.format(*size), encoding="utf-8")
            layout.annotations[name] = target


def find_problem(image: Path, annotation: Path, labels: list[str]) -> str | None:
    """Return what is wrong with an image and its annotation, in a few words, or None."""
    if image.name.split() != [image.name]:
        return "its name has a blank; the lists that PaddleDetection reads are split at blanks"
    try:
        content = annotation.read_bytes()
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if ENTITY_DECLARATION in content:
        return "the XML declares an entity"
    try:
        tree = ElementTree.fromstring(content)  # nosec B314
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: an encoding it does not know
        return f"the XML does not parse ({error})"
    try:
        width, height = (int(float(tree.findtext(f"size/{side}", ""))) for side in ("width", "height"))
    except (ValueError, OverflowError):
        return "size has no width or height"
    if image.suffix.lower() == ".webp" and exif_orientation("WebP", image.read_bytes()) != UPRIGHT:
        return "EXIF turns the image, which PaddleDetection does not see in a WebP; save it upright"
    actual = image_size(image)
    if actual is None:
        return "the image cannot be decoded"
    if (width, height) != actual:
        return f"size is {width} x {height}, the image is {actual[0]} x {actual[1]}"
    for number, entry in enumerate(tree.findall("object"), 1):
        problem = find_box_problem(entry, width, height, labels)
        if problem:
            return f"object {number}: {problem}"
    return None


def image_size(path: Path) -> tuple[int, int] | None:
    """Decode an image as PaddleDetection does, EXIF orientation applied; return width and height, or None."""
    try:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, OSError):
        return None
    return None if image is None else (image.shape[1], image.shape[0])


def find_box_problem(entry: ElementTree.Element, width: int, height: int, labels: list[str]) -> str | None:
    """Return what is wrong with one object, or None."""
    label = entry.findtext("name", "")
    if label not in labels:
        return f"the class {label!r} is not in label_list.txt"
    try:
        x1, y1, x2, y2 = (float(entry.findtext(f"bndbox/{side}", "")) for side in ("xmin", "ymin", "xmax", "ymax"))
    except ValueError:
        return "the box has no xmin, ymin, xmax and ymax"
    box = f"{x1:g} {y1:g} {x2:g} {y2:g}"
    if not (x1 < x2 and y1 < y2):
        return f"the box {box} is empty"
    if x1 < 0 or y1 < 0 or x2 > width or y2 > height:
        return f"the box {box} is outside the image of {width} x {height}"
    return None


def split(pairs: list[tuple[Path, Path]]) -> tuple[list[tuple[Path, Path]], list[tuple[Path, Path]]]:
    """Return (training, validation): every fifth pair, from the first, validates."""
    validation = pairs[::EVERY_NTH_VALIDATES]
    training = [pair for index, pair in enumerate(pairs) if index % EVERY_NTH_VALIDATES]
    return training, validation


def write_list(target: Path, root: Path, pairs: list[tuple[Path, Path]]) -> None:
    """Write one list; a reader never sees half of it."""
    lines = (f"{image.relative_to(root).as_posix()} {xml.relative_to(root).as_posix()}\n" for image, xml in pairs)
    partial = target.with_suffix(".partial")
    partial.write_text("".join(lines), encoding="utf-8")
    partial.replace(target)


if __name__ == "__main__":
    sys.exit(main())
