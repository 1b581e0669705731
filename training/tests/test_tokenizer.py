"""The tokenizer spells any text and keeps frequent words whole."""

import random

import pytest
from nano_training.tokenizer import (
    CHAT_TEMPLATE, FAKE, GLOBAL, IMAGE, SPECIAL_TOKENS, build_tokenizer, build_vocabulary, image_prompt, load_words,
)

TOKENIZER = build_tokenizer(load_words(), 1536)


def test_any_text_survives_a_round_trip():
    rng = random.Random(3)
    for _ in range(400):
        text = "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(160, 400), rng.randrange(0x4E00, 0x4F00), 0x1F600, 10, 9]))
                       for _ in range(rng.randrange(40)))
        ids = TOKENIZER.encode(text, add_special_tokens=False).ids
        assert TOKENIZER.decode(ids, skip_special_tokens=False) == text


@pytest.mark.parametrize("text, tokens", [
    ("What is the value?", ["What", "Ġis", "Ġthe", "Ġvalue", "?"]),
    (" 42", ["Ġ", "4", "2"]),
    (" E-20", ["Ġ", "E", "-", "2", "0"]),
    (" sí", ["ĠsÃŃ"]),
    (" qzx", ["Ġ", "q", "z", "x"]),
])
def test_frequent_words_are_one_token_and_the_rest_is_spelled(text, tokens):
    assert TOKENIZER.encode(text).tokens == tokens


def test_special_tokens_are_recognised_inside_text():
    ids = TOKENIZER.encode("<|im_start|>User:<fake_token_around_image><global-img><image><image>").ids
    assert ids[-4:] == [FAKE, GLOBAL, IMAGE, IMAGE]
    assert image_prompt(2) == [FAKE, GLOBAL, IMAGE, IMAGE, FAKE]


def test_a_vocabulary_that_is_too_small_is_an_error():
    with pytest.raises(ValueError, match="do not fit"):
        build_vocabulary(["word"], 300)


def test_special_tokens_keep_their_places():
    vocabulary = build_vocabulary([], 600)
    assert [vocabulary[token] for token in SPECIAL_TOKENS] == list(range(len(SPECIAL_TOKENS)))
    assert len(vocabulary) == 600


@pytest.mark.parametrize("content, expected", [
    ("Hi", "<|im_start|>User: Hi<end_of_utterance>\nAssistant:"),
    ([{"type": "image"}, {"type": "text", "text": "Hi"}], "<|im_start|>User:<image>Hi<end_of_utterance>\nAssistant:"),
    ([{"type": "text", "text": "Hi"}, {"type": "image"}], "<|im_start|>User: Hi<image><end_of_utterance>\nAssistant:"),
])
def test_chat_template_takes_strings_and_parts(content, expected):
    from jinja2 import Template

    messages = [{"role": "user", "content": content}]
    rendered = Template(CHAT_TEMPLATE, keep_trailing_newline=True).render(messages=messages, add_generation_prompt=True)
    assert rendered == expected
