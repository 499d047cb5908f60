"""Find the faces in a whole archive of photos with Ray Data; a row a photo. Interrupted, the same command goes on.

    .venv/bin/pip install -r scripts/batch/requirements.txt
    .venv/bin/python scripts/batch_predict.py SRC OUT [--format parquet] [--address ADDRESS]

SRC is a folder, a glob, a list of paths (.txt), a tar, or a URL that pyarrow's file systems read (s3://, gs://, ...).
OUT is a folder. A photo that cannot be used is a row with an error. Limits and model are those of the settings.
--save-labels voc DIR saves the photos, unchanged, with their boxes as a data set.
"""

import argparse
import json
import logging
import os
import re
import secrets
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # till the run begins, Ctrl-C ends it without a traceback

from backend.datasets.folder import FORMATS
from backend.model.errors import ModelError
from backend.parts.cutting import DETAILS
from backend.process.cores import core_count
from backend.process.log_output import own_standard_error
from backend.settings import ROOT, Settings, SettingsError
from backend.shell.paths import Parser, printable
from backend.shell.signals import end_as_interrupted
from backend.shell.streams import nowhere, silence

try:
    import pyarrow as pa
    import ray

    from scripts.batch.dataset import answers_of, check_target, save_labels
    from scripts.batch.detect import Detector, read_archives
    from scripts.batch.inputs import Input, InputError, list_inputs, normalized
    from scripts.batch.results import SUFFIXES, OutputError, done_paths, drop_incomplete, locked, open_output, summary
except ModuleNotFoundError as error:
    raise SystemExit(f"{error.name} is missing: .venv/bin/pip install -r scripts/batch/requirements.txt") from None

NOT_IN_PATHS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
BATCH = 64  # photos that a detector is handed at once
ROWS_PER_FILE = 250  # an interruption costs at most so many photos an actor
# on two cores, actors that took them whole would leave reading and writing none, and the run would hang
ACTOR_CPUS = 0.8
READ_CPUS = WRITE_CPUS = 0.1
# Ray ends idle workers over this number and starts others for the next task, again and again; most tasks only wait
WORKERS_A_CORE = 4
READ_AHEAD_BYTES = 2**27  # a core, of a compressed tar; else all of it that Ray's memory takes is read at once


def main(arguments: list[str] | None = None) -> int:
    """Run as the arguments say; return the exit status: 0, 1 if the run failed, 2 if it could not begin."""
    parser = Parser(description="Find the faces in a whole archive of photos.")
    parser.add_argument("source", metavar="SRC", help="folder, glob, list of paths (.txt), tar, or URL")
    parser.add_argument("output", metavar="OUT", help="folder for the rows")
    parser.add_argument("--format", choices=SUFFIXES, default="parquet", help="json is JSON Lines")
    parser.add_argument("--threshold", type=float, help="lowest score, 0 to 1; default: the model's own")
    parser.add_argument("--detail", choices=DETAILS, default=DETAILS[0], help="fine: look at parts of each photo too")
    parser.add_argument(
        "--save-labels",
        nargs=2,
        metavar=("FORMAT", "DIR"),
        help=f"a data set of photos and boxes: {', '.join(FORMATS)}",
    )
    parser.add_argument("--address", help="of a Ray cluster, or auto; default: this machine by itself")
    parser.add_argument("--actors", type=int, help="detectors at once; default: one a core")
    args = parser.parse_args(arguments)
    if args.actors is not None and args.actors < 1:
        parser.error(f"--actors {args.actors} should be 1 or more")
    if args.threshold is not None and not 0 <= args.threshold <= 1:
        parser.error(f"--threshold {args.threshold} should be a number from 0 to 1")
    if args.save_labels and args.save_labels[0] not in FORMATS:
        parser.error(f"--save-labels takes {' or '.join(FORMATS)} and a folder, not {args.save_labels[0]!r}")
    if args.save_labels and not args.save_labels[1]:
        parser.error("--save-labels takes a format and a folder, not an empty path")
    if "://" in args.output:
        parser.error(f"OUT should be a folder, not {args.output}; copy the rows there afterwards")
    if not args.output or NOT_IN_PATHS.search(str(Path(args.output).absolute())):  # Ray takes them for another folder
        parser.error(f"OUT, {args.output!r}, should be a folder with a path in UTF-8, without line breaks and the like")
    args.output = Path(args.output)
    if sys.stderr is None:  # closed; Ray writes there
        sys.stderr = nowhere()
    try:
        end_as_interrupted()  # Ray's processes are ended too
        settings = Settings.from_environment()
        model, labels = model_of(settings)
        if args.save_labels:
            check_target(Path(args.save_labels[1]), args.source, args.output)
        inputs = list_inputs(args.source)
        run = {
            "source": normalized(args.source),
            "format": args.format,
            "threshold": args.threshold,
            "detail": args.detail,
            "model": model,
        }
        with locked(args.output):
            open_output(args.output, run)
            drop_incomplete(args.output, args.format)
            done = done_paths(args.output, args.format)
            todo = [item for item in inputs if item.path not in done]
            say(f"{len(inputs)} photos, {len(inputs) - len(todo)} of them done")
            if todo:
                with cluster(args.address):
                    predict(todo, args, settings)
            if args.save_labels:
                form, target = args.save_labels[0], Path(args.save_labels[1])
                rows = answers_of(args.output, args.format)
                saved = save_labels(target, form, labels, rows, inputs, settings.max_body_bytes)
                say(f"{saved} photos with their labels in {printable(str(target))}")
    except (SettingsError, ModelError, InputError, OutputError, ConnectionError) as error:
        say(printable(str(error)), sys.stderr)
        return 2
    except OSError as error:
        say(f"The results cannot be written: {error.strerror or error}; the same command goes on.", sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("\ninterrupted; the same command goes on", sys.stderr)
        return 130
    except ray.exceptions.RayError as error:
        say(f"Ray failed; the same command goes on. {error}"[:1000], sys.stderr)
        return 1
    if say(json.dumps(summary(args.output, args.format), indent=1, ensure_ascii=False)):
        return 0
    silence(sys.stdout)
    say(f"All is done and in {args.output}; the summary cannot be printed.", sys.stderr)
    return 1


def say(text: str, stream: TextIO | None = None) -> bool:
    """Print, and say whether that could be done: the results do not depend on it."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:  # the reader, head for one, has seen enough
        silence(stream)
    except (OSError, ValueError):  # full, or closed
        return False
    return True


def model_of(settings: Settings) -> tuple[str, Sequence[str]]:
    """Return the name of the model and its labels; raise ModelError if it cannot be served."""
    from backend import PicoDetector

    detector = PicoDetector.from_settings(settings, warm_up=False)
    return detector.name, detector.labels


@contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Connect to a cluster, or make this machine one.

    Raises:
        ConnectionError: there is no cluster at the address.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    logging.disable(logging.WARNING)  # Ray tells of each step
    warnings.filterwarnings("ignore", "The minimum number of concurrent actors")  # one compressed tar is one input
    own_standard_error()  # and its C++ half of more
    # workers need this repository; those of a cluster get it sent
    environment: dict[str, Any] = {"env_vars": {"PYTHONPATH": str(ROOT)}}
    if not address:  # its processes can be reached from the network; and Ray would keep one token below the home folder
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    if address:
        environment = {"working_dir": str(ROOT), "excludes": [".git", ".venv*", "output", "tests"]}
    workers = WORKERS_A_CORE * core_count()
    own = {"include_dashboard": False, "_system_config": {"num_workers_soft_limit": workers}}
    options: dict[str, Any] = {} if address else own
    options |= {"runtime_env": environment, "logging_level": logging.ERROR, "log_to_driver": False}
    try:
        ray.init(address=address or "local", **options)
    except Exception as error:  # Ray's have no common kind here
        what = f"There is no Ray cluster at {address!r}" if address else "Ray cannot start on this machine"
        raise ConnectionError(f"{what}: {error}"[:300]) from None
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Ray has set its own
    try:
        yield
    finally:
        ray.shutdown()


def predict(inputs: list[Input], args: argparse.Namespace, settings: Settings) -> None:
    """Write a row for each input."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = sys.stderr.isatty()
    cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
    limits = ray.data.ExecutionResources.for_limits(object_store_memory=READ_AHEAD_BYTES * cores)
    context.execution_options.resource_limits = limits
    actors = args.actors or min(cores, blocks_of(len(inputs), cores))
    limit = settings.max_body_bytes
    settings = replace(settings, model_dir=settings.model_dir.absolute(), api_key="")  # it goes to other processes
    rows = photos(inputs, limit, cores).map_batches(
        Detector,
        fn_constructor_args=(settings, args.threshold, args.detail),
        batch_size=BATCH,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=ACTOR_CPUS,
    )
    options: dict[str, Any] = {"min_rows_per_file": ROWS_PER_FILE, "ray_remote_args": {"num_cpus": WRITE_CPUS}}
    target = str(args.output.absolute())
    if args.format == "parquet":
        rows.write_parquet(target, mode="append", **options)
    elif args.format == "json":
        rows.write_json(target, mode="append", **options)
    else:
        flat = rows.map_batches(detections_as_text, batch_format="pyarrow", num_cpus=WRITE_CPUS)
        flat.write_csv(target, mode="append", **options)


def photos(inputs: list[Input], limit: int, cores: int) -> Any:
    """Return a dataset of Input for the detectors to read, or of Content: a compressed tar is read from its beginning.

    Not by ray.data.read_binary_files: there one file that cannot be read ends the run.
    """
    if inputs[0].offset >= 0:
        return ray.data.from_arrow(list(as_tables(inputs, blocks_of(len(inputs), cores))))
    archives = sorted({item.container for item in inputs})
    options = {"fn_kwargs": {"wanted": {item.path for item in inputs}, "limit": limit}, "num_cpus": READ_CPUS}
    listed = ray.data.from_items([{"container": archive} for archive in archives])
    return listed.map_batches(read_archives, batch_size=1, **options)


def as_tables(inputs: list[Input], count: int) -> Iterator[pa.Table]:
    """Yield the inputs in ``count`` tables: a million take some hundred megabytes so, as objects some thousand."""
    for index in range(count):
        part = inputs[index * len(inputs) // count : (index + 1) * len(inputs) // count]
        if part:
            yield pa.table(dict(zip(Input._fields, map(list, zip(*part, strict=True)), strict=True)))


def blocks_of(photos: int, cores: int) -> int:
    """Return into how many blocks to divide photos: of a batch each, but no core should have nothing."""
    return max(-(-photos // BATCH), min(cores, photos))


def detections_as_text(table: pa.Table) -> pa.Table:
    """Return rows for CSV, whose cells are plain: detections become JSON."""
    texts = [None if entry is None else json.dumps(entry) for entry in table.column("detections").to_pylist()]
    at = table.column_names.index("detections")
    return table.set_column(at, "detections", pa.array(texts, pa.string()))


if __name__ == "__main__":
    sys.exit(main())
