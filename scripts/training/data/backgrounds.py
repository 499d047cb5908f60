"""Add pictures without people to the training list, so that the model learns what is no face.

    python scripts/training/data/backgrounds.py SOURCE [SOURCE ...] --lists DIR [--output DIR] [--exclude WORD ...]

A SOURCE is a folder of pictures (JPEG, PNG, WebP) or a Qt resource file (.rcc) that holds WebP pictures. Four of five
pictures join train.txt; the others are listed in backgrounds.txt, for evaluate_onnx.py to count false alarms on.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
LONGER_SIDE = 640  # as large as the input can use
SHORTEST_SIDE = 120
EVERY_NTH_IS_HELD_OUT = 5
ANNOTATION = "<annotation><size><width>{}</width><height>{}</height><depth>3</depth></size></annotation>\n"


def main(arguments: list[str] | None = None) -> int:
    """Prepare the pictures and rewrite the lists; return the exit status."""
    parser = argparse.ArgumentParser(description="Add pictures without people to the training list.")
    parser.add_argument("sources", type=Path, nargs="+", help="folder of pictures, or .rcc file")
    parser.add_argument("--lists", type=Path, required=True, help="folder with the lists that split_dataset.py wrote")
    parser.add_argument("--output", type=Path, default=Path("output/backgrounds"), help="folder for the pictures")
    parser.add_argument("--exclude", nargs="*", default=[], metavar="WORD", help="leave out paths that hold this word")
    args = parser.parse_args(arguments)
    missing = [source for source in args.sources if not source.exists()]
    if missing:
        print(f"{missing[0]}: no such folder or file", file=sys.stderr)
        return 1
    if not (args.lists / "train.txt").is_file():
        print(f"run split_dataset.py first: there is no {args.lists / 'train.txt'}", file=sys.stderr)
        return 1
    output = args.output.resolve()
    if any(character.isspace() for character in str(output)):
        print(
            f"{output}: the lists that PaddleDetection reads are split at blanks; choose another --output",
            file=sys.stderr,
        )
        return 1
    lines = prepare(args.sources, args.exclude, output)
    if not lines:
        print("There is no picture of 120 px or more in any source; the lists stay as they were.", file=sys.stderr)
        return 1
    add_to_lists(lines, output, args.lists)
    print(f"{len(lines)} pictures in {output}, {len(lines[::EVERY_NTH_IS_HELD_OUT])} of them held out")
    return 0


def prepare(sources: list[Path], exclude: list[str], output: Path) -> list[str]:
    """Write each picture as JPEG with an annotation that has no object; return their lines of a VOC list."""
    output.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    lines: list[str] = []
    for name, content in tqdm(pictures(sources, exclude), desc="pictures without people", unit="picture"):
        image = decode(content, rng)
        if image is None or min(image.shape[:2]) < SHORTEST_SIDE:
            continue
        target = output / f"{len(lines):04d}_{name}.jpg"
        cv2.imwrite(str(target), image)
        target.with_suffix(".xml").write_text(ANNOTATION.format(image.shape[1], image.shape[0]))
        lines.append(f"{target} {target.with_suffix('.xml')}\n")
    return lines


def pictures(sources: list[Path], exclude: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield each picture's name, without blanks, and its encoded bytes."""
    for source in sources:
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if any(word in str(path) for word in exclude):
                continue
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield "_".join(path.stem.split()), path.read_bytes()
            elif path.suffix == ".rcc":
                for start, content in webp_pictures(path.read_bytes()):
                    yield f"{path.stem}_{start}", content


def webp_pictures(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the position and bytes of every WebP picture inside a file that stores them uncompressed."""
    start = content.find(b"RIFF")
    while start >= 0:
        length = 4
        if content[start + 8 : start + 12] == b"WEBP":
            length = int.from_bytes(content[start + 4 : start + 8], "little") + 8
            yield start, content[start : start + length]
        start = content.find(b"RIFF", start + length)


def decode(content: bytes, rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """Decode a picture to BGR, at most 640 px wide and high; what is transparent gets one colour of its own."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.dtype != np.uint8:
        return None
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if image.shape[2] == 4:
        opacity = image[..., 3:] / 255
        image = (image[..., :3] * opacity + rng.integers(0, 256, 3) * (1 - opacity)).astype(np.uint8)
    scale = min(1.0, LONGER_SIDE / max(image.shape[:2]))
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def add_to_lists(lines: list[str], output: Path, lists: Path) -> None:
    """Put the pictures into train.txt, in place of an earlier run's, and the held out ones into backgrounds.txt."""
    held_out = lines[::EVERY_NTH_IS_HELD_OUT]
    listed = (lists / "train.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    photos = [line for line in listed if not line.startswith(f"{output}/")]
    write(lists / "train.txt", photos + [line for line in lines if line not in held_out])
    write(lists / "backgrounds.txt", held_out)


def write(target: Path, lines: list[str]) -> None:
    """Write one list; a reader never sees half of it."""
    partial = target.with_suffix(".partial")
    partial.write_text("".join(lines), encoding="utf-8")
    partial.replace(target)


if __name__ == "__main__":
    sys.exit(main())
