"""Sizes of the model and of a training run. Both are read from one JSON recipe."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class VisionSizes:
    """Convolutional stem with blocks at stride 4, a feature map at stride 8 and one at stride 16, then a small transformer over the tokens."""

    stem_channels: int = 32
    detail_blocks: int = 1
    fine_channels: int = 64
    fine_blocks: int = 2
    coarse_channels: int = 128
    coarse_blocks: int = 3
    encoder_layers: int = 2
    encoder_heads: int = 4
    encoder_ffn: int = 512


@dataclass
class TextSizes:
    """Stock Llama sizes."""

    hidden: int = 256
    layers: int = 4
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 640
    max_positions: int = 4096
    rope_theta: float = 10000.0


@dataclass
class ModelSizes:
    """Everything that decides the shape of the weights. `image_px` is the side of the square tile."""

    vision: VisionSizes = field(default_factory=VisionSizes)
    text: TextSizes = field(default_factory=TextSizes)
    image_px: int = 384
    vocab: int = 1536


@dataclass
class Phase:
    """A stretch of the run, from `start` (fraction of the budget): tile side, pictures a batch, hardest level drawn.

    `reading` weighs the auxiliary loss. `reading_only` trains the stem alone, which is many times cheaper a step.
    `tasks` limits what is drawn.
    """

    start: float
    image_px: int
    batch: int
    level: float
    reading: float = 0.3
    reading_only: bool = False
    tasks: list[str] | None = None


@dataclass
class Recipe:
    """One training run."""

    model: ModelSizes
    phases: list[Phase]
    seed: int = 1
    minutes: float = 40
    decay: float = 0.25
    warmup_steps: int = 60
    muon_lr: float = 0.01
    adam_lr: float = 0.003
    weight_decay: float = 0.02
    max_turns: int = 7
    max_text_tokens: int = 260
    conversation_share: float = 0.2
    two_picture_share: float = 0.04
    two_pictures_from: float = 0.4
    easy_vqa_share: float = 0.1
    threads: int = 2
    drawing_workers: int = 1
    task_weights: dict[str, float] = field(default_factory=dict)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; an unknown key is an error, so that a misspelt one is noticed."""
    raw = json.loads(Path(path).read_text())
    model = raw.pop("model", {})
    sizes = ModelSizes(
        vision=VisionSizes(**model.pop("vision", {})), text=TextSizes(**model.pop("text", {})), **model
    )
    phases = [Phase(**phase) for phase in raw.pop("phases")]
    return Recipe(model=sizes, phases=phases, **raw)


def sizes_to_dict(sizes: ModelSizes) -> dict:
    """Plain dictionary of the sizes, for `config.json` and checkpoints."""
    return dataclasses.asdict(sizes)


def sizes_from_dict(raw: dict) -> ModelSizes:
    """Inverse of `sizes_to_dict`."""
    rest = {key: value for key, value in raw.items() if key not in ("vision", "text")}
    return ModelSizes(vision=VisionSizes(**raw["vision"]), text=TextSizes(**raw["text"]), **rest)
