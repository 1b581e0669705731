"""Write the recogniser for use: `recogniser.onnx` (float32), `recogniser.int8.onnx`, `keys.txt` and `NOTICE`.

`python -m recogniser_training.export --checkpoint RUN/checkpoint.pt --out FOLDER`

Input `x` [n, 3, 48, w] (blue, green, red; -1 to 1), output `probabilities` [n, t, signs + 1], as PP-OCR's recognisers
have them: index 0 is the blank of CTC, then the signs of `keys.txt`, then the blank (space). A time step is 4 pixels.
In the 8-bit file matrices and kernels are int8 with a float32 scale for each output; the runtime widens them when it
loads the file, so that the arithmetic is float32.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, numpy_helper
from torch import Tensor, nn

from nano_training.eight_bits import quantise
from nano_training.onnx_graph import Graph, tensor_info

from .charset import CLASSES, SIGNS
from .model import HEADS, HEIGHT_PX, WIDTH, Gate, Layer, Recogniser
from .train import load_checkpoint, with_weights

TOLERANCE = 1e-4
NOTICE = """The line recogniser is derived from PP-OCRv5's mobile text recognition model (PaddleOCR).
Copyright (c) PaddlePaddle Authors. Licensed under the Apache License, Version 2.0.
Source: https://github.com/PaddlePaddle/PaddleOCR

Changed: the head knows Latin signs only, a time step is 4 pixels wide instead of 8, and the
weights were trained further on drawn lines of text.
"""


class WideGraph(Graph):
    """A graph whose weights stay float32."""

    def weight(self, name: str, value: Tensor, channel: int = 0) -> str:
        self.initializers.append(numpy_helper.from_array(value.detach().float().cpu().numpy(), name))
        return name


def add_conv(graph: Graph, x: str, name: str, conv: nn.Conv2d) -> str:
    (down, across), (spread_y, spread_x) = conv.padding, conv.dilation
    return graph.op(
        "Conv", x, graph.weight(f"{name}.weight", conv.weight), graph.weight(f"{name}.bias", conv.bias), group=conv.groups,
        kernel_shape=list(conv.kernel_size), strides=list(conv.stride), pads=[down, across, down, across], dilations=[spread_y, spread_x],
    )


def add_silu(graph: Graph, x: str) -> str:
    return graph.op("Mul", x, graph.op("Sigmoid", x))


def add_gate(graph: Graph, x: str, name: str, gate: Gate) -> str:
    y = graph.op("Relu", add_conv(graph, graph.op("GlobalAveragePool", x), f"{name}.squeeze", gate.squeeze))
    return graph.op("Mul", x, graph.op("HardSigmoid", add_conv(graph, y, f"{name}.excite", gate.excite), alpha=1 / 6, beta=0.5))


def add_norm(graph: Graph, x: str, name: str, norm: nn.LayerNorm) -> str:
    weight, bias = graph.weight(f"{name}.weight", norm.weight), graph.weight(f"{name}.bias", norm.bias)
    return graph.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=norm.eps)


def add_layer(graph: Graph, x: str, name: str, layer: Layer) -> str:
    """The transformer layer on [n, t, width]."""
    size = WIDTH // HEADS
    y = graph.linear(add_norm(graph, x, f"{name}.norm_1", layer.norm_1), f"{name}.qkv", layer.qkv.weight, layer.qkv.bias)
    y = graph.op("Transpose", graph.op("Reshape", y, graph.constant([0, 0, 3, HEADS, size])), perm=[2, 0, 3, 1, 4])
    q, k, v = (graph.op("Gather", y, graph.constant(index), axis=0) for index in range(3))
    scaled = graph.op("Mul", q, graph.constant(size**-0.5, np.float32))
    mixed = graph.op("MatMul", graph.op("Softmax", graph.op("MatMul", scaled, graph.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1), v)
    mixed = graph.op("Reshape", graph.op("Transpose", mixed, perm=[0, 2, 1, 3]), graph.constant([0, 0, WIDTH]))
    x = graph.op("Add", x, graph.linear(mixed, f"{name}.out", layer.out.weight, layer.out.bias))
    y = graph.linear(add_norm(graph, x, f"{name}.norm_2", layer.norm_2), f"{name}.up", layer.up.weight, layer.up.bias)
    return graph.op("Add", x, graph.linear(add_silu(graph, y), f"{name}.down", layer.down.weight, layer.down.bias))


def build(model: Recogniser, graph: Graph) -> onnx.ModelProto:
    """The whole recogniser as one graph."""
    x = add_conv(graph, "x", "stem", model.stem)
    for index, block in enumerate(model.blocks):
        for part, layer in (("depthwise", block.depthwise), ("gate", block.gate), ("pointwise", block.pointwise)):
            name = f"blocks.{index}.{part}"
            if isinstance(layer, Gate):
                x = add_gate(graph, x, name, layer)
            elif not isinstance(layer, nn.Identity):
                x = graph.op("HardSwish", add_conv(graph, x, name, layer.conv))
                x = graph.op("Add", x, graph.weight(f"{name}.shift", layer.shift)) if layer.shifted else x
    x = graph.op("AveragePool", x, kernel_shape=[3, 2], strides=[3, model.step])
    y = add_silu(graph, add_conv(graph, x, "near", model.near))
    y = add_silu(graph, add_conv(graph, y, "into", model.into))
    rows = graph.constant([2])
    y = graph.op("Transpose", graph.op("Squeeze", y, rows), perm=[0, 2, 1])
    for index, layer in enumerate(model.layers):
        y = add_layer(graph, y, f"layers.{index}", layer)
    y = graph.op("Transpose", add_norm(graph, y, "norm", model.norm), perm=[0, 2, 1])
    y = add_silu(graph, add_conv(graph, graph.op("Unsqueeze", y, rows), "back", model.back))
    y = add_silu(graph, add_conv(graph, graph.op("Concat", x, y, axis=1), "merge", model.merge))
    y = add_silu(graph, add_conv(graph, y, "last", model.last))
    y = graph.op("Transpose", graph.op("Squeeze", y, rows), perm=[0, 2, 1])
    scores = graph.linear(y, "head", model.head.weight, model.head.bias)
    graph.op("Softmax", scores, outputs=["probabilities"], axis=-1)
    inputs = [tensor_info("x", TensorProto.FLOAT, ["lines", 3, HEIGHT_PX, "width"])]
    return graph.model(inputs, [tensor_info("probabilities", TensorProto.FLOAT, ["lines", "steps", CLASSES])])


def rounded(model: Recogniser) -> Recogniser:
    """The model with matrices and kernels rounded to 8 bits, as the 8-bit file holds them."""
    state = {}
    for name, value in model.state_dict().items():
        codes, scales = quantise(value.float()) if value.ndim > 1 else (value, torch.ones(()))
        state[name] = codes * scales
    return with_weights(state)


def difference(path: Path, model: Recogniser, seed: int = 0) -> float:
    """Largest difference between the probabilities of the file and of PyTorch, on noise of several widths."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    largest = 0.0
    for lines, width in ((1, 24), (3, 161), (2, 320), (1, 963)):
        pixels = np.random.default_rng(seed + width).uniform(-1, 1, (lines, 3, HEIGHT_PX, width)).astype(np.float32)
        with torch.no_grad():
            expected = model(torch.from_numpy(pixels)).softmax(-1).numpy()
        largest = max(largest, float(np.abs(session.run(None, {"x": pixels})[0] - expected).max()))
    return largest


def export(model: Recogniser, folder: Path) -> dict[str, float]:
    """Write the files; returns how far each graph is from PyTorch. Raises where it is further than 1e-4."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "keys.txt").write_text("\n".join(SIGNS.rstrip(" ")) + "\n", encoding="utf-8")
    (folder / "NOTICE").write_text(NOTICE, encoding="utf-8")
    differences = {}
    for name, graph, reference in (("recogniser.onnx", WideGraph("recogniser"), model), ("recogniser.int8.onnx", Graph("recogniser"), rounded(model))):
        onnx.save(build(model, graph), folder / name)
        differences[name] = difference(folder / name, reference)
        if not differences[name] <= TOLERANCE:
            raise RuntimeError(f"{folder / name} differs from PyTorch by {differences[name]:.2g}, more than {TOLERANCE}")
    return differences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    model = with_weights(load_checkpoint(arguments.checkpoint)["average"])
    for name, value in export(model, arguments.out).items():
        print(f"{name}: {(arguments.out / name).stat().st_size / 1e6:.2f} MB, differs from PyTorch by {value:.1e}")


if __name__ == "__main__":
    main()
