"""ONNX graphs whose weights lie in a safetensors file.

An initialiser is a name of the checkpoint with the offset of its bytes, so the numbers exist once
and open_clip and onnxruntime read the same ones.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OPSET = 20
_IR_VERSION = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A tensor of the safetensors file."""

    shape: tuple[int, ...]
    offset: int
    """From the start of the file."""
    length: int


def stored_tensors(file: Path) -> Mapping[str, Stored]:
    """The float32 tensors of a safetensors file, from its header."""
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        header = json.loads(opened.read(length))
    return {
        name: Stored(
            shape=tuple(entry["shape"]),
            offset=8 + length + entry["data_offsets"][0],
            length=entry["data_offsets"][1] - entry["data_offsets"][0],
        )
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


@dataclass(slots=True)
class Graph:
    """A graph that is built node by node; values are known by their names."""

    weights_file: Path
    _stored: Mapping[str, Stored] = field(init=False)
    _nodes: list[Any] = field(default_factory=list, init=False)
    _tensors: dict[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._stored = stored_tensors(self.weights_file)

    def add(
        self, op: str, *inputs: str, output: str = "", **attributes: float | Sequence[int]
    ) -> str:
        """Add a node and return the name of its one output."""
        from onnx import helper

        made = output or f"{op}_{len(self._nodes)}"
        node = helper.make_node(op, list(inputs), [made])
        node.attribute.extend(helper.make_attribute(*pair) for pair in attributes.items())
        self._nodes.append(node)
        return made

    def weight(self, name: str) -> str:
        """A tensor of the checkpoint, by its name there."""
        from onnx import TensorProto

        at = self._stored[name]
        tensor = TensorProto(
            name=name,
            data_type=TensorProto.FLOAT,
            dims=at.shape,
            data_location=TensorProto.EXTERNAL,
        )
        for key, value in (
            ("location", self.weights_file.name),
            ("offset", at.offset),
            ("length", at.length),
        ):
            tensor.external_data.add(key=key, value=str(value))
        self._tensors[name] = tensor
        return name

    def constant(self, values: Sequence[Any] | float, *, whole: bool = False) -> str:
        """Numbers that belong to the architecture; int64 if whole, else float32."""
        import numpy as np
        from onnx import numpy_helper

        name = f"constant_{len(self._tensors)}"
        array = np.array(values, np.int64 if whole else np.float32)
        self._tensors[name] = numpy_helper.from_array(array, name)
        return name

    def save(
        self,
        file: Path,
        *,
        takes: tuple[str, bool, Sequence[str | int]],
        gives: Mapping[str, Sequence[str | int]],
    ) -> None:
        """Check the graph and write it beside the weights.

        Args:
            file: Where to.
            takes: The input: its name, whether it is int64 (else float32), and its shape.
            gives: The outputs, all float32: their names and shapes.
        """
        from onnx import TensorProto, checker, helper

        name, whole, shape = takes
        kind = TensorProto.INT64 if whole else TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            file.stem,
            [helper.make_tensor_value_info(name, kind, shape)],
            [
                helper.make_tensor_value_info(out, TensorProto.FLOAT, dims)
                for out, dims in gives.items()
            ],
            list(self._tensors.values()),
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="imgedit-factory",
            ir_version=_IR_VERSION,
        )
        file.write_bytes(model.SerializeToString(deterministic=True))
        checker.check_model(str(file))
