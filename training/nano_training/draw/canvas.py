"""A picture being drawn that remembers where each character stands."""

from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from . import fonts


@dataclass
class Glyph:
    """The box in pixels of one visible character."""

    char: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass
class Turn:
    """A question about a picture, its answer, and the task it belongs to."""

    question: str
    answer: str
    task: str


@dataclass
class Sample:
    """A picture with questions, the places of its characters, and of a dialog what it says by field."""

    image: Image.Image
    turns: list[Turn]
    glyphs: list[Glyph]
    facts: dict[str, str] = field(default_factory=dict)


@dataclass
class Canvas:
    """Wraps PIL's drawing; `text` also notes the glyphs."""

    width: int
    height: int
    background: tuple[int, int, int]
    glyphs: list[Glyph] = field(default_factory=list)

    def __post_init__(self):
        self.image = Image.new("RGB", (self.width, self.height), self.background)
        self.draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, path: str, size: int, fill, anchor: str = "lt") -> tuple[float, float, float, float]:
        """Draws one line with its anchor (PIL's letters l m r, t m b) at x, y and returns its box. A font that lacks one
        of the characters gives way to one that has them."""
        font = fonts.load(fonts.covering(path, text), max(6, int(size)))
        width = font.getlength(text)
        x0, top, x1, bottom = font.getbbox(text, anchor="ls")
        x = x - {"l": 0, "m": width / 2, "r": width}[anchor[0]]
        baseline = {"t": y - top, "m": y - (top + bottom) / 2, "b": y - bottom}[anchor[1]]
        x, baseline = round(x), round(baseline)
        self.draw.text((x, baseline), text, font=font, fill=fill, anchor="ls")
        for index, char in enumerate(text):
            if not char.isspace():
                start, end = font.getlength(text[:index]), font.getlength(text[: index + 1])
                self.glyphs.append(Glyph(char, x + start, baseline + top, x + max(end, start + 1), baseline + bottom))
        return (x, baseline + top, x + width, baseline + bottom)

    def vertical_text(self, x: float, y: float, text: str, path: str, size: int, fill) -> None:
        """Draws one line turned by 90 degrees, centred at x, y; its glyphs are not noted."""
        font = fonts.load(path, max(6, int(size)))
        box = font.getbbox(text)
        layer = Image.new("L", (max(1, int(box[2])), max(1, int(box[3]))), 0)
        ImageDraw.Draw(layer).text((0, 0), text, font=font, fill=255)
        turned = layer.rotate(90, expand=True)
        self.image.paste(Image.new("RGB", turned.size, fill), (int(x - turned.width / 2), int(y - turned.height / 2)), turned)

    def sample(self, turns: list[Turn]) -> Sample:
        """The finished picture; glyphs that ran over its edge are dropped."""
        inside = [g for g in self.glyphs if g.x0 >= 0 and g.y0 >= -1 and g.x1 <= self.width and g.y1 <= self.height + 1]
        return Sample(self.image, turns, inside)


def fit_size(text: str, path: str, size: int, max_width: float) -> int:
    """The largest size up to `size` at which the text is no wider than `max_width`."""
    width = fonts.load(path, size).getlength(text)
    return size if width <= max_width else max(7, int(size * max_width / width))


def wrap(text: str, path: str, size: int, max_width: float) -> list[str]:
    """Breaks text into lines no wider than `max_width`."""
    font, lines = fonts.load(path, size), [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(joined) > max_width:
            lines.append(word)
        else:
            lines[-1] = joined
    return lines


def contrast(rng, background) -> tuple[int, int, int]:
    """A text colour that can be read on the background."""
    bright = sum(background) / 3 > 127
    strong = rng.choice([(0, 0, 0), (20, 20, 20), (40, 40, 60), (120, 20, 20), (10, 50, 130)]) if bright else rng.choice([(255, 255, 255), (245, 245, 230), (255, 240, 150)])
    return strong


def pale(rng) -> tuple[int, int, int]:
    """A light background."""
    return (255, 255, 255) if rng.random() < 0.5 else tuple(rng.randint(215, 255) for _ in range(3))


def ask(rng, english: list[str], spanish: list[str], answer: str, task: str, answer_es: str | None = None) -> Turn:
    """One of the wordings, in English or Spanish, with a little variety in casing and punctuation."""
    if rng.random() < 0.35:
        return Turn(vary(rng, rng.choice(spanish)), answer if answer_es is None else answer_es, task)
    return Turn(vary(rng, rng.choice(english)), answer, task)


def vary(rng, question: str) -> str:
    """Casing and final mark as people leave them."""
    roll = rng.random()
    if roll < 0.12 and '"' not in question:
        # Names in the question keep their casing; only its first word is lowered.
        question = question[0].lower() + question[1:] if question[0] != "¿" else question[0] + question[1].lower() + question[2:]
    if rng.random() < 0.1:
        question = question.rstrip("?.")
    return question


UNKNOWN = ("I can't tell", "no lo sé")
DESCRIBE = (["Describe the picture.", "Describe this image.", "What do you see?", "Describe it in one sentence.", "What is in the picture?", "Describe", "Write a caption."],
            ["Describe la imagen.", "Describe esta imagen.", "¿Qué ves?", "Describe la imagen en una frase.", "¿Qué hay en la imagen?"])
