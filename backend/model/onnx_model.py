"""An exported PicoDet in ONNX Runtime: tensors in, detections in the pixels of the photo out."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from backend.model.detections import Detections
from backend.model.errors import InferenceError, ModelError
from backend.model.infer_config import Nms
from backend.model.nms import suppress_per_class
from backend.preprocess import ModelInput
from backend.process.staggering import inference

# what has each provider, as ONNX Runtime's documentation lists them
PACKAGES = {
    "cuda": "onnxruntime-gpu",
    "tensorrt": "onnxruntime-gpu",
    "openvino": "onnxruntime-openvino",
    "dml": "onnxruntime-directml",
    "qnn": "onnxruntime-qnn",
}
KNOWN_INPUTS = {"image", "scale_factor", "im_shape"}


class OnnxModel:
    """One ONNX Runtime session; safe to use from many threads.

    Args:
        path: the ``.onnx`` that paddle2onnx made of an export with post-processing, with or without NMS in the graph.
        nms: the suppression for a graph without.
        label_count: how many labels there are; a graph with NMS does not say how many classes it has.
        threads: cores for one inference.
        providers: ONNX Runtime's execution providers, best first, without "ExecutionProvider".

    Raises:
        ModelError: if the file is missing, broken or another kind of model, or a provider is not installed.
    """

    def __init__(self, path: Path, nms: Nms, label_count: int, threads: int = 1, providers: tuple[str, ...] = ("CPU",)):
        self.nms = nms
        self.label_count = label_count
        self.session = open_session(path, threads, find_providers(providers))
        self.inputs = [node.name for node in self.session.get_inputs()]
        unknown = sorted(set(self.inputs) - KNOWN_INPUTS)
        if unknown or "image" not in self.inputs:
            raise ModelError(f"{path.name} has the inputs {self.inputs}; a PicoDet has image and scale_factor.")
        self.check_types(path.name)
        ranks = [len(node.shape) for node in self.session.get_outputs()]
        self.nms_in_graph = ranks[:1] == [2] and len(ranks) <= 2
        if not self.nms_in_graph and ranks != [3, 3]:
            raise ModelError(f"{path.name} was exported without its post-processing; set export.post_process: True.")

    def check_types(self, name: str) -> None:
        """Raise ModelError unless the inputs take float32 and one photo at a time."""
        for node in self.session.get_inputs():
            if node.type != "tensor(float)":
                raise ModelError(f"{name} takes {node.type} as {node.name}; export it in float32 (tensor(float)).")
            if isinstance(node.shape[0], int) and node.shape[0] != 1:
                raise ModelError(
                    f"{name} takes batches of {node.shape[0]}; export it for one photo, or for any number of them."
                )

    def check_input(self, model_input: ModelInput) -> None:
        """Raise ModelError if the graph does not take inputs of this size."""
        (shape,) = (node.shape for node in self.session.get_inputs() if node.name == "image")
        made = model_input.tensor.shape
        if any(isinstance(side, int) and side != real for side, real in zip(shape[1:], made[1:], strict=True)):
            raise ModelError(
                f"infer_cfg.yml makes an input of {made[1:]} by Resize.target_size or input_sizes; "
                f"the model takes {tuple(shape[1:])}."
            )
        if self.nms_in_graph:  # it may fail on what has no face
            return
        try:
            self.run(model_input)
        except InferenceError:
            raise ModelError(
                f"infer_cfg.yml makes an input of {made[1:]}, on which the model fails; "
                "Resize.target_size, input_sizes, or PadStride should make its sides multiples of 32, up to 1024."
            ) from None

    @property
    def class_count(self) -> int | None:
        """How many classes the scores (n, classes, anchors) have; None where the graph does not say."""
        classes = None if self.nms_in_graph else self.session.get_outputs()[1].shape[1]
        return classes if isinstance(classes, int) else None

    def detect(self, model_input: ModelInput, threshold: float = 0.0) -> Detections:
        """Run the model; boxes are in the pixels of the photo, not yet clipped to it; scores from ``threshold`` on.

        Raises:
            InferenceError: if ONNX Runtime fails on this photo.
            MemoryError: there is no memory for it now.
        """
        outputs = self.run(model_input)
        if self.nms_in_graph:
            return self.check_classes(from_nms_output(outputs[0])).above(threshold)
        boxes, scores = outputs
        found = suppress_per_class(boxes[0], scores[0], self.nms, threshold)
        scale_y, scale_x = model_input.scale_factor[0]
        scale = np.array([scale_x, scale_y, scale_x, scale_y], np.float32)
        return Detections(found.boxes / scale, found.scores, found.class_ids)

    def check_classes(self, found: Detections) -> Detections:
        """Raise InferenceError if the graph found a class that has no label."""
        beyond = found.class_ids[found.class_ids >= self.label_count]
        if len(beyond):
            raise InferenceError(
                f"The model found class {beyond.max()} on this photo, and label_list names {self.label_count} classes "
                "(0 is the first); complete it in infer_cfg.yml."
            )
        return found

    def run(self, model_input: ModelInput) -> list[Any]:
        """Return the raw outputs for one photo."""
        tensors = {
            "image": model_input.tensor,
            "scale_factor": model_input.scale_factor,
            "im_shape": model_input.im_shape,
        }
        try:
            with inference():
                return list(self.session.run(None, {name: tensors[name] for name in self.inputs}))
        except Exception as error:  # ONNX Runtime's exceptions share no public base
            if "alloc" in str(error):  # bad_alloc, or "Failed to allocate memory"
                raise MemoryError("There is no memory for the inference.") from None
            hint = " A graph with NMS does so on a single candidate: export it with export.nms: False."
            raise InferenceError(f"The model failed on this photo.{hint if self.nms_in_graph else ''}") from error


def find_providers(wanted: tuple[str, ...]) -> list[str]:
    """Return the full names of execution providers.

    Raises:
        ModelError: one that this build of ONNX Runtime lacks, with the package that has it.
    """
    available = {short(name): name for name in ort.get_available_providers()}
    for word in wanted:
        if short(word) not in available:
            package = PACKAGES.get(short(word), "a build of onnxruntime with it")
            raise ModelError(
                f"PROVIDERS names {word}, and this ONNX Runtime has {', '.join(available.values())}; "
                f"install {package} in place of onnxruntime."
            )
    return [available[word] for word in dict.fromkeys(map(short, wanted))]


def short(provider: str) -> str:
    """Return a provider's name in small letters, without what all of them end in."""
    return provider.lower().removesuffix("executionprovider")


def open_session(path: Path, threads: int, providers: list[str]) -> ort.InferenceSession:
    """Open an ONNX file."""
    if not path.is_file():
        raise ModelError(f"{path} is missing.")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised, not printed
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle costs no core
    try:
        return ort.InferenceSession(source(path), options, providers=providers)
    except Exception:  # ONNX Runtime's exceptions share no public base
        raise ModelError(f"{path} is no model that ONNX Runtime can load; it is truncated or another file.") from None


def source(path: Path) -> str | bytes:
    """Return what ONNX Runtime takes: the path, or the file itself where the path is no UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return path.read_bytes()
    return str(path)


def from_nms_output(rows: NDArray[np.float32]) -> Detections:
    """Read the output of a graph that does its own suppression.

    Args:
        rows: (m, 6): class, score, x1, y1, x2, y2; PaddleDetection marks "nothing found" with a row of class -1.
    """
    rows = rows.reshape(-1, 6)
    rows = rows[np.isfinite(rows).all(axis=1)]
    rows = rows[(rows[:, 0] >= 0) & (rows[:, 1] >= 0) & (rows[:, 1] <= 1)]
    return Detections.sort(rows[:, 2:], rows[:, 1], rows[:, 0].astype(np.int64))
