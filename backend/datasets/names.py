"""Names of the photos in a data set: what every reader of lists takes, and each stem once."""

import re
from pathlib import PurePath

LONGEST, LONGEST_BYTES = 100, 200  # characters and bytes of a stem; file systems take 255 bytes of a name
# PaddleDetection splits its lists at blanks, and XML takes no U+FFFE and U+FFFF
NOT_TAKEN = re.compile(r"[\s/\\:*?\"<>|\x00-\x1f\x7f\ufeff\ufffe\uffff]+")


def photo_name(path: str, suffix: str, taken: set[str]) -> str:
    """Return a name for a photo; its stem, in lower case, is added to ``taken``.

    Args:
        path: where the photo comes from, of any operating system.
        suffix: of the new name, such as ``.jpg``.
        taken: stems, in lower case: some file systems do not tell capitals apart.
    """
    last = PurePath(path.replace("\\", "/")).name.encode("utf-8", "replace").decode("utf-8")
    cleaned = shortened(NOT_TAKEN.sub("_", PurePath(last).stem).strip("._-")[:LONGEST]) or "photo"
    stem, number = cleaned, 1
    while stem.lower() in taken:
        number += 1
        stem = f"{cleaned}_{number}"
    taken.add(stem.lower())
    return stem + suffix


def shortened(stem: str) -> str:
    """Cut a stem to LONGEST_BYTES, between characters."""
    return stem.encode()[:LONGEST_BYTES].decode("utf-8", "ignore")
