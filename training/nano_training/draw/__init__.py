"""Draws pictures with questions and answers; train and test use other fonts, words, layouts and seeds."""

import random
from typing import Literal

from . import charts, noise, screenshots, shapes, text, whiteboard
from .canvas import Glyph, Sample, Turn
from .shapes import load_easy_vqa

__all__ = ["TASKS", "Glyph", "Sample", "Turn", "draw", "load_easy_vqa"]

TASKS: dict[str, float] = {"shapes": 1.2, "charts": 2.2, "screenshots": 1.6, "text": 2.0, "whiteboard": 0.9, "noise": 0.25}
PAINTERS = {"shapes": shapes.draw, "charts": charts.draw, "screenshots": screenshots.draw, "text": text.draw, "whiteboard": whiteboard.draw, "noise": noise.draw}
TEST_OFFSET = 1 << 40


def draw(task: str, seed: int, split: Literal["train", "test"], level: float = 1.0) -> Sample:
    """The picture of a task for a seed. `level` 0..1 goes from large plain text and few objects to full variety."""
    rng = random.Random((TEST_OFFSET if split == "test" else 0) + seed * len(TASKS) + sorted(TASKS).index(task))
    sample = PAINTERS[task](rng, split, level)
    if len(sample.turns) > 8:
        sample.turns = rng.sample(sample.turns, 8)
    return sample
