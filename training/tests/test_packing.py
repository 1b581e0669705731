"""Packing many turns behind one picture changes nothing for any of them."""

import random
from types import SimpleNamespace as Turn

import numpy as np
import pytest
import torch

from nano_training.config import ModelSizes, TextSizes, VisionSizes
from nano_training.loss import normalise, packed_attention, run_batch
from nano_training.model import NanoModel, tokens_per_image
from nano_training.packing import collate, pack_row, reading_cells
from nano_training.tokenizer import BOS, END_OF_UTTERANCE, IMAGE, build_tokenizer, image_prompt, load_words

SIZES = ModelSizes(
    vision=VisionSizes(8, 16, 1, 32, 1, 1, 2, 32), text=TextSizes(32, 2, 4, 2, 64, 512), image_px=64, vocab=1536
)
TOKENIZER = build_tokenizer(load_words(), 1536)
TURNS = [Turn(question="What is it?", answer="star", task="a"), Turn(question="¿Qué dice?", answer="E-20", task="b"),
         Turn(question="How many bars?", answer="3", task="a")]


def plain_ids(pairs, pictures):
    text = lambda value: TOKENIZER.encode(value).ids
    ids = [BOS, *text("User:"), *image_prompt(tokens_per_image(64)) * pictures]
    for index, turn in enumerate(pairs):
        ids += [*text(("\nUser: " if index else "") + turn.question), END_OF_UTTERANCE, *text("\nAssistant:")]
        ids += [*text(" " + turn.answer), END_OF_UTTERANCE]
    return ids


@pytest.mark.parametrize("conversation", [False, True])
@pytest.mark.parametrize("pictures", [1, 2])
def test_packed_turns_get_the_hidden_states_of_plain_conversations(conversation, pictures):
    torch.manual_seed(0)
    model = NanoModel(SIZES, IMAGE).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (pictures, 3, 64, 64), dtype=np.uint8)
    row = pack_row(TOKENIZER, TURNS, pictures, 64, conversation, 500)
    batch = collate([row, pack_row(TOKENIZER, [], 0, 64, False, 9)], list(pixels), [])
    normal = normalise(torch.from_numpy(pixels))
    with torch.no_grad():
        features = model.vision(normal)[0]
        segments = torch.from_numpy(batch.segments).long()
        additive = torch.zeros(packed_attention(segments).shape).masked_fill_(~packed_attention(segments), -1e9)
        embeds = model.embed(torch.from_numpy(batch.input_ids).long(), features)
        packed = model.logits(model.hidden(embeds, additive, torch.from_numpy(batch.positions).long()))[0]
        plain = [TURNS] if conversation else [[turn] for turn in TURNS]
        for index, pairs in enumerate(plain):
            expected = model(normal, torch.tensor([plain_ids(pairs, pictures)]))[0]
            own = torch.from_numpy(batch.segments[0]) == index + 1
            torch.testing.assert_close(packed[own], expected[-int(own.sum()):], atol=1e-4, rtol=1e-4)


def test_answers_and_their_ends_are_the_only_targets():
    row = pack_row(TOKENIZER, TURNS, 1, 64, False, 500)
    wanted = [i for i in row.targets if i >= 0]
    expected = [i for turn in TURNS for i in [*TOKENIZER.encode(" " + turn.answer).ids, END_OF_UTTERANCE]]
    assert wanted == expected
    assert row.tasks == ["a", "b", "a"]


def test_turns_that_do_not_fit_are_left_out():
    row = pack_row(TOKENIZER, TURNS, 1, 64, False, 16)
    assert len(row.tasks) == 1


def test_exact_match_needs_every_token():
    model = NanoModel(SIZES, IMAGE).eval()
    batch = collate([pack_row(TOKENIZER, TURNS, 1, 64, False, 500)], [np.zeros((3, 64, 64), np.uint8)], [(0, 1, 1, 5)])
    with torch.no_grad():
        outcome = run_batch(model, batch, torch.device("cpu"))
    wanted = torch.from_numpy(batch.targets[0]).long()
    wanted = wanted[wanted >= 0]
    for index, (_, right) in enumerate(outcome.turns):
        mine = outcome.places == index
        assert right == bool((outcome.predicted[mine] == wanted[mine]).all())


def test_reading_cells_hold_the_centre_of_each_readable_glyph():
    glyph = lambda char, x0, y0, x1, y1: Turn(char=char, x0=x0, y0=y0, x1=x1, y1=y1)
    cells = reading_cells([glyph("A", 10, 10, 20, 30), glyph("b", 50, 2, 52, 3)], (64, 64), 64, random.Random(0))
    found = {(row, col): kind for row, col, kind in cells}
    assert found[2, 3] > 1
    assert found[0, 12] == 0
