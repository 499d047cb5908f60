"""``infer_cfg.yml``, as PaddleDetection writes it beside an exported model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from backend.model.errors import ModelError
from backend.model.preprocess_config import build_preprocessor
from backend.preprocess import Preprocessor

SUPPORTED_ARCHITECTURES = ("GFL", "PicoDet")  # PaddleDetection writes GFL for a PicoDet with its post-processing


NMS_KEYS = ("name", "score_threshold", "nms_threshold", "nms_top_k", "keep_top_k")
NMS_FIXED = {"background_label": -1, "nms_eta": 1.0, "normalized": True}  # the only values that are honoured


@dataclass(frozen=True)
class Nms:
    """Non-maximum suppression as PaddleDetection's MultiClassNMS does it.

    Attributes:
        score_threshold: boxes below are not considered, 0 to 1.
        iou_threshold: of two boxes of a class that overlap more, the lower score goes, 0 to 1.
        top_k: boxes considered, highest scores first.
        keep_top_k: boxes kept at the end.
    """

    score_threshold: float = 0.025
    iou_threshold: float = 0.6
    top_k: int = 1000
    keep_top_k: int = 100


@dataclass(frozen=True)
class InferConfig:
    """What ``infer_cfg.yml`` says about a model: labels by class id, default threshold, preprocessing, NMS."""

    labels: tuple[str, ...]
    draw_threshold: float
    preprocessor: Preprocessor
    nms: Nms


def load_infer_config(path: Path) -> InferConfig:
    """Read an ``infer_cfg.yml``.

    Raises:
        ModelError: if the file is missing or no YAML mapping, or says something that cannot be honoured.
    """
    try:
        if path.exists() and not path.is_file():
            raise ModelError(
                f"{path} is no regular file; MODEL_DIR should be a folder with infer_cfg.yml and its .onnx."
            )
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}); MODEL_DIR should be a folder with infer_cfg.yml and its .onnx."
        ) from None
    except UnicodeDecodeError:
        raise ModelError(f"{path} is no UTF-8 text; save it as UTF-8.") from None
    except yaml.YAMLError:
        raise ModelError(f"{path} is no YAML; it should be the file that PaddleDetection's export wrote.") from None
    if not isinstance(content, Mapping):
        raise ModelError(f"{path} is no YAML mapping; it should be the file that PaddleDetection's export wrote.")
    try:
        return parse_infer_config(content)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def parse_infer_config(content: Mapping[str, Any]) -> InferConfig:
    """Turn the mapping of an ``infer_cfg.yml`` into an InferConfig.

    Raises:
        ModelError: naming the key whose value cannot be honoured.
    """
    architecture = content.get("arch")
    if architecture not in SUPPORTED_ARCHITECTURES:
        raise ModelError(f"arch is {architecture!r}; supported are {', '.join(SUPPORTED_ARCHITECTURES)}.")
    for key in ("mask", "tracker"):
        if content.get(key):
            raise ModelError(f"{key} is set; only plain detection is supported.")
    return InferConfig(
        labels=parse_labels(content.get("label_list")),
        draw_threshold=fraction(content, "draw_threshold", 0.5),
        preprocessor=build_preprocessor(content.get("Preprocess"), content.get("input_sizes")),
        nms=parse_nms(content.get("NMS")),
    )


def parse_labels(value: Any) -> tuple[str, ...]:
    """Return the labels by class id; raise ModelError if there are none."""
    if not isinstance(value, list) or not value:
        raise ModelError("label_list is missing or empty; it should list the classes in the order of their ids.")
    if any(isinstance(label, bool) for label in value):
        raise ModelError("label_list has a bare yes, no, on or off, which YAML takes for true or false; quote it.")
    if not all(isinstance(label, str | int) for label in value) or len(set(value)) < len(value):
        raise ModelError("label_list should list one name a class, each once.")
    return tuple(str(label) for label in value)


def parse_nms(value: Any) -> Nms:
    """Return the suppression that the NMS section asks for; raise ModelError for one that is not MultiClassNMS."""
    if value is None:
        return Nms()
    if not isinstance(value, Mapping):
        raise ModelError("NMS should be a mapping.")
    if value.get("name", "MultiClassNMS") != "MultiClassNMS":
        raise ModelError(f"NMS.name is {value['name']!r}; supported is MultiClassNMS.")
    for key, given in value.items():
        if key not in NMS_KEYS and given != NMS_FIXED.get(key, object()):
            raise ModelError(f"NMS.{key} is {given!r}, which is not supported.")
    return Nms(
        score_threshold=fraction(value, "score_threshold", Nms.score_threshold, "NMS."),
        iou_threshold=fraction(value, "nms_threshold", Nms.iou_threshold, "NMS."),
        top_k=positive(value, "nms_top_k", Nms.top_k),
        keep_top_k=positive(value, "keep_top_k", Nms.keep_top_k),
    )


def fraction(mapping: Mapping[str, Any], key: str, default: float, prefix: str = "") -> float:
    """Return a number from 0 to 1."""
    value = mapping.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ModelError(f"{prefix}{key} is {value!r}; it should be a number from 0 to 1.")
    return float(value)


def positive(mapping: Mapping[str, Any], key: str, default: int) -> int:
    """Return a whole number above 0; PaddleDetection's -1 means no limit."""
    value = mapping.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or (value < 1 and value != -1):
        raise ModelError(f"NMS.{key} is {value!r}; it should be a whole number above 0, or -1 for no limit.")
    return value if value > 0 else 2**31 - 1
