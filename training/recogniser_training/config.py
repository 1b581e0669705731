"""One training run of the recogniser, read from a JSON recipe."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Recipe:
    """`minutes` is the budget by wall clock over all resumptions. The head alone is trained for the first
    `head_only` (share of the budget); then all but the stem and the first `frozen_blocks` blocks of the backbone, and all
    but the depthwise kernels: they serve any script, and leaving them halves the cost of a step. `batch_px` is the width of a batch's lines together. Rates are shares of
    a weight's size, see `RelativeAdam`."""

    seed: int = 1
    minutes: float = 110
    head_only: float = 0.04
    frozen_blocks: int = 3
    frozen_depthwise: bool = True
    batch_px: int = 5400
    head_lr: float = 1e-2
    neck_lr: float = 2e-3
    backbone_lr: float = 1e-3
    last_lr_share: float = 0.02
    warmup_steps: int = 100
    ema: float = 0.998
    bfloat16: bool = True
    threads: int = 1
    drawing_workers: int = 1


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; an unknown key is an error, so that a misspelt one is noticed."""
    return Recipe(**json.loads(Path(path).read_text()))
