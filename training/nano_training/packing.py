"""From pictures with questions to token batches: one picture prefix, many turns that do not see each other."""

import random
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from tokenizers import Tokenizer

from .charset import glyph_class
from .model import READ_HEIGHT_PX, READ_WIDTH_PX, tokens_per_image
from .tokenizer import BOS, END_OF_UTTERANCE, image_prompt

IGNORE = -100
PADDING_SEGMENT = -1


def prepare_picture(image: Image.Image, image_px: int) -> np.ndarray:
    """Exactly the reference's resizing without splitting: longest edge first, then squashed. uint8 `[3, px, px]`."""
    width, height = image.size
    aspect = width / height
    if width >= height:
        new_width, new_height = image_px, int(image_px / aspect)
        new_height += new_height % 2
    else:
        new_width, new_height = int(image_px * aspect), image_px
        new_width += new_width % 2
    image = image.convert("RGB").resize((max(new_width, 1), max(new_height, 1)), Image.Resampling.LANCZOS)
    image = image.resize((image_px, image_px), Image.Resampling.LANCZOS)
    return np.asarray(image).transpose(2, 0, 1)


def reading_cells(glyphs: list, size: tuple[int, int], image_px: int, rng: random.Random) -> list[tuple[int, int, int]]:
    """`(row, column, class)` of the cells that hold a glyph's centre, and some that hold none."""
    rows, cols = image_px // READ_HEIGHT_PX, image_px // READ_WIDTH_PX
    held = {}
    for glyph in glyphs:
        col = int((glyph.x0 + glyph.x1) / 2 / size[0] * cols)
        row = int((glyph.y0 + glyph.y1) / 2 / size[1] * rows)
        readable = (glyph.y1 - glyph.y0) / size[1] * image_px >= 4.5
        if 0 <= row < rows and 0 <= col < cols and not glyph.char.isspace():
            held[row, col] = glyph_class(glyph.char) if readable else 0
    for _ in range(len(held) // 4 + 6):
        held.setdefault((rng.randrange(rows), rng.randrange(cols)), 0)
    return [(row, col, kind) for (row, col), kind in held.items()]


@dataclass
class Row:
    """One packed row: tokens, targets, segment and position of each, the task of each turn."""

    input_ids: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)

    def add(self, ids: list[int], answer: bool, segment: int, position: int, turn: int) -> None:
        """Append tokens; those of an answer are targets."""
        self.input_ids += ids
        self.targets += ids if answer else [IGNORE] * len(ids)
        self.segments += [segment] * len(ids)
        self.positions += range(position, position + len(ids))
        self.turns += [turn if answer else -1] * len(ids)


def pack_row(tokenizer: Tokenizer, turns: list, pictures: int, image_px: int, conversation: bool, max_text: int) -> Row:
    """Prefix of `pictures` pictures, then turns: independent of each other, or one causal conversation."""

    def encode(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    row = Row()
    prefix = [BOS, *encode("User:"), *image_prompt(tokens_per_image(image_px)) * pictures]
    row.add(prefix, False, 0, 0, -1)
    room, position = max_text, len(prefix)
    for index, turn in enumerate(turns):
        later = conversation and index > 0
        question = [*encode(("\nUser: " if later else "") + turn.question), END_OF_UTTERANCE]
        question += encode("\nAssistant:")
        answer = [*encode(" " + turn.answer), END_OF_UTTERANCE]
        if len(question) + len(answer) > room:
            continue
        room -= len(question) + len(answer)
        segment = 1 if conversation else index + 1
        start = position if conversation else len(prefix)
        row.add(question, False, segment, start, index)
        row.add(answer, True, segment, start + len(question), len(row.tasks))
        row.tasks.append(turn.task)
        position = start + len(question) + len(answer)
    return row


@dataclass
class Batch:
    """Arrays of one step. `pixels [pictures, 3, px, px]` uint8; `cells [n, 4]`: picture, row, column, class."""

    pixels: np.ndarray
    input_ids: np.ndarray
    targets: np.ndarray
    segments: np.ndarray
    positions: np.ndarray
    turns: np.ndarray
    cells: np.ndarray
    tasks: list[list[str]]


def collate(rows: list[Row], pixels: list[np.ndarray], cells: list[tuple[int, int, int, int]]) -> Batch:
    """Pad the rows to one length."""
    length = max(len(row.input_ids) for row in rows)

    def padded(name: str, fill: int) -> np.ndarray:
        out = np.full((len(rows), length), fill, np.int32)
        for index, row in enumerate(rows):
            values = getattr(row, name)
            out[index, : len(values)] = values
        return out

    return Batch(
        pixels=np.stack(pixels), input_ids=padded("input_ids", 0), targets=padded("targets", IGNORE),
        segments=padded("segments", PADDING_SEGMENT), positions=padded("positions", 0), turns=padded("turns", -1),
        cells=np.array(cells, np.int32).reshape(-1, 4), tasks=[row.tasks for row in rows],
    )
