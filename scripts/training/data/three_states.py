"""Make a three-class view of a data set whose annotations say how a mask is worn: face, face_mask, face_mask_incorrect.

    python scripts/training/data/three_states.py DATASET OUTPUT

``<wear>`` of each object decides (none, correct, incorrect). An incorrectly worn mask is difficult for two classes, and
in validation stands in both; here it is one object like any other. Photos are not copied: OUTPUT/JPEGImages is a link.
"""

import argparse
import sys
from pathlib import Path
from xml.etree import ElementTree  # nosec B405

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import numpy as np
from tqdm import tqdm

from scripts.training.data.label_list import write_labels
from scripts.training.data.voc import Floats, iou_matrix

LABELS = {"none": "face", "correct": "face_mask", "incorrect": "face_mask_incorrect"}
SAME_FACE = 0.5  # IoU


def main(arguments: list[str] | None = None) -> int:
    """Make the view; return the exit status."""
    parser = argparse.ArgumentParser(description="Make a three-class view of a data set with <wear>.")
    parser.add_argument("dataset", type=Path, help="folder in VOC layout")
    parser.add_argument("output", type=Path, help="folder for the view")
    args = parser.parse_args(arguments)
    annotations = sorted((args.dataset / "Annotations").glob("*.xml"))
    if not annotations:
        print(f"{args.dataset} holds no Annotations/*.xml; it should be a folder in VOC layout.", file=sys.stderr)
        return 1
    (args.output / "Annotations").mkdir(parents=True, exist_ok=True)
    photos = args.output / "JPEGImages"
    if not photos.exists():
        photos.symlink_to((args.dataset / "JPEGImages").resolve(), target_is_directory=True)
    counts = dict.fromkeys(LABELS.values(), 0)
    for source in tqdm(annotations, desc="annotations", unit="file"):
        try:
            tree = three_states(source, counts)
        except ValueError as error:
            print(f"{source}: {error}", file=sys.stderr)
            return 1
        tree.write(args.output / "Annotations" / source.name, encoding="utf-8")
    write_labels(args.output, list(LABELS.values()))
    print(f"{args.output}: {', '.join(f'{count} {label}' for label, count in counts.items())}")
    return 0


def three_states(source: Path, counts: dict[str, int]) -> "ElementTree.ElementTree[ElementTree.Element]":
    """Return an annotation with the class that <wear> says for each object, and count them.

    Raises:
        ValueError: the XML does not parse, or an object has no <wear> of the three.
    """
    try:
        tree = ElementTree.parse(source)  # nosec B314
    except ElementTree.ParseError as error:
        raise ValueError(f"the XML does not parse ({error})") from None
    root = tree.getroot()
    seen: list[Floats] = []
    for entry in root.findall("object"):
        wear = entry.findtext("wear", "").strip()
        if wear not in LABELS:
            raise ValueError(f"<wear> is {wear!r}; it should be {', '.join(LABELS)}")
        if wear == "incorrect":
            box = box_of(entry)
            if seen and iou_matrix(box, np.concatenate(seen)).max() > SAME_FACE:  # the second entry of one face
                root.remove(entry)
                continue
            seen.append(box)
            set_text(entry, "difficult", "0")
        set_text(entry, "name", LABELS[wear])
        counts[LABELS[wear]] += 1
    return tree


def box_of(entry: ElementTree.Element) -> Floats:
    """Return the box (1, 4) of an object."""
    try:
        return np.array([[float(entry.findtext(f"bndbox/{side}", "")) for side in ("xmin", "ymin", "xmax", "ymax")]])
    except ValueError:
        raise ValueError("an object has no box of xmin, ymin, xmax and ymax") from None


def set_text(entry: ElementTree.Element, tag: str, text: str) -> None:
    """Set the text of a child, which is made where there is none."""
    child = entry.find(tag)
    if child is None:
        child = ElementTree.SubElement(entry, tag)
    child.text = text


if __name__ == "__main__":
    sys.exit(main())
