"""Pascal VOC: an XML file a photo, in the layout of the VOC 2012 development kit, which most tools read."""

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree  # nosec B405

from backend.datasets.labelled import Labelled

IMAGES = "JPEGImages"
SIDES = ("xmin", "ymin", "xmax", "ymax")


def files_of(photo: Labelled) -> dict[str, str]:
    """Return the files that belong to a photo: path below the data set's folder, and text."""
    root = ElementTree.Element("annotation", verified="no")  # labelImg's word for what nobody has checked yet
    add(root, "folder", IMAGES)
    add(root, "filename", photo.name)
    size = add(root, "size")
    for name, value in (("width", photo.width), ("height", photo.height), ("depth", 3)):
        add(size, name, str(value))
    add(root, "segmented", "0")
    for result in photo.results:
        entry = add(root, "object")
        add(entry, "name", result["label"])
        for name in ("truncated", "difficult"):
            add(entry, name, "0")
        box = add(entry, "bndbox")
        for side, value in zip(SIDES, result["box"], strict=True):
            add(box, side, str(round(value, 2)))
    ElementTree.indent(root)
    return {f"Annotations/{photo.stem}.xml": ElementTree.tostring(root, encoding="unicode") + "\n"}


def add(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    """Add an element and return it."""
    element = ElementTree.SubElement(parent, name)
    element.text = text
    return element


def index_files(photos: Sequence[Labelled], labels: Sequence[str]) -> dict[str, str]:
    """Return what a whole data set has besides: the classes, as PaddleDetection and as CVAT read them, and a list."""
    return {
        "label_list.txt": lines(labels),
        "labelmap.txt": lines(["# label:color_rgb:parts:actions", *(f"{label}:::" for label in labels)]),
        "ImageSets/Main/default.txt": lines([photo.stem for photo in photos]),
    }


def lines(texts: Iterable[str]) -> str:
    """Return texts as lines of a file."""
    return "".join(f"{text}\n" for text in texts)
