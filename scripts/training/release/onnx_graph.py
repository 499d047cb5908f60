"""An ONNX model as a graph that can be changed: its nodes, weights and connections by name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, numpy_helper


class Graph:
    """An ONNX model with its nodes and weights by name."""

    def __init__(self, model: onnx.ModelProto):
        self.model = model
        self.weights = {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}
        self.connect()

    def connect(self) -> None:
        """Read which node makes each tensor, and which use it."""
        self.producers: dict[str, NodeProto] = {name: node for node in self.model.graph.node for name in node.output}
        self.consumers: dict[str, list[NodeProto]] = defaultdict(list)
        for node in self.model.graph.node:
            for name in dict.fromkeys(node.input):
                self.consumers[name].append(node)

    def uses(self, name: str) -> int:
        """Return how many nodes use a tensor."""
        return len(self.consumers[name])

    def add_weight(self, name: str, value: NDArray[Any]) -> str:
        """Add a weight under a name that is not taken yet; return the name."""
        if name in self.weights or name in self.producers:
            raise ValueError(f"the graph has a tensor {name} already")
        self.weights[name] = value
        self.model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def replace_weight(self, name: str, value: NDArray[Any]) -> None:
        """Give a weight another value, and shape."""
        self.weights[name] = value
        (entry,) = (entry for entry in self.model.graph.initializer if entry.name == name)
        entry.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), name))

    def replace_nodes(self, replacements: Mapping[str, Sequence[NodeProto]]) -> None:
        """Put other nodes, none or more, in the places of those whose first outputs are named."""
        nodes = [
            NodeProto.FromString(other.SerializeToString())  # a copy: the list that it is in is emptied below
            for node in self.model.graph.node
            for other in replacements.get(node.output[0], [node])
        ]
        del self.model.graph.node[:]
        self.model.graph.node.extend(nodes)
        self.connect()

    def save(self, target: Path) -> None:
        """Write the model so that the file appears complete or not at all."""
        onnx.checker.check_model(self.model)
        partial = target.with_name(f"{target.name}.partial")
        try:
            onnx.save(self.model, str(partial))
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def drop_unused_weights(self) -> None:
        """Remove the weights that no node uses any more."""
        used = {name for node in self.model.graph.node for name in node.input}
        kept = [entry for entry in self.model.graph.initializer if entry.name in used]
        del self.model.graph.initializer[:]
        self.model.graph.initializer.extend(kept)
