"""PP-OCRv5's mobile recogniser in PyTorch, its batch norms folded, with a head for Latin signs.

Two things differ from the original. The head has one row for each Latin sign. And the last pooling steps by one
column instead of two, so that a time step is 4 pixels of a line of 48 and not 8: CTC needs a step for each sign and one
more between equal signs, which `illicit` in a narrow font does not leave at 8. The convolutions behind it are spread by
two, so that the weights see what they saw before.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .charset import CLASSES, SIGNS, kin

HEIGHT_PX, STEP_PX = 48, 4
NORM_EPS, LAST_NORM_EPS = 1e-5, 1e-6


@dataclass(frozen=True)
class BlockSizes:
    """A depthwise convolution of `kernel` and `stride`, squeeze-and-excitation where `gated`, a pointwise one."""

    kernel: int
    inputs: int
    outputs: int
    stride: tuple[int, int] = (1, 1)
    gated: bool = False


BLOCKS = (
    BlockSizes(3, 16, 32),
    BlockSizes(3, 32, 64), BlockSizes(3, 64, 64),
    BlockSizes(3, 64, 128, (2, 1)), BlockSizes(3, 128, 128),
    BlockSizes(3, 128, 240, (1, 2)), *[BlockSizes(5, 240, 240)] * 4,
    BlockSizes(5, 240, 480, (2, 1), True), BlockSizes(5, 480, 480, (1, 1), True),
    BlockSizes(5, 480, 480, (2, 1)), BlockSizes(5, 480, 480),
)
FEATURES, NARROW, WIDTH, HEADS, LAYERS = 480, 60, 120, 8, 2


class ConvAct(nn.Module):
    """Convolution, hard swish, and where `shifted` a constant added to the whole map, which is not trained."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: tuple[int, int], groups: int, shifted: bool):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)
        if shifted:
            self.register_buffer("shift", torch.zeros(1))
        self.shifted = shifted

    def forward(self, x: Tensor) -> Tensor:
        y = F.hardswish(self.conv(x))
        return y.add_(self.shift) if self.shifted else y


class Gate(nn.Module):
    """Squeeze and excitation: a factor for each channel from the mean of all."""

    def __init__(self, channels: int):
        super().__init__()
        self.squeeze, self.excite = nn.Conv2d(channels, channels // 4, 1), nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * F.hardsigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))


class Block(nn.Module):
    """One block of the backbone, [n, inputs, h, w] → [n, outputs, h / stride, w / stride]."""

    def __init__(self, sizes: BlockSizes):
        super().__init__()
        self.depthwise = ConvAct(sizes.inputs, sizes.inputs, sizes.kernel, sizes.stride, sizes.inputs, sizes.gated)
        self.gate = Gate(sizes.inputs) if sizes.gated else nn.Identity()
        self.pointwise = ConvAct(sizes.inputs, sizes.outputs, 1, (1, 1), 1, True)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.gate(self.depthwise(x)))


class Layer(nn.Module):
    """A transformer layer, [n, t, width] → the same. No positions: the convolutions around it give them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(WIDTH, NORM_EPS), nn.LayerNorm(WIDTH, NORM_EPS)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        n, t, _ = x.shape
        q, k, v = self.qkv(self.norm_1(x)).view(n, t, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, WIDTH)
        x = x + self.out(mixed)
        return x + self.down(F.silu(self.up(self.norm_2(x))))


class Recogniser(nn.Module):
    """Pixels [n, 3, 48, w] (blue, green, red; -1 to 1) → scores before softmax [n, w / 4 - 1, signs + 1]."""

    def __init__(self, classes: int = CLASSES, step_px: int = STEP_PX):
        super().__init__()
        self.step, spread = (1, 2) if step_px == 4 else (2, 1)
        self.stem = nn.Conv2d(3, 16, 3, 2, 1)
        self.blocks = nn.Sequential(*[Block(sizes) for sizes in BLOCKS])
        self.near = nn.Conv2d(FEATURES, NARROW, (1, 3), padding=(0, spread), dilation=(1, spread))
        self.into = nn.Conv2d(NARROW, WIDTH, 1)
        self.layers = nn.Sequential(Layer(), Layer())
        self.norm = nn.LayerNorm(WIDTH, LAST_NORM_EPS)
        self.back = nn.Conv2d(WIDTH, FEATURES, 1)
        self.merge = nn.Conv2d(2 * FEATURES, NARROW, (1, 3), padding=(0, spread), dilation=(1, spread))
        self.last = nn.Conv2d(NARROW, WIDTH, 1)
        self.head = nn.Linear(WIDTH, classes)

    def features(self, pixels: Tensor) -> Tensor:
        """[n, 3, 48, w] → [n, t, width], what the head reads."""
        x = F.avg_pool2d(self.blocks(self.stem(pixels)), (3, 2), (3, self.step))
        y = F.silu(self.into(F.silu(self.near(x))))
        y = self.norm(self.layers(y[:, :, 0].transpose(1, 2))).transpose(1, 2)[:, :, None]
        y = F.silu(self.merge(torch.cat([x, F.silu(self.back(y))], 1)))
        return F.silu(self.last(y))[:, :, 0].transpose(1, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.head(self.features(pixels))


def steps_of(width_px: int) -> int:
    """Time steps that a picture of this width gives."""
    half = (width_px + 1) // 2
    return (half + 1) // 2 - 1


def optimised(path: Path, folder: Path):
    """The ONNX graph after ONNX Runtime's basic optimisation, which multiplies batch norms into kernels."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return onnx.load(folder / "optimised.onnx")


class Weights:
    """The weights of the original graph in the order of use."""

    def __init__(self, model) -> None:
        from onnx import numpy_helper

        self.values = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
        self.nodes = iter([node for node in model.graph.node if any(name in self.values for name in node.input)])

    def of(self, kind: str) -> list[Tensor]:
        """The weights of the next node with weights; an error where it is of another kind."""
        node = next(self.nodes)
        while self.counts_shapes(node) or (kind == "MatMul" and node.op_type == "Mul"):  # that Mul divides attention
            node = next(self.nodes)
        if node.op_type != kind:
            raise ValueError(f"The recogniser's graph has {node.op_type} ({node.name}) where PP-OCRv5 has {kind}; give PP-OCRv5's mobile recogniser")
        return [torch.from_numpy(np.array(self.values[name])) for name in node.input if name in self.values]

    def counts_shapes(self, node) -> bool:
        """Whether a node has only whole numbers or single constants of layer norms: nothing learnt."""
        found = [self.values[name] for name in node.input if name in self.values]
        return all(value.dtype.kind != "f" or value.ndim == 0 for value in found)

    def conv(self, layer: nn.Conv2d, scale: Tensor | float = 1.0) -> None:
        """A convolution whose inputs have still to be multiplied by `scale`."""
        kernel, bias = self.of("Conv")
        layer.weight.copy_(kernel * scale)
        layer.bias.copy_(bias)

    def conv_act(self, layer: ConvAct, scale: Tensor | float = 1.0, shift: Tensor | float = 0.0) -> Tensor:
        """Inputs have still to be multiplied by `scale`, then `shift` added. A learnt scale and shift before the activation go into the kernel; of those behind it the shift stays (what
        comes next pads with zeros) and the scale is returned for the convolutions that come next."""
        self.conv(layer.conv, scale)
        layer.conv.bias.add_((layer.conv.weight / scale * shift).sum((1, 2, 3)))
        before, after = (self.of("Mul")[0], self.of("Add")[0]), (self.of("Mul")[0], self.of("Add")[0])
        layer.conv.weight.mul_(before[0])
        layer.conv.bias.mul_(before[0]).add_(before[1])
        self.left_over = after[1] / after[0]
        if layer.shifted:
            layer.shift.copy_(self.left_over)
        return after[0]

    def linear(self, layer: nn.Linear) -> None:
        layer.weight.copy_(self.of("MatMul")[0].T)
        layer.bias.copy_(self.of("Add")[0])

    def norm(self, layer: nn.LayerNorm) -> None:
        layer.weight.copy_(self.of("Mul")[0])
        layer.bias.copy_(self.of("Add")[0])


@torch.no_grad()
def original(path: Path, folder: Path) -> Recogniser:
    """PP-OCRv5's own recogniser with all its signs, from its ONNX file. `folder` takes a temporary file."""
    weights = Weights(optimised(path, folder))
    classes = max(value.shape[-1] for value in weights.values.values() if value.ndim == 2)
    model = Recogniser(classes, step_px=8)
    weights.conv(model.stem)
    scale: Tensor | float = 1.0
    for block in model.blocks:
        scale = weights.conv_act(block.depthwise, scale)
        if isinstance(block.gate, Gate):
            weights.conv(block.gate.squeeze, scale)
            weights.conv(block.gate.excite)
        shift = 0.0 if block.depthwise.shifted else weights.left_over * scale
        scale = weights.conv_act(block.pointwise, scale, shift)
    weights.conv(model.near, scale)
    weights.conv(model.into)
    for layer in model.layers:
        weights.norm(layer.norm_1)
        weights.linear(layer.qkv)
        weights.linear(layer.out)
        weights.norm(layer.norm_2)
        weights.linear(layer.up)
        weights.linear(layer.down)
    weights.norm(model.norm)
    weights.conv(model.back)
    weights.conv(model.merge)
    model.merge.weight[:, :FEATURES] *= scale
    weights.conv(model.last)
    weights.linear(model.head)
    return model.eval()


@torch.no_grad()
def latin(model: Recogniser, keys: list[str]) -> Recogniser:
    """The recogniser with a head for Latin signs only. `keys` are the signs of the original head, without the CTC blank
    before them and the blank (space) behind them."""
    rows = {sign: index + 1 for index, sign in enumerate(keys)}
    rows[" "] = len(keys) + 1
    chosen = [0]
    for sign in SIGNS:
        like = sign if sign in rows else kin(sign)
        if like not in rows:
            raise ValueError(f"Neither {sign!r} nor {like!r} is among the {len(keys)} signs of the original; give {sign!r} another likeness in charset.py")
        chosen.append(rows[like])
    result = Recogniser()
    state = model.state_dict()
    state["head.weight"], state["head.bias"] = state["head.weight"][chosen], state["head.bias"][chosen]
    result.load_state_dict(state)
    # A new sign begins just below the one it starts from, so that the known one is read until it is learnt.
    for row, sign in enumerate(SIGNS, 1):
        if sign not in rows:
            result.head.bias[row] -= 1.0
    return result.eval()


def read_keys(path: Path) -> list[str]:
    """The signs of an original head, one a line, without the CTC blank and the blank that some files name too."""
    keys = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    first, last = keys[0] == "blank", keys[-1] == " "
    return keys[first : len(keys) - last]
