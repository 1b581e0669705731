"""Pages full of words, for the reading loss: a hundred glyphs a picture instead of ten."""

import random

from .draw import Sample, Turn
from .draw import fonts
from .draw.canvas import Canvas, contrast
from .draw.words import code, number, random_string, word

ORDER = [("first", "primera"), ("second", "segunda"), ("third", "tercera"), ("fourth", "cuarta"), ("fifth", "quinta")]


def draw_page(seed: int, level: float) -> Sample:
    """Four to eight lines of words, numbers and codes, letters about 10 to 20 pixels high once resized."""
    rng = random.Random(seed)
    width, height = rng.randint(170, 330 + int(level * 120)), rng.randint(150, 300)
    background = tuple(rng.randrange(256) for _ in range(3)) if rng.random() < 0.5 else (255, 255, 255)
    if 90 < sum(background) / 3 < 165:
        background = tuple(channel // 3 for channel in background)
    canvas, fill = Canvas(width, height, background), contrast(rng, background)
    path = fonts.pick(rng, "train", "sans sans sans serif mono hand")
    count, lines, top = rng.randint(4, 8), [], rng.uniform(2, 10)
    for _ in range(count):
        size = max(9, int(height / count * rng.uniform(0.5, 0.8)))
        line = fitting_line(rng, path, size, width - 8)
        length = fonts.load(path, size).getlength(line)
        if top + size * 1.2 > height:
            break
        box = canvas.text(rng.uniform(3, max(4.0, width - length - 3)), top, line, path, size, fill)
        lines.append(line)
        top = box[3] + rng.uniform(3, 9)
    return canvas.sample(turns_of(rng, lines))


def fitting_line(rng: random.Random, path: str, size: int, room: float) -> str:
    """Random pieces, as many as fit."""
    make = lambda: rng.choice([word, word, word, lambda r, s: number(r), lambda r, s: random_string(r), lambda r, s: code(r)])(rng, "train")
    line = make()
    while len(line) > 2 and fonts.load(path, size).getlength(line) > room:
        line = line[: len(line) // 2]
    while fonts.load(path, size).getlength(longer := f"{line} {make()}") < room and rng.random() < 0.8:
        line = longer
    return line


def turns_of(rng: random.Random, lines: list[str]) -> list[Turn]:
    """What a line says, by its number or by the line above it."""
    turns = []
    for index, line in list(enumerate(lines))[: len(ORDER)]:
        english, spanish = ORDER[index]
        question = rng.choice([f"What does the {english} line say?", f"Read the {english} line.", f"¿Qué dice la {spanish} línea?"])
        turns.append(Turn(question, line, "page"))
    for above, below in zip(lines, lines[1:]):
        if lines.count(above) == 1:
            turns.append(Turn(rng.choice([f'What is below "{above}"?', f'¿Qué hay debajo de "{above}"?']), below, "page"))
    return turns
