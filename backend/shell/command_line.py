"""The shell command ``python backend/paddle_inference.py PATH...``."""

import argparse
import errno
import io
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tqdm import tqdm

from backend.datasets.folder import FORMATS, DatasetFolder, open_dataset
from backend.images.decode import decode_image
from backend.images.drawing import draw_in_place, encode_jpeg
from backend.images.files import read_file
from backend.images.formats import SUFFIXES as PHOTO_SUFFIXES
from backend.model.errors import ModelError
from backend.paddle_inference import PicoDetector
from backend.parts.cutting import DETAILS
from backend.settings import ROOT, Settings
from backend.shell.outputs import new_files
from backend.shell.paths import Parser, expand, folder_named, is_folder, make_folder, printable, read_path
from backend.shell.signals import end_as_interrupted
from backend.shell.streams import nowhere, silence
from backend.video.containers import SUFFIXES as VIDEO_SUFFIXES

if TYPE_CHECKING:
    from backend.video.counts import Counts

FILM_FILES = (".mp4", ".csv", ".png")
MOST_SHOWN = 6  # labels
SAMPLE = ROOT / "images" / "test_mask.jpg"


class Wish(NamedTuple):
    """What is wanted of each file.

    Attributes:
        threshold: lowest score, 0 to 1.
        detail: how fine a look.
        output: folder for what is written, or None.
        dataset: takes the photos with their boxes as labels, or None.
    """

    threshold: float
    detail: str
    output: Path | None
    dataset: DatasetFolder | None


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status.

    0, 1 if any file failed or was cut, 2 if nothing could be tried, 130 interrupted.
    """
    try:
        end_as_interrupted()
        return run(arguments)
    except KeyboardInterrupt:
        tell("interrupted")
        return 130
    except BrokenPipeError:  # only now
        silence(sys.stdout)
        return 0
    except OSError as error:
        tell(f"The output cannot be written: {error.strerror}.")
        return 2


def run(arguments: list[str] | None) -> int:
    """Do what main says, output errors apart."""
    if sys.stderr is None:  # closed: what it would say is not to land among the results
        sys.stderr = nowhere()
    args = parse(arguments)
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show
    try:
        settings = Settings.from_environment()
        detector = PicoDetector.from_settings(settings)
        threshold = detector.check_threshold(args.threshold)
        if args.output:
            make_folder(args.output)
        paths = list(expand(args.paths, args.output))  # before there is a data set, which may lie in one of them
        with saving(args, detector.labels) as dataset:
            failed = process_all(detector, paths, Wish(threshold, args.detail, args.output, dataset), as_json=args.json)
        if dataset:
            tell(f"{len(dataset.photos)} photos with their labels in {printable(str(dataset.folder))}")
    except (ModelError, ValueError) as error:
        tell(printable(sentence(error)))
        return 2
    sys.stdout.flush()
    return 1 if failed else 0


def saving(args: argparse.Namespace, labels: Sequence[str]) -> AbstractContextManager[DatasetFolder | None]:
    """Open the data set that is wanted, if one is."""
    if not args.save_labels:
        return nullcontext()
    form, folder = args.save_labels
    for path in args.paths:
        if isinstance(path, Path) and is_folder(path) and Path(folder).resolve().is_relative_to(path.resolve()):
            raise ValueError(f"--save-labels {folder} lies in {path}, whose photos are read; name a folder elsewhere.")
    return open_dataset(Path(folder), form, labels)


def process_all(detector: PicoDetector, paths: list[Path | str], wish: Wish, *, as_json: bool) -> int:
    """Process each file and report it; return how many failed or were cut."""
    taken = {Path(os.path.realpath(path)) for path in paths if isinstance(path, Path)}  # no photo is written over
    failed = 0
    for path in progress(paths):
        try:
            answer = process(detector, path, wish, taken)
        except MemoryError:
            failed += 1
            answer = {"error": "There is no memory for it; close other programs, or give a smaller file."}
        except (ValueError, OSError, RuntimeError) as error:
            failed += 1
            answer = {"error": sentence(error)}
        failed += "warning" in answer
        try:
            report({"path": str(path), **answer}, as_json)
        except BrokenPipeError:
            silence(sys.stdout)
            if not wish.output and not wish.dataset:
                break  # the reader, head for one, has seen enough
    return failed


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(
        prog="paddle_inference.py",
        description="Find faces in photos and videos and say of each whether it wears a mask. "
        "Prints a line a face: class_id score x1 y1 x2 y2.",
    )
    parser.add_argument(
        "paths", nargs="*", type=read_path, default=[SAMPLE], metavar="PATH", help="photos, videos, folders"
    )
    parser.add_argument("--threshold", type=float, help="lowest score, 0 to 1; default: the model's own")
    parser.add_argument(
        "--detail", choices=DETAILS, default=DETAILS[0], help="fine: look at parts too, for small faces; takes longer"
    )
    parser.add_argument(
        "--output", type=folder_named, metavar="DIR", help="write each photo there with its boxes drawn"
    )
    parser.add_argument(
        "--save-labels",
        nargs=2,
        metavar=("FORMAT", "DIR"),
        help=f"save the photos, unchanged, with their boxes as a data set; FORMAT is {', '.join(FORMATS)}",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a photo instead")
    args = parser.parse_args(arguments)
    if args.save_labels and args.save_labels[0] not in FORMATS:
        parser.error(f"--save-labels takes {' or '.join(FORMATS)} and a folder, not {args.save_labels[0]!r}")
    if args.save_labels and not args.save_labels[1]:
        parser.error("--save-labels takes a format and a folder, not an empty path")
    return args


def progress(paths: list[Path | str]) -> Any:
    """Show a progress bar on a terminal where there is something to wait for."""
    return tqdm(paths, unit="photo", disable=len(paths) < 10 or not sys.stderr.isatty())


def process(detector: PicoDetector, path: Path | str, wish: Wish, taken: set[Path]) -> dict[str, Any]:
    """Detect in one file and, with an output folder, write it there with its boxes."""
    output = wish.output
    if isinstance(path, str):
        return process_live(detector, path, wish, taken)
    if path.is_dir():
        os.scandir(path).close()  # says why, if it cannot be listed
        hint = "; for its videos, name a folder for the result: --output DIR" if output is None else ""
        raise ValueError(f"The folder holds no photo ({', '.join(PHOTO_SUFFIXES)}){hint}.")
    if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file():
        return process_video(detector, path, wish, taken)
    data = read_file(path)
    start = time.perf_counter()
    answer = detector.answer(detector.decode(data, wish.detail), wish.threshold, start, wish.detail)
    entry: dict[str, Any] = {**answer}
    if wish.dataset:
        entry["saved"] = str(wish.dataset.add(str(path), data, answer))
    if output:
        canvas = decode_image(data, detector.max_pixels)
        draw_in_place(canvas, answer["results"])
        with new_files(output, path.stem, (".jpg",), taken) as new:
            new.partial[0].write_bytes(encode_jpeg(canvas))
        entry["output"] = str(new.final[0])
    return entry


def process_video(detector: PicoDetector, path: Path, wish: Wish, taken: set[Path]) -> dict[str, Any]:
    """Detect in every frame of a video, and write it with its boxes, the counts and their plot."""
    output = wish.output
    if output is None:
        raise ValueError("It is a video; name a folder for the result: --output DIR.")
    from backend.video.annotate import Outputs, annotate_video  # here: its libraries take a while to load

    with new_files(output, path.stem, FILM_FILES, taken) as new:
        counts = annotate_video(detector, path, wish.threshold, Outputs(*new.partial), wish.detail)
    entry = film_entry(counts, new.final)
    if counts.missing:
        entry["warning"] = f"The video is cut or damaged: its last {counts.missing:.1f} s cannot be read."
    elif counts.silent:
        entry["warning"] = "The sound cannot be decoded; the film is written without it."
    return entry


def process_live(detector: PicoDetector, url: str, wish: Wish, taken: set[Path]) -> dict[str, Any]:
    """Detect in a live source till Ctrl-C, and write the film as of a video."""
    output = wish.output
    if output is None:
        raise ValueError("It is a live source; name a folder for the film: --output DIR.")
    from backend.video.annotate import Outputs
    from backend.video.live import annotate_live, name_of

    def say(text: str) -> None:
        tell(f"{printable(url)}: {text}")

    with new_files(output, name_of(url).name, FILM_FILES, taken) as new:
        counts = annotate_live(detector, url, wish.threshold, Outputs(*new.partial), say, detail=wish.detail)
    return film_entry(counts, new.final)


def film_entry(counts: "Counts", files: list[Path]) -> dict[str, Any]:
    """Return what is told of a film."""
    most = {label: max(faces[label] for faces in counts.faces) for label in counts.labels}
    names = dict(zip(("video", "counts", "plot"), map(str, files), strict=True))
    return {"frames": len(counts.seconds), "seconds": counts.seconds[-1], "most_at_once": most, "output": names}


def report(entry: dict[str, Any], as_json: bool) -> None:
    """Print what was found in one file, or what was wrong with it."""
    path = printable(entry["path"])
    if as_json:
        tqdm.write(json.dumps(entry))
    elif "error" in entry:
        tell(f"{path}: {printable(entry['error'])}")
    elif "frames" in entry:
        most = ", ".join(f"{count} {printable(label)}" for label, count in shown(entry["most_at_once"]).items())
        files = printable(", ".join(entry["output"].values()))
        tqdm.write(f"{path}: frames: {entry['frames']}, at most {most} at once; written {files}")
        if "warning" in entry:
            tell(f"{path}: {entry['warning']}")
    else:
        tell(f"{path}: {len(entry['results'])} found")
        for result in entry["results"]:
            box = " ".join(f"{side:.2f}" for side in result["box"])
            tqdm.write(f"{result['class_id']} {result['score']:.4f} {box}")


def tell(text: str) -> None:
    """Print on standard error, where that takes it: results do not depend on what is told of them."""
    with suppress(OSError):
        tqdm.write(text, file=sys.stderr)


def shown(counts: dict[str, int]) -> dict[str, int]:
    """Return the counts of a few labels; of many those that were found."""
    return counts if len(counts) <= MOST_SHOWN else {label: count for label, count in counts.items() if count}


def sentence(error: Exception) -> str:
    """Return an error's text for a user."""
    if isinstance(error, OSError):
        return f"It cannot be read or written: {error.strerror}."
    return str(error)
