"""Weights in 8 bits: whole numbers from -127 to 127 and one scale an output channel."""

import torch
from torch import Tensor

SCALE_SUFFIX = ".scale"


def quantise(weight: Tensor, channel: int = 0) -> tuple[Tensor, Tensor]:
    """Codes (int8, the weight's shape) and scales (float32, 1 along every axis but `channel`); `codes * scales` is the
    rounded weight. Rounding a rounded weight again gives the same codes."""
    others = [axis for axis in range(weight.ndim) if axis != channel]
    scales = weight.abs().amax(others, keepdim=True).clamp_min(1e-12) / 127
    return (weight / scales).round().clamp(-127, 127).to(torch.int8), scales


def pack(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dictionary with matrices and kernels in 8 bits, each scale under the weight's name and `.scale`."""
    packed = {}
    for name, value in state.items():
        if value.is_floating_point() and value.ndim > 1:
            packed[name], packed[name + SCALE_SUFFIX] = quantise(value.float())
        else:
            packed[name] = value.clone()
    return packed


def unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """Inverse of `pack`, up to the rounding."""
    return {
        name: value * packed[name + SCALE_SUFFIX] if name + SCALE_SUFFIX in packed else value
        for name, value in packed.items() if not name.endswith(SCALE_SUFFIX)
    }
