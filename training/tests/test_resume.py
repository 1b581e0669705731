"""A run that is stopped and taken up again goes on as if it had not been."""

import random
from pathlib import Path
from types import SimpleNamespace as Turn

import numpy as np
import torch

from nano_training.config import ModelSizes, Phase, Recipe, TextSizes, VisionSizes, load_recipe
from nano_training.packing import collate, pack_row
from nano_training.tokenizer import build_tokenizer, load_words
from nano_training.train import Trainer

SIZES = ModelSizes(
    vision=VisionSizes(8, 16, 1, 32, 1, 1, 2, 32), text=TextSizes(32, 2, 4, 2, 64, 512), image_px=64, vocab=1536
)
RECIPE = Recipe(model=SIZES, phases=[Phase(0.0, 64, 2, 1.0)], warmup_steps=2)
TOKENIZER = build_tokenizer(load_words(), 1536)


def batch(seed):
    rng = random.Random(seed)
    turns = [Turn(question="What is it?", answer=str(rng.randrange(99)), task="a")]
    pixels = [np.random.default_rng(seed + i).integers(0, 256, (3, 64, 64), dtype=np.uint8) for i in range(2)]
    return collate([pack_row(TOKENIZER, turns, 1, 64, False, 99) for _ in pixels], pixels, [(0, 1, 2, 7), (1, 0, 0, 0)])


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    torch.set_num_threads(1)
    whole = Trainer(RECIPE, tmp_path, torch.device("cpu"))
    for step in range(3):
        whole.train_step(batch(step), 0.1)
    whole.save()
    resumed = Trainer(RECIPE, tmp_path, torch.device("cpu"))
    assert resumed.load()
    assert (resumed.step, resumed.pictures) == (3, 6)
    for step in range(3, 6):
        expected, got = whole.train_step(batch(step), 0.2), resumed.train_step(batch(step), 0.2)
        assert expected == got
    for mine, theirs in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_fresh_folder_has_nothing_to_resume(tmp_path):
    assert not Trainer(RECIPE, tmp_path, torch.device("cpu")).load()


def test_the_rate_rises_holds_and_falls_to_almost_nothing(tmp_path):
    trainer = Trainer(RECIPE, tmp_path, torch.device("cpu"))
    first = trainer.set_lr(0.0)
    trainer.step = 50
    assert first == 0.5
    assert trainer.set_lr(0.5) == 1.0
    assert trainer.set_lr(0.875) == 0.5
    assert trainer.set_lr(1.0) == 0.01


def test_the_committed_recipes_load():
    for path in sorted(Path(__file__).parent.parent.glob("recipes/*.json")):
        assert load_recipe(path).phases[0].start == 0.0
