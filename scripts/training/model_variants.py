"""Other forms of a converted model, for inference_ideas.py: int8, and 8-bit images as input."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from backend.preprocess import NormalizedPlanes, Preprocessor


class Calibration(CalibrationDataReader):  # type: ignore[misc]  # ONNX Runtime has no types
    """Hands the quantisation one model input after the other."""

    def __init__(self, inputs: Iterable[dict[str, np.ndarray]]):
        self.left: Iterator[dict[str, np.ndarray]] = iter(inputs)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next input, None after the last."""
        return next(self.left, None)


def quantize(source: Path, target: Path, inputs: Iterable[dict[str, np.ndarray]], spare: bool) -> None:
    """Write an int8 model: QDQ, weights by channel, activations by what they are for ``inputs``.

    ``spare`` leaves the first convolution, those of the squeeze-and-excitation and the head's last ones as they are.
    """
    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    model = onnx.load(str(prepared))
    quantize_static(
        str(prepared),
        str(target),
        Calibration(inputs),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv"] if spare else None,
        nodes_to_exclude=sensitive(model) if spare else [],
    )
    prepared.unlink()


def sensitive(model: onnx.ModelProto) -> list[str]:
    """Return the names of the convolutions that are known to lose most: see quantize."""
    producers = {name: node for node in model.graph.node for name in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    pooled = {node.output[0] for node in model.graph.node if node.op_type == "GlobalAveragePool"}
    split = {node.input[0] for node in model.graph.node if node.op_type == "Split"}

    def after_pooling(name: str) -> bool:
        node = producers.get(name)
        return name in pooled or (node is not None and node.op_type != "Concat" and after_pooling(node.input[0]))

    return [
        node.name
        for node in convolutions
        if node.input[0] == model.graph.input[0].name or after_pooling(node.input[0]) or node.output[0] in split
    ]


def take_bytes(source: Path, target: Path, preprocessor: Preprocessor) -> None:
    """Write a model whose input is the resized BGR image itself, uint8 (1, h, w, 3); it normalises by itself."""
    (planes,) = (step for step in preprocessor.steps if isinstance(step, NormalizedPlanes))
    bias = planes.tables[:, 0]
    scale = planes.tables[:, 255] - bias
    model = onnx.load(str(source))
    graph, image = model.graph, model.graph.input[0]
    height, width = (side.dim_value for side in image.type.tensor_type.shape.dim[2:])
    graph.initializer.append(numpy_helper.from_array(np.array([2, 1, 0]), "rgb"))
    graph.initializer.append(numpy_helper.from_array((scale / 255).reshape(1, 3, 1, 1), "image_scale"))
    graph.initializer.append(numpy_helper.from_array(bias.reshape(1, 3, 1, 1), "image_bias"))
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Transpose", ["bytes"], "planes", {"perm": [0, 3, 1, 2]}),
        ("Gather", ["planes", "rgb"], "ordered", {"axis": 1}),
        ("Cast", ["ordered"], "floats", {"to": onnx.TensorProto.FLOAT}),
        ("Mul", ["floats", "image_scale"], "scaled", {}),
        ("Add", ["scaled", "image_bias"], image.name, {}),
    ]
    for index, (kind, inputs, output, attributes) in enumerate(steps):
        graph.node.insert(index, helper.make_node(kind, inputs, [output], **attributes))
    graph.input.remove(image)
    graph.input.insert(0, helper.make_tensor_value_info("bytes", onnx.TensorProto.UINT8, [1, height, width, 3]))
    onnx.checker.check_model(model)
    onnx.save(model, str(target))
