"""Tiny ONNX models that behave as exported PicoDets do, without a network in them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
IMAGE = helper.make_tensor_value_info("image", FLOAT, [1, 3, "h", "w"])
SCALE = helper.make_tensor_value_info("scale_factor", FLOAT, [1, 2])


def save(nodes, inputs, outputs, constants=None) -> bytes:
    initializers = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def without_nms(boxes, scores, batch=1, size=("h", "w")) -> bytes:
    """Always the same boxes (n, 4) in pixels of the input and scores (classes, n)."""
    boxes, scores = (np.asarray(array, np.float32)[None] for array in (boxes, scores))
    return save(
        [helper.make_node("Identity", ["b"], ["boxes"]), helper.make_node("Identity", ["s"], ["scores"])],
        [helper.make_tensor_value_info("image", FLOAT, [batch, 3, *size])],
        [
            helper.make_tensor_value_info("boxes", FLOAT, boxes.shape),
            helper.make_tensor_value_info("scores", FLOAT, scores.shape),
        ],
        {"b": boxes, "s": scores},
    )


def with_nms(rows) -> bytes:
    """Always the same rows: class, score, x1, y1, x2, y2 in pixels of the photo."""
    rows = np.asarray(rows, np.float32).reshape(-1, 6)
    count = np.array([len(rows)], np.int32)
    return save(
        [helper.make_node("Identity", ["r"], ["rows"]), helper.make_node("Identity", ["c"], ["count"])],
        [IMAGE, SCALE],
        [
            helper.make_tensor_value_info("rows", FLOAT, ["m", 6]),
            helper.make_tensor_value_info("count", TensorProto.INT32, [1]),
        ],
        {"r": rows, "c": count},
    )


def failing_on_dark_photos() -> bytes:
    """As with_nms, but Gather fails where the photo is dark, as multiclass_nms3 does on a single candidate."""
    rows = np.array([[1, 0.9, 1, 1, 5, 5], [0, 0.8, 10, 10, 20, 20]], np.float32)
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["brightest"], keepdims=0),
        helper.make_node("Less", ["brightest", "limit"], ["dark"]),
        helper.make_node("Cast", ["dark"], ["offset"], to=TensorProto.INT64),
        helper.make_node("Mul", ["offset", "far"], ["shift"]),
        helper.make_node("Add", ["indices", "shift"], ["picked"]),
        helper.make_node("Gather", ["r", "picked"], ["rows"], axis=0),
    ]
    constants = {
        "r": rows,
        "limit": np.array(-1.0, np.float32),
        "far": np.array([100], np.int64),
        "indices": np.array([0, 1], np.int64),
    }
    return save(nodes, [IMAGE], [helper.make_tensor_value_info("rows", FLOAT, ["m", 6])], constants)


def without_postprocessing() -> bytes:
    """Eight raw maps, as an export with export.post_process: False has."""
    names = [f"map{number}" for number in range(8)]
    nodes = [helper.make_node("Identity", ["m"], [name]) for name in names]
    outputs = [helper.make_tensor_value_info(name, FLOAT, [1, 4, 2]) for name in names]
    return save(nodes, [IMAGE], outputs, {"m": np.zeros((1, 4, 2), np.float32)})


def of_another_kind() -> bytes:
    """A classifier."""
    given = helper.make_tensor_value_info("pixels", FLOAT, [1, 4])
    outputs = [helper.make_tensor_value_info("probabilities", FLOAT, [1, 4])]
    return save([helper.make_node("Softmax", ["pixels"], ["probabilities"])], [given], outputs)
