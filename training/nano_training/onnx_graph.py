"""A small writer of ONNX graphs: nodes by operator name, weights stored in 8 bits and widened on load."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from .eight_bits import quantise

OPSET, MICROSOFT_OPSET = 20, 1


class Graph:
    """Collects nodes and weights; every method that adds a node returns the name of its output."""

    def __init__(self, name: str):
        self.name, self.nodes, self.initializers, self.counter = name, [], [], 0

    def op(self, kind: str, *inputs: str, outputs: int | list[str] = 1, domain: str = "", **attributes: object):
        """Add a node. One output gives its name, several give a list."""
        self.counter += 1
        names = outputs if isinstance(outputs, list) else [f"{kind}_{self.counter}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, f"{kind}_{self.counter}", domain=domain, **attributes))
        return names[0] if len(names) == 1 else names

    def weight(self, name: str, value: Tensor, channel: int = 0) -> str:
        """A weight. Matrices and kernels are stored as int8 with a scale for each index of the axis `channel` (the
        outputs); two nodes that runtimes fold when they load the graph make it float32 again."""
        if value.ndim < 2:
            self.initializers.append(numpy_helper.from_array(value.detach().float().cpu().numpy(), name))
            return name
        codes, scales = quantise(value.detach().float().cpu(), channel)
        self.initializers.append(numpy_helper.from_array(codes.numpy(), f"{name}_codes"))
        self.initializers.append(numpy_helper.from_array(scales.numpy(), f"{name}_scales"))
        return self.op("Mul", self.op("Cast", f"{name}_codes", to=TensorProto.FLOAT), f"{name}_scales", outputs=[name])

    def constant(self, values: list | np.ndarray, kind: type = np.int64) -> str:
        """A small constant."""
        self.counter += 1
        name = f"constant_{self.counter}"
        self.initializers.append(numpy_helper.from_array(np.array(values, dtype=kind), name))
        return name

    def linear(self, x: str, name: str, weight: Tensor, bias: Tensor | None = None) -> str:
        """`x @ weight.T + bias`."""
        y = self.op("MatMul", x, self.weight(f"{name}.weight", weight.T.contiguous(), channel=1))
        return y if bias is None else self.op("Add", y, self.weight(f"{name}.bias", bias))

    def model(self, inputs: list, outputs: list) -> onnx.ModelProto:
        """The finished, checked model."""
        graph = helper.make_graph(self.nodes, self.name, inputs, outputs, self.initializers)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", MICROSOFT_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="vistazo", ir_version=9)
        onnx.checker.check_model(model)
        return model


def tensor_info(name: str, kind: int, shape: list) -> onnx.ValueInfoProto:
    """Type and shape of a graph input or output; strings are dimensions that vary."""
    return helper.make_tensor_value_info(name, kind, shape)
