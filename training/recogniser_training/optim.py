"""Adam whose steps are shares of the weights they change."""

import torch
from torch import Tensor, nn

LEAST_OF_VECTOR, LEAST_OF_CHANNEL = 0.05, 1e-4


def sizes_of(parameter: Tensor) -> Tensor:
    """Root mean square of each output channel's weights, or of a whole vector."""
    value = parameter.detach()
    if value.ndim > 1:
        return value.flatten(1).pow(2).mean(1).sqrt().clamp_min(LEAST_OF_CHANNEL).view(-1, *[1] * (value.ndim - 1))
    return value.pow(2).mean().sqrt().clamp_min(LEAST_OF_VECTOR)


class RelativeAdam(torch.optim.Optimizer):
    """Adam with a step for each output channel in proportion to the size its weights have at the start.

    Batch norms multiplied into kernels leave channels whose sizes differ a thousandfold (0.002 to 10): one rate in
    absolute terms destroys the small ones before the large ones move. `lr` is the share that a step changes at most.
    """

    def __init__(self, groups: list[dict], betas: tuple[float, float] = (0.9, 0.98)):
        super().__init__(groups, {"lr": 0.0, "betas": betas})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self.update(parameter, group["lr"], group["betas"])

    def update(self, parameter: nn.Parameter, lr: float, betas: tuple[float, float]) -> None:
        state = self.state[parameter]
        if not state:
            state.update(step=torch.zeros(()), size=sizes_of(parameter), mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter))
        state["step"] += 1
        state["mean"].lerp_(parameter.grad, 1 - betas[0])
        state["square"].lerp_(parameter.grad.square(), 1 - betas[1])
        steps = state["step"].item()
        direction = (state["mean"] / (1 - betas[0] ** steps)) / ((state["square"] / (1 - betas[1] ** steps)).sqrt() + 1e-12)
        parameter.sub_(lr * state["size"] * direction)
