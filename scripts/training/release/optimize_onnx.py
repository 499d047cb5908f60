"""Change a converted model so that ONNX Runtime computes the same in less time.

    python scripts/training/release/optimize_onnx.py MODEL.onnx [--output OTHER.onnx]

convert.py does it by itself. Outputs stay the same but for the rounding of floats.
"""

import argparse
import sys
import tempfile
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import backend  # noqa: F401  (first: it switches ONNX Runtime's telemetry off)

import numpy as np
import onnx
import onnxruntime
from onnx import NodeProto

from scripts.training.release.onnx_graph import Graph

# ONNX Runtime keeps channels in blocks of 8 (AVX2) or 16 (AVX-512), but brings a MaxPool's input back where they do not
# come out even
BLOCK = 16
ELEMENTWISE = {"HardSigmoid", "HardSwish", "Mul", "Relu", "Clip"}  # each of them makes 0 of 0, multiplied by its input


def main() -> None:
    """Optimise as the arguments say."""
    parser = argparse.ArgumentParser(description="Make a converted model faster in ONNX Runtime.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--output", type=Path, help="default: in place")
    args = parser.parse_args()
    if not args.model.is_file():
        raise SystemExit(f"{args.model}: no such file")
    try:
        optimize(args.model, args.output or args.model)
    except onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf:
        raise SystemExit(f"{args.model} is no ONNX model") from None
    except OSError as error:
        raise SystemExit(f"{args.output or args.model} cannot be written: {error.strerror}") from None


def optimize(source: Path, target: Path) -> None:
    """Write the faster model of ``source`` to ``target``, which may be the same file."""
    model = fold_constants(source)
    graph = Graph(model)
    turn_vectors_into_columns(graph)
    fill_blocks_before_pooling(graph)
    graph.drop_unused_weights()
    del model.graph.value_info[:]  # their shapes have changed
    graph.save(target)


def fold_constants(source: Path) -> onnx.ModelProto:
    """Let ONNX Runtime fold constants and batch normalisation; only standard operators come out."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "folded.onnx")
        onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        model = onnx.load(options.optimized_model_filepath)
    standard = [entry for entry in model.opset_import if entry.domain == ""]
    del model.opset_import[:]
    model.opset_import.extend(standard)
    return model


def turn_vectors_into_columns(graph: Graph) -> None:
    """Multiply by a matrix of one column, not by a vector, for which ONNX Runtime has no fast way.

    That is the sum over the box distribution of each side (2.6 of 21 ms). A reshape follows it, which takes either.
    """
    for node in graph.model.graph.node:
        if node.op_type != "MatMul" or graph.weights.get(node.input[1], np.empty((0, 0))).ndim != 1:
            continue
        vector = node.input[1]
        if any(other.op_type != "MatMul" for other in graph.consumers[vector]):
            continue
        if all(other.op_type == "Reshape" for other in graph.consumers[node.output[0]]):
            column = f"{vector}_column"
            if column not in graph.weights:
                value = graph.weights[vector].reshape(-1, 1)
                graph.add_weight(column, value)
            node.input[1] = column


def fill_blocks_before_pooling(graph: Graph) -> None:
    """Give the convolution before a MaxPool channels of zeros up to a whole block."""
    for node in graph.model.graph.node:
        if node.op_type == "MaxPool":
            convolution = convolution_before(graph, node.input[0])
            if convolution is not None and can_widen(graph, convolution):
                widen(graph, convolution)


def convolution_before(graph: Graph, name: str) -> NodeProto | None:
    """Return the convolution that makes a tensor, elementwise operators between."""
    node = graph.producers.get(name)
    while node is not None and node.op_type in ELEMENTWISE:
        node = graph.producers.get(node.input[0])
    return node if node is not None and node.op_type == "Conv" else None


def groups(convolution: NodeProto) -> int:
    """Return the number of groups of a convolution."""
    return next((entry.i for entry in convolution.attribute if entry.name == "group"), 1)


def missing_channels(graph: Graph, convolution: NodeProto) -> int:
    """Return how many channels a convolution's output lacks for a whole block."""
    return int(-graph.weights[convolution.input[1]].shape[0] % BLOCK)


def has_own_weights(graph: Graph, convolution: NodeProto) -> bool:
    """Return whether a convolution has weights and bias that nothing else uses."""
    return len(convolution.input) == 3 and all(
        name in graph.weights and graph.uses(name) == 1 for name in convolution.input[1:]
    )


def can_widen(graph: Graph, convolution: NodeProto) -> bool:
    """Return whether all that follows a convolution can take more channels of zeros."""
    if not missing_channels(graph, convolution) or groups(convolution) != 1 or not has_own_weights(graph, convolution):
        return False
    return all(takes_more(graph, node) for node in followers(graph, convolution))


def takes_more(graph: Graph, node: NodeProto) -> bool:
    """Return whether a convolution can take more input channels; a depthwise one hands them on."""
    if node.op_type != "Conv" or not has_own_weights(graph, node):
        return False
    if groups(node) == 1:
        return True
    is_depthwise = groups(node) == graph.weights[node.input[1]].shape[0]
    return is_depthwise and all(takes_more(graph, after) for after in followers(graph, node))


def followers(graph: Graph, node: NodeProto) -> list[NodeProto]:
    """Return what uses a node's output, elementwise operators and MaxPool between."""
    found = []
    for after in graph.consumers[node.output[0]]:
        between = after.op_type in ELEMENTWISE | {"MaxPool"}
        found += followers(graph, after) if between else [after]
    return list({after.output[0]: after for after in found}.values())


def widen(graph: Graph, convolution: NodeProto, channels: int | None = None) -> None:
    """Add output channels of zeros to a convolution, and inputs for them to what follows."""
    channels = channels or missing_channels(graph, convolution)
    for name in convolution.input[1:]:
        weight = graph.weights[name]
        graph.replace_weight(name, np.pad(weight, [(0, channels)] + [(0, 0)] * (weight.ndim - 1)))
    for node in followers(graph, convolution):
        if groups(node) == 1:
            weight = graph.weights[node.input[1]]
            graph.replace_weight(node.input[1], np.pad(weight, [(0, 0), (0, channels), (0, 0), (0, 0)]))
        else:
            (entry,) = (entry for entry in node.attribute if entry.name == "group")
            entry.i += channels
            widen(graph, node, channels)


if __name__ == "__main__":
    main()
