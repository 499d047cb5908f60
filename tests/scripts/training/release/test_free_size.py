import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from scripts.training.release import free_size as module
from scripts.training.release.free_size import UnknownFormError, cells, free_size

STRIDES = (32, 64)
CLASSES, BINS, CHANNELS = 3, 4, 6
RNG = np.random.default_rng(0)
WEIGHTS = {
    "w32": RNG.normal(size=(CHANNELS, 3, 32, 32)) / 50,
    "w64": RNG.normal(size=(CHANNELS, CHANNELS, 3, 3)) / 5,
    "boxes": RNG.normal(size=(4 * BINS, CHANNELS, 1, 1)),
    "scores": RNG.normal(size=(CLASSES, CHANNELS, 1, 1)),
    "bins": np.arange(BINS).reshape(-1, 1),
    "minus": np.array(-1),
}


def picodet(height, width, shuffled="Split"):
    """A PicoDet of two levels as paddle2onnx writes one for inputs of this size, with a channel shuffle."""
    constants = {name: value.astype(np.float32) for name, value in WEIGHTS.items()}
    sizes = [(-(-height // stride), -(-width // stride)) for stride in STRIDES]
    h, w = sizes[0]
    half = CHANNELS // 2
    constants |= {
        "apart": np.array([-1, 2, half, h, w]),
        "together": np.array([-1, CHANNELS, h, w]),
        "halves": np.array([half, half]),
        "flat": np.array([-1, BINS]),
        "cells": np.concatenate([cells(*size).reshape(-1, 2) for size in sizes]),
        "strides": np.repeat(np.float32(STRIDES), [h * w for h, w in sizes]).reshape(-1, 1),
    }
    node = helper.make_node
    nodes = [
        node("Conv", ["image", "w32"], ["c32"], strides=[32, 32]),
        node("Reshape", ["c32", "apart"], ["s0"]),
        node("Transpose", ["s0"], ["s1"], perm=[0, 2, 1, 3, 4]),
        node("Reshape", ["s1", "together"], ["s2"]),
    ]
    if shuffled == "Split":
        nodes += [node("Split", ["s2", "halves"], ["h0", "h1"], axis=1), node("Concat", ["h1", "h0"], ["f32"], axis=1)]
    else:
        nodes += [node("Relu", ["s2"], ["r2"]), node("Add", ["s2", "r2"], ["f32"])]
    nodes.append(node("Conv", ["f32", "w64"], ["f64"], strides=[2, 2], pads=[1, 1, 1, 1]))
    for stride, (h, w) in zip(STRIDES, sizes, strict=True):
        s = str(stride)
        constants |= {f"n{s}": np.array([-1, h * w, 4]), f"k{s}": np.array([-1, CLASSES, h * w])}
        nodes += [
            node("Conv", [f"f{s}", "boxes"], [f"b{s}"]),
            node("Transpose", [f"b{s}"], [f"t{s}"], perm=[0, 2, 3, 1]),
            node("Reshape", [f"t{s}", "flat"], [f"l{s}"]),
            node("Softmax", [f"l{s}"], [f"p{s}"], axis=1),
            node("MatMul", [f"p{s}", "bins"], [f"e{s}"]),
            node("Reshape", [f"e{s}", f"n{s}"], [f"d{s}"]),
            node("Conv", [f"f{s}", "scores"], [f"v{s}"]),
            node("Reshape", [f"v{s}", f"k{s}"], [f"q{s}"]),
            node("Sigmoid", [f"q{s}"], [f"y{s}"]),
        ]
    nodes += [
        node("Concat", [f"d{s}" for s in STRIDES], ["d"], axis=1),
        node("Split", ["d"], ["lt", "rb"], axis=2),
        node("Mul", ["lt", "minus"], ["m"]),
        node("Add", ["m", "cells"], ["corner"]),
        node("Add", ["rb", "cells"], ["opposite"]),
        node("Concat", ["corner", "opposite"], ["both"], axis=2),
        node("Mul", ["both", "strides"], ["out_boxes"]),
        node("Concat", [f"y{s}" for s in STRIDES], ["out_scores"], axis=2),
    ]
    count = sum(h * w for h, w in sizes)
    graph = helper.make_graph(
        nodes,
        "picodet",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, height, width])],
        [
            helper.make_tensor_value_info("out_boxes", TensorProto.FLOAT, ["n", count, 4]),
            helper.make_tensor_value_info("out_scores", TensorProto.FLOAT, ["n", CLASSES, count]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(made)
    return made


def run(model, image):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": image})


def photos(n, height, width):
    return RNG.normal(size=(n, 3, height, width)).astype(np.float32)


@pytest.mark.parametrize("shuffled", ["Split", "Relu"])
@pytest.mark.parametrize("size", [(96, 96), (64, 160), (160, 32), (1024, 1024)])
def test_a_freed_model_computes_what_one_made_for_that_size_does(tmp_path, size, shuffled):
    source, target = tmp_path / "model.onnx", tmp_path / "free.onnx"
    onnx.save(picodet(96, 128, shuffled), str(source))
    free_size(source, target)
    image = photos(2, *size)
    expected = run(picodet(*size, shuffled).SerializeToString(), image)
    for before, after in zip(expected, run(str(target), image), strict=True):
        np.testing.assert_array_equal(after, before)


def test_what_is_free_is_declared(tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(picodet(96, 96), str(path))
    free_size(path, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["n", 3, "height", "width"]
    assert [node.shape for node in session.get_outputs()] == [["n", "cells", 4], ["n", CLASSES, "cells"]]
    assert list(tmp_path.iterdir()) == [path]


def without_postprocessing():
    made = picodet(96, 96)
    del made.graph.output[:]
    made.graph.output.append(helper.make_tensor_value_info("c32", TensorProto.FLOAT, None))
    return made


def with_cells_that_are_no_grid():
    made = picodet(96, 96)
    (entry,) = (entry for entry in made.graph.initializer if entry.name == "cells")
    entry.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(entry) + 1, "cells"))
    return made


def already_free():
    made = picodet(96, 96)
    made.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    return made


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (without_postprocessing, "outputs are not boxes and scores"),
        (with_cells_that_are_no_grid, "not measured from the centres of cells"),
        (already_free, "height and width are free already"),
    ],
)
def test_a_graph_of_another_form_is_left_as_it_is(tmp_path, made, named):
    path = tmp_path / "model.onnx"
    onnx.save(made(), str(path))
    before = path.read_bytes()
    with pytest.raises(UnknownFormError, match=named):
        free_size(path, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "named"),
    [(b"rubbish \xff", "is no ONNX model"), (None, "no such file"), (already_free, "free already")],
)
def test_the_command_says_in_a_sentence_what_is_wrong(tmp_path, monkeypatch, content, named):
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content().SerializeToString())
    monkeypatch.setattr("sys.argv", ["free_size.py", str(path)])
    with pytest.raises(SystemExit, match=named) as error:
        module.main()
    assert "\n" not in str(error.value)


def test_the_command_writes_files_only(tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    onnx.save(picodet(96, 96), str(path))
    for output, named in (
        (tmp_path, "is no file; name the .onnx"),
        (tmp_path / "no" / "x.onnx", "cannot be written: No such"),
    ):
        monkeypatch.setattr("sys.argv", ["free_size.py", str(path), "--output", str(output)])
        with pytest.raises(SystemExit, match=named):
            module.main()
    assert list(tmp_path.iterdir()) == [path]
