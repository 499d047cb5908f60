"""Let a converted PicoDet take photos of any height and width, where Paddle's export fixes them.

    python scripts/training/release/free_size.py MODEL.onnx [--output OTHER.onnx]

convert.py does it by itself. Sides are multiples of 32, up to MOST_SIDE. What the model computes stays the same to the
last bit.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, NamedTuple

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import NodeProto, helper

from scripts.training.release.onnx_graph import Graph

MOST_SIDE = 1024  # of an input, in pixels: so large are the tables of cells, 0.2 MB in all
SHUFFLE = [0, 2, 1, 3, 4]  # how a channel shuffle transposes (n, groups, channels, h, w)
LEVEL = ("Reshape", "MatMul", "Softmax", "Reshape", "Transpose")  # a level's boxes, from the end
ELEMENTWISE = {"Sigmoid", "Sqrt"}
OURS = "free_size."  # begins the names of what is added


class UnknownFormError(ValueError):
    """A graph of another form than paddle2onnx makes of a PicoDet with its post-processing."""


class Level(NamedTuple):
    """The nodes that read the boxes of one level of the pyramid, in their order."""

    channels_last: NodeProto
    flatten: NodeProto
    softmax: NodeProto
    expectation: NodeProto
    sides: NodeProto


def main() -> None:
    """Free the size as the arguments say."""
    parser = argparse.ArgumentParser(description="Let a converted PicoDet take photos of any height and width.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--output", type=Path, help="default: in place")
    args = parser.parse_args()
    target = args.output or args.model
    if not args.model.is_file():
        raise SystemExit(f"{args.model}: no such file")
    if target.exists() and not target.is_file():
        raise SystemExit(f"{target} is no file; name the .onnx to write")
    try:
        free_size(args.model, target)
    except UnknownFormError as error:
        raise SystemExit(f"{args.model}: {error}") from None
    except DecodeError:
        raise SystemExit(f"{args.model} is no ONNX model") from None
    except OSError as error:
        raise SystemExit(f"{target} cannot be written: {error.strerror}") from None


def free_size(source: Path, target: Path) -> None:
    """Write the model of ``source``, with height and width free, to ``target``, which may be the same file.

    Raises:
        UnknownFormError: the graph is no PicoDet without NMS, or none of a fixed size; nothing is written.
    """
    model = onnx.load(str(source))
    graph = Graph(model)
    if len(model.graph.output) != 2:
        raise UnknownFormError("its outputs are not boxes and scores.")
    boxes, scores = (node.name for node in model.graph.output)
    height, width = fixed_size(model)
    free_shuffles(graph)
    free_boxes(graph, boxes, height, width)
    free_scores(graph, scores)
    graph.drop_unused_weights()
    declare_free(model)
    graph.save(target.resolve())


def fixed_size(model: onnx.ModelProto) -> tuple[int, int]:
    """Return height and width of the model's input; raise UnknownFormError if it has none."""
    shapes = {node.name: node.type.tensor_type.shape.dim for node in model.graph.input}
    sides = [side.dim_value for side in shapes.get("image", [])][2:]
    if len(sides) != 2:
        raise UnknownFormError("it has no input `image` (n, 3, h, w).")
    if not all(sides):
        raise UnknownFormError("its height and width are free already.")
    return sides[0], sides[1]


def chain(graph: Graph, name: str, *operators: str) -> list[NodeProto]:
    """Return the nodes that lead to a tensor, the last first, by their first inputs; each should be of its operator."""
    found: list[NodeProto] = []
    for operator in operators:
        node = graph.producers.get(found[-1].input[0] if found else name)
        if node is None or node.op_type != operator:
            raise UnknownFormError(f"{name} is not made by {', '.join(reversed(operators))}, as a PicoDet's is.")
        found.append(node)
    return found


def constant(graph: Graph, node: NodeProto) -> NDArray[Any]:
    """Return the second input of a node, which should be a constant."""
    if len(node.input) < 2 or node.input[1] not in graph.weights:
        raise UnknownFormError(f"{node.output[0]} is not made with a constant.")
    return graph.weights[node.input[1]]


def attribute(node: NodeProto, name: str) -> list[int]:
    """Return whole numbers that are an attribute of a node; none if it has no such one."""
    return next((list(entry.ints) for entry in node.attribute if entry.name == name), [])


def free_shuffles(graph: Graph) -> None:
    """Shuffle channels by gathering them: the reshapes that did so name height and width."""
    replacements: dict[str, list[NodeProto]] = {}
    for node in graph.model.graph.node:
        if node.op_type == "Transpose" and attribute(node, "perm") == SHUFFLE:
            (apart,) = chain(graph, node.input[0], "Reshape")
            together = graph.consumers[node.output[0]]
            if [after.op_type for after in together] != ["Reshape"]:
                raise UnknownFormError(f"{node.output[0]} is not followed by one Reshape, as a channel shuffle's is.")
            groups, channels = constant(graph, apart)[1:3]
            order = np.arange(groups * channels).reshape(groups, channels).T.reshape(-1)
            replacements |= {node.output[0]: [], apart.output[0]: []}
            replacements |= gather(graph, apart.input[0], together[0], order)
    graph.replace_nodes(replacements)


def gather(graph: Graph, source: str, together: NodeProto, order: NDArray[Any]) -> dict[str, list[NodeProto]]:
    """Return what replaces the end of a shuffle: one Gather, or where a Split follows one for each of its parts."""
    (name,) = together.output
    after = graph.consumers[name]
    if len(after) != 1 or after[0].op_type != "Split":
        return {name: [gather_channels(graph, source, name, order)]}
    parts = np.split(order, np.cumsum(constant(graph, after[0]))[:-1])
    gathers = [gather_channels(graph, source, *part) for part in zip(after[0].output, parts, strict=True)]
    return {name: [], after[0].output[0]: gathers}


def gather_channels(graph: Graph, source: str, target: str, order: NDArray[Any]) -> NodeProto:
    """Return a node that takes channels of a tensor (n, c, h, w)."""
    return helper.make_node("Gather", [source, graph.add_weight(f"{OURS}{target}", order)], [target], axis=1)


def free_boxes(graph: Graph, output: str, height: int, width: int) -> None:
    """Measure boxes from tables of cells that are as large as the largest input, cut to the one at hand."""
    scaled, corners, before = chain(graph, output, "Mul", "Concat", "Add")
    _, halves, joined = chain(graph, before.input[0], "Mul", "Split", "Concat")
    (after,) = chain(graph, corners.input[1], "Add")
    levels = [Level(*reversed(chain(graph, name, *LEVEL))) for name in joined.input]
    strides = [int(stride) for stride in dict.fromkeys(constant(graph, scaled).reshape(-1).tolist())]
    points = constant(graph, before)
    expected = np.concatenate([cells(-(-height // stride), -(-width // stride)).reshape(-1, 2) for stride in strides])
    if len(strides) != len(levels) or not np.array_equal(points, expected):
        raise UnknownFormError("its boxes are not measured from the centres of cells, a grid for each level.")
    graph.add_weight(f"{OURS}origin", np.zeros(4, np.int64))
    graph.add_weight(f"{OURS}cell_shape", np.array([-1, 2]))
    graph.add_weight(f"{OURS}side_shape", np.array([0, -1, 4]))
    replacements: dict[str, list[NodeProto]] = {}
    for level, stride in zip(levels, strides, strict=True):
        replacements |= free_level(graph, level, stride)
    together = helper.make_node("Concat", [f"{OURS}cells_of_{stride}" for stride in strides], [f"{OURS}cells"], axis=0)
    left_above, right_below = halves.output
    replacements |= {
        joined.output[0]: [joined, together],
        before.output[0]: [helper.make_node("Sub", [f"{OURS}cells", left_above], list(before.output))],
        after.output[0]: [helper.make_node("Add", [f"{OURS}cells", right_below], list(after.output))],
        corners.output[0]: [],
        output: [helper.make_node("Concat", list(corners.input), [output], axis=2)],
    }
    graph.replace_nodes(replacements)


def free_level(graph: Graph, level: Level, stride: int) -> dict[str, list[NodeProto]]:
    """Return what replaces nodes of a level, so that its sides (n, cells, 4) and cells (cells, 2) are in input pixels.

    A stride is a power of two: multiplied here instead of at the end, floats are the same to the last bit.
    """
    bins = graph.weights[level.expectation.input[1]]
    shape = graph.add_weight(f"{OURS}bins_shape_of_{stride}", np.array([0, -1, 4, len(bins)]))
    column = graph.add_weight(f"{OURS}bins_of_{stride}", bins * np.float32(stride))
    side = -(-MOST_SIDE // stride)
    table = graph.add_weight(f"{OURS}table_of_{stride}", cells(side, side)[np.newaxis] * np.float32(stride))
    (last,) = (
        level.channels_last.output
    )  # (n, h, w, bins of four sides): the slice ends where its table does at 1 and 2
    made = [
        helper.make_node("Shape", [last], [f"{OURS}shape_of_{stride}"]),
        helper.make_node("Slice", [table, f"{OURS}origin", f"{OURS}shape_of_{stride}"], [f"{OURS}cut_of_{stride}"]),
        helper.make_node("Reshape", [f"{OURS}cut_of_{stride}", f"{OURS}cell_shape"], [f"{OURS}cells_of_{stride}"]),
    ]
    flat, probable, expected, sides = (node.output[0] for node in level[1:])
    return {
        flat: [helper.make_node("Reshape", [last, shape], [flat])],
        probable: [helper.make_node("Softmax", [flat], [probable], axis=3)],
        expected: [helper.make_node("MatMul", [probable, column], [expected])],
        sides: [helper.make_node("Reshape", [expected, f"{OURS}side_shape"], [sides]), *made],
    }


def cells(height: int, width: int) -> NDArray[np.float32]:
    """Return the centres (height, width, 2) of a grid's cells, x and y, in cells."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y], axis=-1).astype(np.float32) + np.float32(0.5)


def free_scores(graph: Graph, output: str) -> None:
    """Reshape each level's scores (n, classes, h, w) to (n, classes, cells), whatever h and w."""
    replacements: dict[str, list[NodeProto]] = {}
    (joined,) = chain(graph, output, "Concat")
    for name in joined.input:
        node = reshape_before(graph, name)
        classes = constant(graph, node)[1]
        shape = f"{OURS}scores_of_{classes}_classes"
        if shape not in graph.weights:
            graph.add_weight(shape, np.array([0, classes, -1]))
        replacements[node.output[0]] = [helper.make_node("Reshape", [node.input[0], shape], list(node.output))]
    graph.replace_nodes(replacements)


def reshape_before(graph: Graph, name: str) -> NodeProto:
    """Return the Reshape that a tensor comes from, elementwise operators between."""
    node = graph.producers.get(name)
    while node is not None and node.op_type in ELEMENTWISE:
        node = graph.producers.get(node.input[0])
    if node is None or node.op_type != "Reshape":
        raise UnknownFormError(f"{name} is not made by Reshape, as a PicoDet's scores are.")
    return node


def declare_free(model: onnx.ModelProto) -> None:
    """Declare height, width and the number of cells as free."""
    del model.graph.value_info[:]
    image = next(node for node in model.graph.input if node.name == "image")
    free = {image.name: {2: "height", 3: "width"}}
    free |= {node.name: {at: "cells"} for node, at in zip(model.graph.output, (1, 2), strict=True)}
    for node in (image, *model.graph.output):
        for at, name in free[node.name].items():
            node.type.tensor_type.shape.dim[at].dim_param = name


if __name__ == "__main__":
    main()
