"""Muon for matrices and convolution kernels, AdamW for everything else."""

import torch
from torch import Tensor, nn


def orthogonalise(gradient: Tensor, steps: int = 4) -> Tensor:
    """Nearest semi-orthogonal matrix by a quintic Newton-Schulz iteration (coefficients of the Muon optimizer)."""
    x = gradient.bfloat16()
    wide = x.shape[0] > x.shape[1]
    x = x.T if wide else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return (x.T if wide else x).to(gradient.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum, then the orthogonalised update. Kernels `[out, in, h, w]` count as matrices `[out, in*h*w]`."""

    def __init__(self, params: list[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self.update(parameter, group)

    def update(self, parameter: nn.Parameter, group: dict) -> None:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
        direction = parameter.grad.lerp(state["momentum"], group["momentum"]).reshape(len(parameter), -1)
        step = orthogonalise(direction) * max(1.0, direction.shape[0] / direction.shape[1]) ** 0.5
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(step.reshape(parameter.shape), alpha=-group["lr"])


def make_optimizers(model: nn.Module, muon_lr: float, adam_lr: float, weight_decay: float) -> list[torch.optim.Optimizer]:
    """Muon takes the matrices inside the network; embeddings, first and last layers, norms and biases go to AdamW."""
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        edge = any(part in name for part in ("embed_tokens", "lm_head", "reading", "stem.patch"))
        (others if edge or parameter.ndim < 2 else matrices).append(parameter)
    optimizers = [
        Muon(matrices, muon_lr, weight_decay=weight_decay),
        torch.optim.AdamW(others, adam_lr, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return optimizers
