from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from scripts.training.release.optimize_onnx import optimize

RNG = np.random.default_rng(0)


def model(nodes, weights, input_shape, rank):
    """A model of one input ``x`` and one output ``out``."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None] * rank)],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def outputs(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})


def optimized(tmp_path: Path, made, x):
    """Check that the optimised model computes the same; return it."""
    source, target = tmp_path / "model.onnx", tmp_path / "optimised.onnx"
    onnx.save(made, str(source))
    optimize(source, target)
    for before, after in zip(outputs(source, x), outputs(target, x), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-5)
    return onnx.load(str(target))


def weight_shapes(made):
    return {entry.name: tuple(entry.dims) for entry in made.graph.initializer}


def stem(last, rank=4):
    """A convolution of 24 channels with a pool, then one of each kind, and ``last``."""
    nodes = [
        helper.make_node("Conv", ["x", "w0", "b0"], ["c0"], kernel_shape=[3, 3]),
        helper.make_node("HardSigmoid", ["c0"], ["h0"]),
        helper.make_node("Mul", ["c0", "h0"], ["m0"]),
        helper.make_node("MaxPool", ["m0"], ["p0"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["p0", "w1", "b1"], ["c1"], kernel_shape=[1, 1]),
        helper.make_node("Conv", ["p0", "w2", "b2"], ["c2"], kernel_shape=[1, 1], group=24),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("Conv", ["r2", "w3", "b3"], ["c3"], kernel_shape=[1, 1]),
        helper.make_node("Add", ["c1", "c3"], ["sum"]),
        *last,
    ]
    shapes = {"w0": (24, 3, 3, 3), "w1": (8, 24, 1, 1), "w2": (24, 1, 1, 1), "w3": (8, 24, 1, 1)}
    weights = {name: RNG.normal(size=shape) for name, shape in shapes.items()}
    weights |= {f"b{name[1]}": RNG.normal(size=shape[0]) for name, shape in shapes.items()}
    return model(nodes, weights, [1, 3, 20, 20], rank)


def test_channels_before_a_pool_are_filled_up(tmp_path):
    x = RNG.normal(size=(1, 3, 20, 20)).astype(np.float32)
    made = optimized(tmp_path, stem([helper.make_node("Relu", ["sum"], ["out"])]), x)
    shapes = weight_shapes(made).values()
    assert {(32, 3, 3, 3), (8, 32, 1, 1), (32, 1, 1, 1)} <= set(shapes)


def test_channels_that_something_else_reads_are_left(tmp_path):
    x = RNG.normal(size=(1, 3, 20, 20)).astype(np.float32)
    last = [
        helper.make_node("GlobalAveragePool", ["p0"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("ReduceSum", ["sum"], ["total"], keepdims=0),
        helper.make_node("Add", ["flat", "total"], ["out"]),
    ]
    made = optimized(tmp_path, stem(last, rank=2), x)
    assert (24, 3, 3, 3) in weight_shapes(made).values()


@pytest.mark.parametrize(("after", "shape"), [("Reshape", (8, 1)), ("Relu", (8,))])
def test_a_vector_becomes_a_column_where_a_reshape_follows(tmp_path, after, shape):
    nodes = [helper.make_node("MatMul", ["x", "v"], ["product"])]
    weights = {"v": RNG.normal(size=8)}
    if after == "Reshape":
        nodes.append(helper.make_node("Reshape", ["product", "form"], ["out"]))
    else:
        nodes.append(helper.make_node(after, ["product"], ["out"]))
    made = model(nodes, weights, [12, 8], rank=2 if after == "Reshape" else 1)
    if after == "Reshape":
        made.graph.initializer.append(numpy_helper.from_array(np.array([3, 4]), "form"))
    result = optimized(tmp_path, made, RNG.normal(size=(12, 8)).astype(np.float32))
    assert shape in weight_shapes(result).values()
    assert len(result.graph.initializer) == (2 if after == "Reshape" else 1)  # what is not used any more is gone


def test_in_place(tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(stem([helper.make_node("Relu", ["sum"], ["out"])]), str(path))
    optimize(path, path)
    assert (32, 3, 3, 3) in weight_shapes(onnx.load(str(path))).values()
    assert list(tmp_path.iterdir()) == [path]
