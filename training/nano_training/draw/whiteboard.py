"""Sums on a whiteboard, on paper or on a chalkboard."""

from . import fonts
from .canvas import DESCRIBE, Canvas, Sample, ask

SIGNS = {"+": ["+"], "-": ["-", "−"], "×": ["×", "x", "*"], "÷": ["÷", "/", ":"]}


def make_sum(rng, level):
    """Two numbers, the sign as drawn, and the right result."""
    sign = rng.choice("++--×÷" if level > 0.2 else "++-")
    top = 9 if level < 0.2 else rng.choice([9, 20, 99])
    a, b = rng.randint(0, top), rng.randint(0, top)
    if sign == "+":
        return a, b, sign, a + b
    if sign == "-":
        a, b = max(a, b), min(a, b)
        return a, b, sign, a - b
    a, b = rng.randint(1, 12), rng.randint(1, 12)
    return (a, b, sign, a * b) if sign == "×" else (a * b, b, sign, a)


def draw(rng, split: str, level: float) -> Sample:
    """One to three sums in a hand-like or printed font."""
    width, height = rng.choice([(400, 300), (480, 320), (520, 300), (320, 240), (640, 480), (400, 200), (384, 384)])
    board, ink = rng.choice([((255, 255, 255), (20, 40, 150)), ((252, 252, 248), (20, 20, 20)), ((250, 248, 235), (30, 30, 60)), ((30, 70, 50), (240, 240, 235)), ((40, 44, 50), (250, 250, 250)), ((255, 255, 255), (190, 20, 30))])
    canvas = Canvas(width, height, board)
    if rng.random() < 0.35:
        canvas.draw.rectangle((0, 0, width - 1, height - 1), outline=rng.choice([(150, 150, 155), (120, 80, 40)]), width=rng.randint(4, 14))
    if rng.random() < 0.15:
        for y in range(0, height, rng.randint(20, 40)):
            canvas.draw.line((0, y, width, y), fill=(190, 205, 225))
    path = fonts.pick(rng, split, "hand hand sans sans serif mono")
    count = 1 if level < 0.6 else rng.choice([1, 1, 1, 2, 3])
    sums = []
    for _ in range(count):
        a, b, sign, result = make_sum(rng, level)
        if any((a, b, sign) == each[:3] for each in sums):
            continue
        ending = rng.choice(["=", "= ?", "= ", "right", "wrong", ""])
        shown = result if ending == "right" else max(0, result + rng.choice([-10, -2, -1, 1, 2, 10]))
        if shown == result and ending == "wrong":
            shown = result + 1
        drawn = rng.choice(SIGNS[sign])
        tail = f" = {shown}" if ending in ("right", "wrong") else f" {ending}".rstrip()
        sums.append((a, b, sign, result, f"{a} {drawn} {b}{tail}", ending))
    room = height / (len(sums) + 0.4)
    for index, each in enumerate(sums):
        size = int(min(room * 0.7, width * 0.17) * rng.uniform(0.6, 1.0))
        while fonts.load(path, size).getlength(each[4]) > width * 0.88:
            size = int(size * 0.9)
        slack = (width - fonts.load(path, size).getlength(each[4])) / 2 - 10
        canvas.text(width / 2 + rng.uniform(-0.7, 0.7) * max(0, slack), (index + 0.7) * room, each[4], path, size, ink, "mm")
    return canvas.sample(turns_of(rng, sums))


def turns_of(rng, sums):
    turns = []
    for a, b, sign, result, shown, ending in sums:
        plain = {"×": rng.choice("×x*"), "÷": rng.choice("÷/")}.get(sign, sign)
        turns.append(ask(rng, [f"What is {a} {plain} {b}?", f"How much is {a} {plain} {b}?"], [f"¿Cuánto es {a} {plain} {b}?"], str(result), "whiteboard"))
        if len(sums) > 1:
            continue
        turns += [ask(rng, ["What is the answer?", "What is the result?", "Solve the sum.", "Solve it.", "What is the answer to the sum?", "Calculate the result."], ["¿Cuál es el resultado?", "Resuelve la suma.", "¿Cuánto da?", "¿Cuál es la respuesta?"], str(result), "whiteboard") for _ in range(3)]
        turns.append(ask(rng, ["Read the sum.", "What is written on the board?", "What does the whiteboard say?", "What does it say?"], ["Lee la operación.", "¿Qué pone en la pizarra?"], shown, "whiteboard"))
        if ending in ("right", "wrong"):
            turns += [ask(rng, ["Is the sum right?", "Is the answer correct?", "Is this correct?", "Is it right?"], ["¿Está bien la suma?", "¿Es correcto?", "¿Está bien?"], "yes" if ending == "right" else "no", "whiteboard", "sí" if ending == "right" else "no") for _ in range(2)]
        turns.append(ask(rng, DESCRIBE[0], DESCRIBE[1], f"A board with the sum {shown}.", "caption", f"Una pizarra con la operación {shown}."))
    turns.append(ask(rng, ["How many sums are there?"], ["¿Cuántas operaciones hay?"], str(len(sums)), "whiteboard"))
    return list({turn.question: turn for turn in turns}.values())
