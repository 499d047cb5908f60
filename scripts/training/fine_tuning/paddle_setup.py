"""Import Paddle and PaddleDetection so that they work on a CPU, and load a configuration."""

import argparse
import ctypes
import logging
import os
import zlib
from pathlib import Path
from typing import Any

from backend.process.cores import core_count

# paddlepaddle 2.6 exports zlib symbols of its own; using Python's zlib once before the import keeps both working.
zlib.decompress(zlib.compress(b"x"))


def mkl_cpu_type() -> str | None:
    """Return MKL's number for this processor's vector units, which it uses by itself on Intel's processors only."""
    cpu_info = Path("/proc/cpuinfo")
    features = cpu_info.read_text() if cpu_info.is_file() else ""
    for feature, number in ((" avx512bw ", "7"), (" avx2 ", "5")):
        if feature in features:
            return number
    return None


def set_environment() -> None:
    """Set what Paddle reads at import, where it is not set already."""
    cores = str(core_count())
    defaults = {
        "ENABLE_FALL_BACK": "False",  # Trainer.export needs the whole graph
        "FLAGS_use_stride_kernel": "0",  # ESNet's channel shuffle copies a strided view very slowly
        "FLAGS_paddle_num_threads": cores,
        "OMP_NUM_THREADS": cores,
        "KMP_BLOCKTIME": "5",  # Paddle's and Numba's thread pools take turns: do not spin for the other
        "MKL_DEBUG_CPU_TYPE": mkl_cpu_type(),
    }
    for name, value in defaults.items():
        if value is not None:
            os.environ.setdefault(name, value)


def keep_freed_memory() -> None:
    """Tell glibc not to give large blocks back: each step needs the same ones again, page faults included."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        m_mmap_max, m_trim_threshold = -4, -1
        mallopt(m_mmap_max, 0)
        mallopt(m_trim_threshold, -1)


set_environment()
keep_freed_memory()

import paddle
from ppdet.core.workspace import load_config, merge_config
from ppdet.utils.cli import ArgsParser

from scripts.training.data.label_list import NAME as LABEL_LIST
from scripts.training.data.label_list import LabelsError, read_labels
from scripts.training.fine_tuning import operators  # noqa: F401  (makes them known to the readers)

HERE = Path(__file__).resolve().parent
NOISY = ("ppdet.engine", "ppdet.metrics.metrics", "ppdet.utils.checkpoint")  # they break the progress bars
DEFAULT_CONFIG = HERE / "configs" / "picodet_s_416_facemask.yml"


def argument_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every training script shares."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("-c", "--config", type=Path, default=DEFAULT_CONFIG, help="PaddleDetection YAML file")
    parser.add_argument("--dataset", type=Path, help="folder of the VOC data set")
    parser.add_argument("--lists", type=Path, help="folder with the lists that split_dataset.py wrote")
    parser.add_argument(
        "-o", "--opt", nargs="*", default=[], metavar="KEY=VALUE", help="override any key of the configuration"
    )
    return parser


def configure(args: argparse.Namespace) -> Any:
    """Load the configuration that the arguments name and apply their overrides.

    Raises:
        SystemExit: if a file that the arguments name does not exist or an override is no KEY=VALUE.
    """
    if not args.config.is_file():
        raise SystemExit(f"{args.config}: no such configuration; there are {', '.join(known_configs())}")
    malformed = [option for option in args.opt if "=" not in option]
    if malformed:
        raise SystemExit(f"-o takes KEY=VALUE, not {malformed[0]!r}")
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    paddle.set_device("cpu")
    cfg = load_config(str(args.config))
    merge_config(dataset_overrides(args.dataset, args.lists))
    merge_config(ArgsParser()._parse_opt(args.opt))
    return cfg


def known_configs() -> list[str]:
    """Return the configurations that describe a whole model."""
    return sorted(str(path) for path in (HERE / "configs").glob("picodet_*.yml"))


def dataset_overrides(dataset: Path | None, lists: Path | None) -> dict[str, Any]:
    """Return what a data set folder and a folder of lists say: paths, all absolute, and the number of classes.

    The classes come from the clean ``label_list.txt`` that split_dataset.py wrote beside the lists, else from the data
    set's own.
    """
    sections: dict[str, dict[str, str]] = {name: {} for name in ("TrainDataset", "EvalDataset", "TestDataset")}
    if dataset is None:
        return sections
    for section in sections.values():
        section["dataset_dir"] = str(dataset.resolve())
    if lists is not None:
        for name, file in (("TrainDataset", "train.txt"), ("EvalDataset", "val.txt")):
            require(lists / file, "run split_dataset.py first: there is no")
            sections[name]["anno_path"] = str((lists / file).resolve())
    folder = lists if lists and (lists / LABEL_LIST).is_file() else dataset
    try:
        labels = read_labels(folder)
    except LabelsError as error:
        raise SystemExit(str(error)) from None
    label_list = str((folder / LABEL_LIST).resolve())
    sections["TrainDataset"]["label_list"] = sections["EvalDataset"]["label_list"] = label_list
    sections["TestDataset"]["anno_path"] = label_list
    return sections | {"num_classes": len(labels)}


def require(path: Path, message: str) -> None:
    """Stop with one sentence if a file is missing."""
    if not path.is_file():
        raise SystemExit(f"{message} {path}")
