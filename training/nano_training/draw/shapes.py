"""Pictures of coloured shapes: form, colour, count, position, yes/no."""

import hashlib
import json
import math
import os

from PIL import Image, ImageDraw

from .canvas import DESCRIBE, UNKNOWN, Sample, Turn, ask, pale
from .words import COLORS, FEMININE, VARIANTS

FORMS = {"circle": "círculo", "square": "cuadrado", "rectangle": "rectángulo", "triangle": "triángulo", "star": "estrella", "pentagon": "pentágono",
         "hexagon": "hexágono", "oval": "óvalo", "diamond": "rombo", "cross": "cruz", "heart": "corazón"}
FEMALE = {"star", "cross"}
EASY_FORMS = ["circle", "rectangle", "triangle"]
EASY_COLORS = ["green", "red", "gray", "teal", "black", "yellow", "brown", "blue"]
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six"]
NUMBERS_ES = ["cero", "un", "dos", "tres", "cuatro", "cinco", "seis"]


def polygon(cx, cy, r, n, turn=-math.pi / 2):
    return [(cx + r * math.cos(turn + 2 * math.pi * i / n), cy + r * math.sin(turn + 2 * math.pi * i / n)) for i in range(n)]


def paint(draw, form, cx, cy, r, fill, outline, rng):
    """Draws a form within the square of half-width r around cx, cy."""
    line = {"outline": outline, "width": max(1, r // 14)} if outline else {}
    if form == "circle":
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=fill, **line)
    elif form == "oval":
        a, b = rng.choice([(1, 0.55), (0.55, 1)])
        draw.ellipse((cx - a * r, cy - b * r, cx + a * r, cy + b * r), fill=fill, **line)
    elif form == "square":
        draw.rectangle((cx - r * 0.9, cy - r * 0.9, cx + r * 0.9, cy + r * 0.9), fill=fill, **line)
    elif form == "rectangle":
        a, b = rng.choice([(1, 0.5), (0.5, 1), (1, 0.62)])
        draw.rectangle((cx - a * r, cy - b * r, cx + a * r, cy + b * r), fill=fill, **line)
    else:
        if form == "star":
            outer, inner = polygon(cx, cy, r, 5), polygon(cx, cy, r * 0.42, 5, -math.pi / 2 + math.pi / 5)
            points = [point for pair in zip(outer, inner) for point in pair]
        elif form == "heart":
            points = [(cx + r * 0.06 * 16 * math.sin(t) ** 3, cy - r * 0.06 * (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t))) for t in [i * math.pi / 20 for i in range(40)]]
        elif form == "cross":
            a, b = r, r * 0.33
            points = [(cx - b, cy - a), (cx + b, cy - a), (cx + b, cy - b), (cx + a, cy - b), (cx + a, cy + b), (cx + b, cy + b), (cx + b, cy + a), (cx - b, cy + a), (cx - b, cy + b), (cx - a, cy + b), (cx - a, cy - b), (cx - b, cy - b)]
        elif form == "diamond":
            points = [(cx, cy - r), (cx + r * 0.7, cy), (cx, cy + r), (cx - r * 0.7, cy)]
        elif form == "triangle":
            points = polygon(cx, cy, r, 3) if rng.random() < 0.7 else [(cx - r, cy + r * 0.8), (cx + r, cy + r * 0.8), (cx + rng.uniform(-r, r), cy - r * 0.9)]
        else:
            points = polygon(cx, cy, r, {"pentagon": 5, "hexagon": 6}[form])
        draw.polygon(points, fill=fill, **line)


def easy_turns(rng, form, color, present="shapes"):
    """The question forms of easy-VQA about one shape."""
    turns = []
    for _ in range(8):
        kind = rng.random()
        if kind < 0.2:
            turns.append(Turn(rng.choice(["what color is the shape?", f"what color is the {form}?", f"what is the color of the {form}?", "what is the color of the shape?"]), color, present))
        elif kind < 0.38:
            turns.append(Turn(rng.choice(["what shape is in the image?", "what shape does the image contain?", "what shape is present?", f"what is the {color} shape?"]), form, present))
        else:
            if rng.random() < 0.6:
                named = color if rng.random() < 0.5 else rng.choice(EASY_COLORS)
                noun, yes = f"{named} shape", named == color
            else:
                noun = form if rng.random() < 0.5 else rng.choice(EASY_FORMS)
                yes = noun == form
            template, negated = rng.choice([("is a {} present?", 0), ("is there a {}?", 0), ("does the image not contain a {}?", 1), ("is there not a {}?", 1), ("is there not a {} in the image?", 1), ("does the image contain a {}?", 0), ("is no {} present?", 1), ("is there a {} in the image?", 0)])
            turns.append(Turn(template.format(noun), "yes" if yes != bool(negated) else "no", present))
    return unique(turns)


def unique(turns):
    return list({turn.question: turn for turn in turns}.values())


def easy(rng) -> Sample:
    """One shape in a small picture, after easy-VQA."""
    form, color = rng.choice(EASY_FORMS), rng.choice(EASY_COLORS)
    background = tuple(rng.randint(200, 255) for _ in range(3))
    image = Image.new("RGB", (64, 64), background)
    draw = ImageDraw.Draw(image)
    base = VARIANTS[color][0]
    fill = tuple(max(0, min(255, c + rng.randint(-30, 30))) for c in base) if color not in ("teal", "gray") else base
    if form == "circle":
        r = rng.randint(8, 16)
        cx, cy = rng.randint(r, 63 - r), rng.randint(r, 63 - r)
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=fill)
    else:
        w, h = rng.randint(16, 32), rng.randint(16, 32)
        x, y = rng.randint(0, 63 - w), rng.randint(0, 63 - h)
        draw.rectangle((x, y, x + w, y + h), fill=fill) if form == "rectangle" else draw.polygon([(x, y + h), (x + w, y + h), (x + w // 2, y)], fill=fill)
    return Sample(image, easy_turns(rng, form, color), [])


def load_easy_vqa(folder, split):
    """The real easy-VQA pictures; a tenth of them, by hash of their number, is held out for split="test"."""
    return EasyVqa(folder, split)


class EasyVqa:
    """An indexable of samples that opens pictures when asked."""

    def __init__(self, folder, split):
        self.folder = str(folder)
        questions = {}
        with open(os.path.join(self.folder, "questions.json")) as file:
            for question, answer, picture in json.load(file):
                questions.setdefault(picture, []).append(Turn(question, answer, "shapes"))
        held_out = lambda number: int(hashlib.sha256(str(number).encode()).hexdigest(), 16) % 10 == 0
        self.items = [(number, turns) for number, turns in sorted(questions.items()) if held_out(number) == (split == "test")]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        number, turns = self.items[index]
        image = Image.open(os.path.join(self.folder, "images", f"{number}.png")).convert("RGB")
        return Sample(image, turns, [])


def place_name(x, y):
    """English and Spanish name of a place in the unit square, by thirds."""
    row, column = min(2, int(y * 3)), min(2, int(x * 3))
    english = [["top left", "top", "top right"], ["left", "center", "right"], ["bottom left", "bottom", "bottom right"]]
    spanish = [["arriba a la izquierda", "arriba", "arriba a la derecha"], ["izquierda", "centro", "derecha"], ["abajo a la izquierda", "abajo", "abajo a la derecha"]]
    return english[row][column], spanish[row][column]


def adjective(color, form, plural=False):
    es = COLORS[color][0]
    if form in FEMALE:
        es = FEMININE.get(es, es)
    return es + (("s" if es[-1] in "aeiou" else "es") if plural and color not in ("orange", "pink", "teal") else "")


def draw(rng, split: str, level: float) -> Sample:
    """One easy-VQA-like picture or one to six shapes on a 3 × 3 grid."""
    if rng.random() < 0.35:
        return easy(rng)
    side = rng.choice([128, 200, 256, 320, 400])
    width, height = rng.choice([(side, side), (side * 4 // 3, side), (side, side)])
    background = pale(rng) if rng.random() < 0.75 else tuple(rng.randint(0, 255) for _ in range(3))
    count = 1 if level < 0.25 else rng.choice([1, 2, 2, 3, 3, 4, 5, 6])
    cells = rng.sample(range(9), count)
    names = [color for color in COLORS if max(abs(a - b) for a, b in zip(COLORS[color][1], background)) > 70]
    palette = rng.sample(names, min(len(names), rng.randint(1, 4)))
    forms = rng.sample(list(FORMS), rng.randint(1, 4))
    image = Image.new("RGB", (width, height), background)
    canvas = ImageDraw.Draw(image)
    shapes = []
    for cell in cells:
        form, color = rng.choice(forms), rng.choice(palette)
        fill = next((c for c in rng.sample(VARIANTS[color], len(VARIANTS[color])) if max(abs(a - b) for a, b in zip(c, background)) > 60), COLORS[color][1])
        cw, ch = width / 3, height / 3
        r = int(min(cw, ch) * rng.uniform(0.28, 0.47))
        cx = (cell % 3 + 0.5) * cw + rng.uniform(-1, 1) * (cw / 2 - r) * 0.5
        cy = (cell // 3 + 0.5) * ch + rng.uniform(-1, 1) * (ch / 2 - r) * 0.5
        paint(canvas, form, int(cx), int(cy), r, fill, (0, 0, 0) if rng.random() < 0.15 and color != "black" else None, rng)
        shapes.append({"form": form, "color": color, "x": cx / width, "y": cy / height, "cell": cell, "r": r})
    return Sample(image, turns_of(rng, shapes), [])


def turns_of(rng, shapes):
    turns = []
    pairs = {}
    for shape in shapes:
        pairs.setdefault((shape["form"], shape["color"]), []).append(shape)
    forms, colors = [s["form"] for s in shapes], [s["color"] for s in shapes]
    for _ in range(9):
        shape = rng.choice(shapes)
        form, color = shape["form"], shape["color"]
        es, es_color = FORMS[form], adjective(color, form)
        the_es = ("la " if form in FEMALE else "el ") + es
        kind = rng.choice(["color", "form", "count", "count", "count_form", "count_color", "where", "yesno", "yesno", "caption", "side", "size"])
        if kind == "color" and forms.count(form) == 1:
            turns.append(ask(rng, [f"What color is the {form}?", f"What is the color of the {form}?", f"Which color does the {form} have?"] + (["What color is the shape?"] if len(shapes) == 1 else []), [f"¿De qué color es {the_es}?", f"¿Qué color tiene {the_es}?"], color, "shapes", adjective(color, form)))
        elif kind == "form" and colors.count(color) == 1:
            turns.append(ask(rng, [f"What shape is {color}?", f"What is the {color} shape?", f"Which shape is {color}?"] + (["What shape is this?", "What shape is in the picture?"] if len(shapes) == 1 else []), [f"¿Qué figura es de color {COLORS[color][0]}?", f"¿Qué forma tiene la figura de color {COLORS[color][0]}?"], form, "shapes", es))
        elif kind == "count":
            turns.append(ask(rng, ["How many shapes are there?", "How many shapes are in the picture?", "Count the shapes.", "How many objects do you see?"], ["¿Cuántas figuras hay?", "¿Cuántas figuras ves?", "Cuenta las figuras."], str(len(shapes)), "shapes"))
        elif kind == "count_form":
            named = form if rng.random() < 0.8 else rng.choice(list(FORMS))
            plural, plural_es = ("crosses" if named == "cross" else named + "s"), {"corazón": "corazones", "cruz": "cruces"}.get(FORMS[named], FORMS[named] + "s")
            many = "Cuántas" if named in FEMALE else "Cuántos"
            turns.append(ask(rng, [f"How many {plural} are there?", f"How many {plural} are in the picture?", f"Count the {plural}."], [f"¿{many} {plural_es} hay?"], str(forms.count(named)), "shapes"))
        elif kind == "count_color":
            named = color if rng.random() < 0.8 else rng.choice(list(COLORS))
            turns.append(ask(rng, [f"How many {named} shapes are there?", f"How many shapes are {named}?", f"How many {named} objects are there?"], [f"¿Cuántas figuras de color {COLORS[named][0]} hay?"], str(colors.count(named)), "shapes"))
        elif kind == "where" and len(pairs[form, color]) == 1:
            where, where_es = place_name(shape["x"], shape["y"])
            turns.append(ask(rng, [f"Where is the {color} {form}?", f"Where in the picture is the {color} {form}?"], [f"¿Dónde está {the_es} {es_color}?"], where, "shapes", where_es))
        elif kind == "yesno":
            a, b = (form, color) if rng.random() < 0.5 else (rng.choice(forms + list(FORMS)), rng.choice(colors + list(COLORS)))
            article, article_es = ("an" if a == "oval" else "a"), ("una" if a in FEMALE else "un")
            if rng.random() < 0.5:
                yes = (a, b) in pairs
                turns.append(ask(rng, [f"Is there a {b} {a}?", f"Does the picture contain a {b} {a}?", f"Do you see a {b} {a}?"], [f"¿Hay {article_es} {FORMS[a]} {adjective(b, a)}?"], "yes" if yes else "no", "shapes", "sí" if yes else "no"))
            else:
                yes = a in forms
                turns.append(ask(rng, [f"Is there {article} {a}?", f"Is there {article} {a} in the picture?", f"Do you see {article} {a}?"], [f"¿Hay {article_es} {FORMS[a]}?", f"¿Aparece {article_es} {FORMS[a]}?"], "yes" if yes else "no", "shapes", "sí" if yes else "no"))
        elif kind == "side" and len(shapes) > 1:
            ends = {"left": ("x", 1), "right": ("x", -1), "top": ("y", 1), "bottom": ("y", -1)}
            side = rng.choice(list(ends))
            key, sign = ends[side]
            ordered = sorted(shapes, key=lambda s: sign * s[key])
            if abs(ordered[0][key] - ordered[1][key]) > 0.15:
                es_side = {"left": "a la izquierda", "right": "a la derecha", "top": "arriba", "bottom": "abajo"}[side]
                end = ordered[0]
                turns.append(ask(rng, [f"What is on the {side}?" if side in ("left", "right") else f"What is at the {side}?", f"Which shape is furthest {'to the ' if side in ('left', 'right') else 'to the '}{side}?"], [f"¿Qué hay {es_side}?"], f"{end['color']} {end['form']}", "shapes", f"{FORMS[end['form']]} {adjective(end['color'], end['form'])}"))
        elif kind == "size" and len(shapes) > 1:
            ordered = sorted(shapes, key=lambda s: s["r"])
            big = rng.random() < 0.5
            pick, other = (ordered[-1], ordered[-2]) if big else (ordered[0], ordered[1])
            if abs(pick["r"] - other["r"]) >= 0.2 * pick["r"]:
                turns.append(ask(rng, [f"Which shape is the {'biggest' if big else 'smallest'}?", f"What is the {'largest' if big else 'smallest'} shape?"], [f"¿Cuál es la figura más {'grande' if big else 'pequeña'}?"], f"{pick['color']} {pick['form']}", "shapes", f"{FORMS[pick['form']]} {adjective(pick['color'], pick['form'])}"))
        elif kind == "caption" and len(pairs) <= 3:
            turns.append(caption(rng, pairs))
    if rng.random() < 0.1:
        turns.append(ask(rng, ["What is the error code?", "What is the title?", "What does the text say?"], ["¿Cuál es el código de error?", "¿Qué dice el texto?"], UNKNOWN[0], "shapes", UNKNOWN[1]))
    turns.append(ask(rng, ["How many shapes are there?"], ["¿Cuántas figuras hay?"], str(len(shapes)), "shapes"))
    return unique(turns)


def caption(rng, pairs):
    english, spanish = [], []
    for (form, color), members in sorted(pairs.items()):
        n = len(members)
        plural, plural_es = ("crosses" if form == "cross" else form + "s"), {"corazón": "corazones", "cruz": "cruces"}.get(FORMS[form], FORMS[form] + "s")
        article = "an" if color == "orange" else "a"
        english.append(f"{article} {color} {form}" if n == 1 else f"{NUMBERS[n]} {color} {plural}")
        spanish.append(f"{'una' if form in FEMALE else 'un'} {FORMS[form]} {adjective(color, form)}" if n == 1 else f"{NUMBERS_ES[n]} {plural_es} {adjective(color, form, True)}")
    join = lambda parts, word: parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + f" {word} " + parts[-1]
    first = lambda text: text[0].upper() + text[1:] + "."
    return ask(rng, DESCRIBE[0], DESCRIBE[1], first(join(english, "and")), "caption", first(join(spanish, "y")))
