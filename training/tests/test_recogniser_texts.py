"""Texts and drawn lines for the recogniser: what should be read, train and test kept apart."""

import gzip
import random
import struct

import numpy as np
import pytest

from recogniser_training import fonts
from recogniser_training.charset import SIGNS, clean, decode, encode, known
from recogniser_training.corpus import collect, filled, held_out
from recogniser_training.fonts import SOURCES, families, plain
from recogniser_training.render import WIDEST_PX, Renderer
from recogniser_training.sampling import BatchMaker, collate, held_out_lines, readable
from recogniser_training.texts import KINDS, Texts, number


def test_signs_are_spelled_and_read_back():
    assert len(set(SIGNS)) == len(SIGNS) == 220
    codes = encode("¿Año 10?")
    assert decode([0, *codes, 0]) == "¿Año 10?"
    assert decode([codes[0], codes[0], 0, codes[0], codes[1]]) == "¿¿A"


def test_a_run_of_blanks_is_read_as_one_and_look_alikes_as_the_usual_sign():
    assert clean("  a \u00a0  b\tc ") == "a b c"
    assert clean("5\u22123 ﬁle n\u0303") == "5-3 file ñ"
    assert not known("漢")


def test_capitals_and_signs_do_not_move_a_text_to_the_other_split():
    texts = [f"Message number {index}" for index in range(2000)]
    assert all(held_out(text) == held_out(text.upper() + "!") for text in texts)
    assert 40 < sum(map(held_out, texts)) < 130


def test_messages_lose_their_marks_and_get_values():
    assert filled("<b>_Open</b> %d files in %s") .startswith("Open ")
    assert "%" not in filled("Could not read %1$s (%ld)")
    assert filled("100% done") == "100% done"


def catalogue(pairs):
    """The bytes of a gettext catalogue."""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **pairs}.items())
    originals, translations, blob = [], [], b""
    start = 28 + 16 * len(pairs)
    for column, table in ((0, originals), (1, translations)):
        for pair in pairs:
            data = pair[column].encode()
            table.append((len(data), start + len(blob)))
            blob += data + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + b"".join(struct.pack("<2I", *row) for row in [*originals, *translations]) + blob


def test_a_corpus_is_collected_from_catalogues_manuals_word_lists_and_code(tmp_path):
    messages = tmp_path / "usr/share/locale/es/LC_MESSAGES/one.mo"
    manual, words, code = tmp_path / "usr/share/man/man1/one.1.gz", tmp_path / "usr/share/dict/spanish", tmp_path / "code" / "one.py"
    for path in (messages, manual, words, code):
        path.parent.mkdir(parents=True, exist_ok=True)
    messages.write_bytes(catalogue({"Open file": "Abrir archivo", "漢字 in it": "漢字"}))
    manual.write_bytes(gzip.compress(b".TH ONE 1\nThis page is at https://example.org/one and in /usr/share/doc/one.\n"))
    words.write_text("ñandú\nárbol\n")
    code.write_text("if (a == b):\n    return c[0]\n")
    corpus = collect([tmp_path], [tmp_path / "code"], 1)
    found = {(kind, language): texts for (_, kind, language), texts in corpus.texts.items()}
    assert found["interface", "es"] == ["Abrir archivo"]
    assert found["interface", "en"] == ["Open file"]
    assert found["address", "any"] == ["https://example.org/one"]
    assert found["path", "any"][0].startswith("/usr/share/doc/one")
    assert set(found["code", "any"]) == {"if (a == b):", "return c[0]"}
    assert {text for (kind, _), texts in found.items() if kind == "word" for text in texts} <= {"ñandú", "árbol"}


def test_every_kind_of_text_is_drawn_and_readable(line_data):
    texts, rng = Texts(line_data / "texts", "train"), random.Random(1)
    drawn = [texts.draw(rng, 40) for _ in range(600)]
    assert {text.kind for text in drawn} == set(KINDS)
    for text in drawn:
        assert known(clean(text.drawn)) and clean(text.drawn)
        assert len(text.drawn) <= 40


def test_numbers_have_only_known_signs():
    rng = random.Random(3)
    assert all(known(clean(number(rng))) for _ in range(3000))


def test_missing_texts_are_an_error_that_says_what_to_run(tmp_path):
    with pytest.raises(RuntimeError, match="recogniser_training.corpus"):
        Texts(tmp_path, "train")


def test_a_seed_gives_the_same_line_again(line_data):
    first, again = Renderer(line_data, "train").draw(11), Renderer(line_data, "train").draw(11)
    assert first.label == again.label
    assert np.array_equal(first.pixels, again.pixels)


def test_lines_are_48_pixels_high_and_show_ink(line_data):
    renderer = Renderer(line_data, "train")
    for seed in range(80):
        line = renderer.draw(seed)
        assert line.pixels.shape[0] == 48 and line.pixels.shape[1] <= WIDEST_PX and line.pixels.dtype == np.uint8
        assert line.pixels.std() > 2
        assert line.label == clean(line.label) != ""


def test_held_out_lines_use_only_held_out_families_and_texts(line_data):
    trained = {family for members in families(line_data / "npm", "train").values() for family in members}
    lines = held_out_lines(line_data, 60, seed=5)
    assert not {line.family for line in lines} & trained
    assert {line.family for line in lines} <= {family for members in SOURCES["held_out"].values() for family in members}
    assert not any("train" in line.label for line in lines if line.kind == "prose")
    assert [line.label for line in lines] == [line.label for line in held_out_lines(line_data, 60, seed=5)]
    assert all(map(readable, lines))


def test_styles_of_a_held_out_family_are_held_out_with_it():
    assert plain("Work Sans SemiBold") == plain("work-sans") == "worksans"
    assert fonts.held_out("worksans") and not fonts.held_out("inter")


def test_missing_fonts_are_an_error_that_says_what_to_run(tmp_path):
    (tmp_path / "fonts-found.json").write_text("[]")
    with pytest.raises(RuntimeError, match="recogniser_training.fetch"):
        families(tmp_path, "train")


def test_batches_hold_lines_of_like_width_padded_with_grey(line_data):
    batch = BatchMaker(line_data, 600, 1).make()
    assert batch.pixels.shape[0] == len(batch.codes) >= 1
    lines = [line for line in held_out_lines(line_data, 8, 1)]
    joined = collate(lines)
    assert joined.pixels.shape[2] == max(line.pixels.shape[1] for line in lines)
    narrow = min(range(8), key=lambda index: lines[index].pixels.shape[1])
    assert np.array_equal(joined.pixels[narrow][:, : lines[narrow].pixels.shape[1]], lines[narrow].pixels)
    assert (joined.pixels[narrow][:, lines[narrow].pixels.shape[1] :] == 128).all()


def test_plain_lines_have_a_flat_ground(line_data):
    renderer = Renderer(line_data, "test", plain=True)
    for seed in range(30):
        pixels = renderer.draw(seed).pixels.reshape(-1, 3)
        _, counts = np.unique(pixels, axis=0, return_counts=True)
        assert counts.max() > 0.2 * len(pixels)
