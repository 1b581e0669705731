"""What the drawn pictures promise: determinism, answers that fit, train and test kept apart."""

import pytest

from nano_training.draw import TASKS, draw
from nano_training.draw.fonts import TEST, TRAIN
from nano_training.draw.words import REAL, TEST_REAL
from nano_training.other_layouts import PAINTERS, draw_other

KNOWN_TASKS = {*TASKS, "caption"}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_seed_gives_the_same_picture_and_questions_again(task, split):
    first, again = draw(task, 7, split, 0.8), draw(task, 7, split, 0.8)
    assert first.image.tobytes() == again.image.tobytes()
    assert first.turns == again.turns


@pytest.mark.parametrize("task", TASKS)
def test_train_and_test_draw_other_pictures_for_one_seed(task):
    assert draw(task, 7, "train", 0.8).image.tobytes() != draw(task, 7, "test", 0.8).image.tobytes()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_every_picture_has_questions_with_one_answer_each(task, level):
    for seed in range(40):
        sample = draw(task, seed, "train", level)
        questions = [turn.question for turn in sample.turns]
        assert 1 <= len(questions) <= 8
        assert len(set(questions)) == len(questions)
        assert all(turn.answer.strip() == turn.answer != "" for turn in sample.turns)
        assert {turn.task for turn in sample.turns} <= KNOWN_TASKS


@pytest.mark.parametrize("task", ["charts", "screenshots", "text", "whiteboard"])
def test_glyph_boxes_lie_on_ink(task):
    for seed in range(20):
        sample = draw(task, seed, "train", 0.5)
        assert sample.glyphs
        for glyph in sample.glyphs:
            box = sample.image.crop((int(glyph.x0) - 1, int(glyph.y0) - 1, int(glyph.x1) + 2, int(glyph.y1) + 2))
            assert len(box.getcolors(1 << 20)) > 1, glyph


def test_fonts_and_words_of_train_and_test_share_nothing():
    assert not {name for names in TRAIN.values() for name in names} & {name for names in TEST.values() for name in names}
    assert not set(REAL) & set(TEST_REAL)


@pytest.mark.parametrize("task", PAINTERS)
def test_other_layouts_are_repeatable_and_ask_the_same_kinds_of_question(task):
    first, again = draw_other(task, 3), draw_other(task, 3)
    assert first.image.tobytes() == again.image.tobytes()
    assert first.turns == again.turns
    assert {turn.task for turn in first.turns} <= KNOWN_TASKS
