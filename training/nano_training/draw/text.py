"""Printed words and numbers: signs, cards, labels."""

from . import fonts
from .canvas import DESCRIBE, Canvas, Sample, ask, contrast, fit_size, pale
from .words import number, random_string, word


def draw(rng, split: str, level: float) -> Sample:
    """One to three lines of text on a plain ground, at times in a frame."""
    width, height = rng.choice([(400, 200), (480, 240), (320, 160), (300, 300), (400, 300), (640, 320), (384, 384), (256, 128), (512, 256)])
    background = pale(rng) if rng.random() < 0.6 else tuple(rng.randint(0, 255) for _ in range(3))
    if 90 < sum(background) / 3 < 165:
        background = tuple(c // 3 for c in background)
    canvas = Canvas(width, height, background)
    fill = contrast(rng, background)
    path = fonts.pick(rng, split, "sans sans serif mono hand" if level > 0.3 else "sans sans serif")
    inner = width
    if rng.random() < 0.3:
        m = rng.randint(4, 20)
        canvas.draw.rectangle((m, m, width - m, height - m), outline=fill, width=rng.randint(1, 5))
        inner = width - 2 * m
    easy = level < 0.3 or rng.random() < 0.25
    lines, kind = compose(rng, split, easy)
    room = height / (len(lines) + 0.6)
    large = easy and rng.random() < 0.35
    size = int(room * rng.uniform(0.55, 0.85)) if large else int(width * rng.uniform(0.06, 0.2)) if easy else int(max(24 * width / 384, room * rng.uniform(0.3, 0.8)))
    size = min([size, int(room * 0.85), *[fit_size(line, path, size, inner * 0.9) for line in lines]])
    gap = min(room, size * rng.uniform(1.2, 1.7))
    y = height / 2 - gap * (len(lines) - 1) / 2
    x = width / 2
    if len(lines) == 1 and not large:
        y += rng.uniform(-0.25, 0.25) * (height - size * 1.4)
    for index, line in enumerate(lines):
        canvas.text(x, y + index * gap, line, path, size, fill, "mm")
    return canvas.sample(turns_of(rng, lines, kind))


def compose(rng, split, easy):
    """The lines to print, and whether they are a word, a number or text."""
    if easy:
        return rng.choice([([word(rng, split)], "word"), ([random_string(rng)], "text"), ([number(rng)], "number"), ([str(rng.randint(0, 9999))], "number")])
    roll = rng.random()
    if roll < 0.2:
        return [number(rng)], "number"
    if roll < 0.35:
        return [random_string(rng)], "text"
    pieces = [rng.choice([word, word, word, lambda r, s: number(r), lambda r, s: random_string(r)])(rng, split) for _ in range(rng.randint(1, 6))]
    count = min(len(pieces), rng.choice([1, 1, 2, 3]))
    cuts = sorted(rng.sample(range(1, len(pieces)), count - 1)) if count > 1 else []
    return [" ".join(pieces[a:b]) for a, b in zip([0, *cuts], [*cuts, len(pieces)])], "text"


def turns_of(rng, lines, kind):
    whole = " ".join(lines)
    noun, noun_es = rng.choice([("sign", "el cartel"), ("text", "el texto"), ("picture", "la imagen"), ("label", "la etiqueta")])
    turns = [ask(rng, [f"What does the {noun} say?", "Read the text.", "What does it say?", "What is written here?", "What text is shown?", "Read it please", "What is the text?"],
                 [f"¿Qué dice {noun_es}?", "Lee el texto.", "¿Qué pone?", "¿Qué está escrito?"], whole, "text") for _ in range(2)]
    if kind == "number":
        turns += [ask(rng, ["What number is shown?", "Which number is it?", "What is the number?", "Read the number."], ["¿Qué número es?", "¿Qué número aparece?", "Lee el número."], whole, "text") for _ in range(2)]
    if kind == "word":
        turns.append(ask(rng, ["What is the word?", "Which word is written?", "Read the word."], ["¿Cuál es la palabra?", "¿Qué palabra pone?", "Lee la palabra."], whole, "text"))
    words = whole.split(" ")
    if len(words) > 1:
        turns.append(ask(rng, ["What is the first word?"], ["¿Cuál es la primera palabra?"], words[0], "text"))
        turns.append(ask(rng, ["What is the last word?"], ["¿Cuál es la última palabra?"], words[-1], "text"))
        turns.append(ask(rng, ["How many words are there?"], ["¿Cuántas palabras hay?"], str(len(words)), "text"))
    if len(lines) > 1:
        at = rng.randrange(len(lines))
        order, order_es = [("first", "primera"), ("second", "segunda"), ("third", "tercera")][at]
        turns.append(ask(rng, [f"What does the {order} line say?", f"Read the {order} line."], [f"¿Qué dice la {order_es} línea?"], lines[at], "text"))
    turns.append(ask(rng, DESCRIBE[0], DESCRIBE[1], f'A text saying "{whole}".', "caption", f'Un texto que dice "{whole}".'))
    return list({turn.question: turn for turn in turns}.values())
