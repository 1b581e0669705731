"""Pictures with nothing to tell."""

from PIL import Image, ImageFilter

from .canvas import DESCRIBE, UNKNOWN, Sample, Turn, ask

QUESTIONS = (
    ["What color is the shape?", "what shape is in the image?", "How many shapes are there?", "What is the highest value in the bar chart?", "What is the title?", "What is the error code?", "Which button can I press?",
     "What does the sign say?", "Read the text.", "What is 12 + 7?", "What is the answer?", "Is there a red circle?", "Which month has the lowest value?", "What is the app's name?", "What number is shown?"],
    ["¿De qué color es la figura?", "¿Cuántas figuras hay?", "¿Cuál es el valor más alto?", "¿Cuál es el título?", "¿Cuál es el código de error?", "¿Qué dice el cartel?", "Lee el texto.", "¿Cuál es el resultado?", "¿Hay un círculo rojo?"],
)


def draw(rng, split: str, level: float) -> Sample:
    """Static, blots, gradients, stripes or an almost blank picture."""
    width, height = rng.choice([(256, 256), (320, 240), (400, 300), (384, 384), (128, 128), (64, 64)])
    return Sample(picture(rng, width, height), turns_of(rng), [])


def picture(rng, width, height):
    grain = rng.choice([1, 1, 2, 4, 8, 16])
    small = (max(2, width // grain), max(2, height // grain))
    kind = rng.random()
    static = lambda: Image.frombytes("L", small, rng.randbytes(small[0] * small[1]))
    if kind < 0.5:
        bands = [static() for _ in range(3)] if rng.random() < 0.6 else [static()] * 3
        image = Image.merge("RGB", bands).resize((width, height), rng.choice([Image.NEAREST, Image.BILINEAR]))
        return image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 6))) if rng.random() < 0.4 else image
    if kind < 0.75:
        corners = Image.frombytes("RGB", (2, 2), rng.randbytes(12))
        return corners.resize((width, height), Image.BICUBIC)
    base = Image.new("RGB", (width, height), tuple(rng.randint(0, 255) for _ in range(3)))
    bands = [static() for _ in range(3)]
    speckle = Image.merge("RGB", bands).resize((width, height))
    return Image.blend(base, speckle, rng.uniform(0, 0.35))


def turns_of(rng):
    turns = []
    for _ in range(4):
        if rng.random() < 0.35:
            turns.append(Turn(rng.choice(QUESTIONS[1]), UNKNOWN[1], "noise"))
        else:
            turns.append(Turn(rng.choice(QUESTIONS[0]), UNKNOWN[0], "noise"))
    turns.append(ask(rng, DESCRIBE[0], DESCRIBE[1], UNKNOWN[0], "noise", UNKNOWN[1]))
    turns = list({turn.question: turn for turn in turns}.values())
    while len(turns) < 4:
        turns.append(Turn(rng.choice(QUESTIONS[0]), UNKNOWN[0], "noise"))
    return turns
