"""The packed forward pass: answer loss, reading loss and exact match per turn."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .model import NanoModel
from .packing import IGNORE, PADDING_SEGMENT, Batch


def packed_attention(segments: Tensor) -> Tensor:
    """Boolean `[rows, 1, query, key]`: earlier places of the same segment or of the shared prefix; padding sees itself."""
    length = segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
    same = segments[:, :, None] == segments[:, None, :]
    prefix = (segments == 0)[:, None, :] & (segments != PADDING_SEGMENT)[:, :, None]
    return ((same | prefix) & causal)[:, None]


def normalise(pixels: Tensor) -> Tensor:
    """uint8 to the processor's `(x / 255 - 0.5) / 0.5`."""
    return (pixels.float() / 127.5 - 1.0).contiguous(memory_format=torch.channels_last)


@dataclass
class Outcome:
    """Losses and, per turn, the task and whether every answer token was the most likely one."""

    answer_loss: Tensor
    reading_loss: Tensor
    read_right: float
    turns: list[tuple[str, bool]]
    predicted: Tensor
    places: Tensor


def run_batch(model: NanoModel, batch: Batch, device: torch.device) -> Outcome:
    """One forward pass. Teacher forcing is exact here: all answer tokens right means greedy decoding is right."""
    tensor = lambda array: torch.from_numpy(array).to(device).long()
    features, fine = model.vision(normalise(torch.from_numpy(batch.pixels).to(device)))
    segments, targets, turns = tensor(batch.segments), tensor(batch.targets), tensor(batch.turns)
    embeds = model.embed(tensor(batch.input_ids), features)
    visible = packed_attention(segments)
    additive = torch.zeros(visible.shape, dtype=embeds.dtype, device=device).masked_fill_(~visible, -1e9)
    hidden = model.hidden(embeds, additive, tensor(batch.positions))
    places = (targets[:, 1:] != IGNORE).nonzero()
    wanted = targets[:, 1:][places[:, 0], places[:, 1]]
    logits = model.logits(hidden[places[:, 0], places[:, 1]]).float()
    turn_ids = places[:, 0] * 1000 + turns[:, 1:][places[:, 0], places[:, 1]]
    order, inverse, lengths = torch.unique(turn_ids, return_inverse=True, return_counts=True)
    weights = lengths[inverse].float().rsqrt()
    losses = F.cross_entropy(logits, wanted, reduction="none")
    predicted = logits.argmax(-1)
    wrong = torch.zeros(len(order), device=device).index_add_(0, inverse, (predicted != wanted).float())
    tasks = [batch.tasks[int(key) // 1000][int(key) % 1000] for key in order.tolist()]
    reading_loss, read_right = read_batch(model, batch, fine, features, device)
    return Outcome(
        (losses * weights).sum() / weights.sum(), reading_loss, read_right,
        list(zip(tasks, (wrong == 0).tolist(), strict=True)), predicted, turn_ids,
    )


def read_only(model: NanoModel, batch: Batch, device: torch.device) -> tuple[Tensor, float]:
    """Reading loss of the stem alone, and the share of glyphs it names rightly."""
    fine, _ = model.vision.stem(normalise(torch.from_numpy(batch.pixels).to(device)))
    cells = torch.from_numpy(batch.cells).to(device).long()
    logits, kinds = model.reading.from_fine(fine, cells[:, :3]).float(), cells[:, 3]
    right = (logits.argmax(-1) == kinds)[kinds > 0].float().mean().item()
    return F.cross_entropy(logits, kinds), right


def read_batch(model: NanoModel, batch: Batch, fine: Tensor, features: Tensor, device: torch.device) -> tuple[Tensor, float]:
    """Auxiliary reading loss, and the share of glyphs the tokens name rightly."""
    if len(batch.cells) == 0:
        return torch.zeros((), device=device), 0.0
    cells = torch.from_numpy(batch.cells).to(device).long()
    from_fine, from_tokens = model.reading(fine, features, cells[:, :3])
    kinds = cells[:, 3]
    loss = F.cross_entropy(from_fine.float(), kinds) + F.cross_entropy(from_tokens.float(), kinds)
    glyphs = kinds > 0
    right = (from_tokens.argmax(-1) == kinds)[glyphs].float().mean().item() if glyphs.any() else 0.0
    return loss, right
