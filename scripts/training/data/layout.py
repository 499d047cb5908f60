"""Where a VOC data set keeps its photos, annotations and classes: PaddleDetection's layout, CVAT's and labelImg's."""

from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree  # nosec B405

from scripts.training.data.label_list import NAME, read_labels
from scripts.training.data.unpacking import DatasetError, unpack

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
IMAGES, ANNOTATIONS, LISTED = "JPEGImages", "Annotations", "ImageSets/Main"
LABEL_MAP = "labelmap.txt"  # CVAT's list of classes
EMPTY = "<annotation><size><width>{}</width><height>{}</height><depth>3</depth></size></annotation>\n"


@dataclass
class Layout:
    """What lies where in a data set.

    Attributes:
        root: its folder.
        images: the photos, sorted.
        annotations: by the photo's path below its folder, without suffix.
        others: files among the photos that are none.
        listed: the photos, named as the annotations are, that a list of the data set names.
    """

    root: Path
    images: list[Path] = field(default_factory=list)
    annotations: dict[str, Path] = field(default_factory=dict)
    others: list[Path] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)

    def key(self, image: Path) -> str:
        """Return the name of an image among the annotations."""
        return key(image, self.folder)

    @property
    def folder(self) -> Path:
        """Return the folder of the photos."""
        folder = self.root / IMAGES
        return folder if folder.is_dir() else self.root


def key(path: Path, folder: Path) -> str:
    """Return a path below a folder, without suffix."""
    return path.relative_to(folder).with_suffix("").as_posix()


def find_root(dataset: Path, output: Path) -> Path:
    """Return the folder of a data set, unpacking a zip into ``output`` first.

    Raises:
        DatasetError: there is none; the text says what would be one.
    """
    if dataset.is_file():
        target = output / "unpacked" / dataset.stem
        unpack(dataset, target)
        dataset = target
    if not dataset.is_dir():
        raise DatasetError(f"{dataset} is no folder and no zip.")
    inside = [child for child in sorted(dataset.iterdir()) if child.is_dir()]
    for root in (dataset, *inside):
        if (root / IMAGES).is_dir() and ((root / ANNOTATIONS).is_dir() or is_flat(root / IMAGES)):
            return root
    for root in (dataset, *inside):
        if is_flat(root):
            return root
    raise DatasetError(
        f"{dataset} should hold the folders {IMAGES} and {ANNOTATIONS}, or photos with an XML file beside each."
    )


def is_flat(folder: Path) -> bool:
    """Return whether annotations lie beside their photos, as labelImg puts them unless told otherwise."""
    images = {path.stem for path in folder.iterdir() if path.suffix.lower() in SUFFIXES}
    return any(path.stem in images for path in folder.glob("*.xml"))


def read_layout(root: Path) -> Layout:
    """Find photos and annotations; an annotation beside its photo comes before one in the folder for them."""
    layout = Layout(root)
    files = sorted(path for path in layout.folder.rglob("*") if path.is_file())
    layout.images = [path for path in files if path.suffix.lower() in SUFFIXES]
    keys = {layout.key(path) for path in layout.images}
    beside = {layout.key(path): path for path in files if path.suffix.lower() == ".xml" and layout.key(path) in keys}
    apart = root / ANNOTATIONS
    layout.annotations = {key(path, apart): path for path in sorted(apart.rglob("*.xml"))} | beside
    known = {*layout.images, *beside.values(), root / NAME, root / LABEL_MAP}
    layout.others = [path for path in files if path not in known and apart not in path.parents]
    for path in sorted((root / LISTED).glob("*.txt")):
        layout.listed |= {line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()}
    return layout


def read_classes(layout: Layout) -> list[str]:
    """Return the classes: of ``label_list.txt``, of CVAT's ``labelmap.txt``, or of annotations beside their photos.

    Raises:
        LabelsError: there are none.
    """
    root = layout.root
    if (root / LABEL_MAP).is_file() and not (root / NAME).is_file():
        lines = (root / LABEL_MAP).read_text(encoding="utf-8-sig").splitlines()
        labels = [line.rsplit(":", 3)[0].strip() for line in lines if line.strip() and not line.startswith("#")]
        return [label for label in labels if label != "background"]
    if layout.folder == root and not (root / NAME).is_file():
        return sorted(names_of(layout))
    return read_labels(root)


def names_of(layout: Layout) -> set[str]:
    """Return the classes that the annotations name."""
    return {name for path in layout.annotations.values() for name in names_in(path)}


def names_in(annotation: Path) -> set[str]:
    """Return the classes that an annotation names; none where it cannot be read, which the check will say."""
    try:
        return {name.text or "" for name in ElementTree.parse(annotation).iterfind("object/name")}  # nosec B314
    except (ElementTree.ParseError, LookupError, ValueError, OSError):
        return set()
