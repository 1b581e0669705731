"""Pictures laid out by other code than the training pictures: held-out scores on these show what carries over.

Charts are drawn by matplotlib, shapes stand anywhere instead of in a grid, dialogs have another arrangement, texts and
boards are tilted and a little blurred. Questions have the same wordings.
"""

import io
import math
import random

import matplotlib

matplotlib.use("Agg")
from matplotlib import font_manager, pyplot
from PIL import Image, ImageFilter

from .draw import Sample, charts, fonts, screenshots, shapes, text, whiteboard
from .draw.canvas import Canvas, contrast, fit_size, pale, wrap
from .draw.words import COLORS, VARIANTS, code

STYLES = ["default", "default", "ggplot", "seaborn-v0_8-whitegrid", "bmh"]


def draw_chart(rng: random.Random) -> Sample:
    """A bar, line or pie chart as matplotlib draws it."""
    kind = rng.choice(["bar", "bar", "hbar", "line", "pie"])
    count = rng.randint(2, 6)
    names = charts.labels(rng, "test", count)
    printed = kind == "pie" or rng.random() < 0.6
    numbers = charts.values(rng, count, not printed)
    title = rng.choice(charts.TEST_TITLES)
    scheme = charts.TAB10[:count]
    single = kind == "line" or kind != "pie" and rng.random() < 0.5
    colors = [scheme[0]] * count if single else scheme
    path = fonts.pick(rng, "test", "sans sans serif")
    font_manager.fontManager.addfont(path)
    family = font_manager.FontProperties(fname=path).get_name()
    with pyplot.style.context([rng.choice(STYLES), {"font.family": family, "font.size": rng.choice([11, 12, 14])}]):
        figure, axes = pyplot.subplots(figsize=rng.choice([(6.4, 4.8), (5, 4), (6, 4)]), dpi=100)
        plot(axes, kind, names, numbers, [[c / 255 for c in color] for color, _ in colors], printed)
        axes.set_title(title)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        pyplot.close(figure)
    turns = charts.turns_of(rng, "test", kind, names, numbers, colors, title, single, None)
    return Sample(Image.open(buffer).convert("RGB"), turns, [])


def plot(axes, kind: str, names: list[str], numbers: list[int], colors: list, printed: bool) -> None:
    """One series by name; the numbers beside their marks when `printed`."""
    if kind == "pie":
        total = sum(numbers)
        axes.pie(numbers, labels=names, colors=colors, autopct=lambda share: str(round(share * total / 100)))
        return
    if kind == "line":
        axes.plot(names, numbers, color=colors[0], marker="o")
        axes.set_ylim(0, max(numbers) * 1.15)
        for place, number in enumerate(numbers if printed else []):
            axes.annotate(str(number), (place, number), textcoords="offset points", xytext=(0, 7), ha="center")
        return
    bars = axes.bar(names, numbers, color=colors) if kind == "bar" else axes.barh(names, numbers, color=colors)
    if printed:
        axes.bar_label(bars, padding=3)
        axes.margins(**{"y" if kind == "bar" else "x": 0.12})


def draw_shapes(rng: random.Random) -> Sample:
    """One to five shapes anywhere, none touching another."""
    width, height = rng.choice([(300, 300), (420, 280), (256, 256)])
    background = pale(rng)
    image = Image.new("RGB", (width, height), background)
    canvas = shapes.ImageDraw.Draw(image)
    far = [name for name in COLORS if max(abs(a - b) for a, b in zip(COLORS[name][1], background, strict=True)) > 90]
    placed: list[dict] = []
    for _ in range(rng.randint(1, 5)):
        r = int(min(width, height) * rng.uniform(0.09, 0.16))
        for _ in range(30):
            cx, cy = rng.randint(r + 4, width - r - 4), rng.randint(r + 4, height - r - 4)
            if all(math.hypot(cx - s["x"] * width, cy - s["y"] * height) > (r + s["r"]) * 1.25 for s in placed):
                form, color = rng.choice(list(shapes.FORMS)), rng.choice(far)
                shapes.paint(canvas, form, cx, cy, r, rng.choice(VARIANTS[color]), None, rng)
                placed.append({"form": form, "color": color, "x": cx / width, "y": cy / height, "r": r})
                break
    return Sample(image, shapes.turns_of(rng, placed), [])


def draw_screenshot(rng: random.Random) -> Sample:
    """A card in the middle of a page: app name and message centred, the code in a box, buttons from the left."""
    width, height = rng.choice([(480, 320), (560, 360), (420, 300)])
    path, page = fonts.pick(rng, "test", "sans"), tuple(rng.randint(200, 245) for _ in range(3))
    canvas, size, middle = Canvas(width, height, page), int(width / 24), width / 2
    canvas.draw.rounded_rectangle((18, 14, width - 18, height - 14), 10, fill=(255, 255, 255), outline=(190, 190, 190))
    app, message, number = rng.choice(screenshots.TEST_APPS), screenshots.message(rng, "test"), code(rng)
    y = canvas.text(middle, 30, app, path, int(size * 1.25), (20, 60, 120), "mt")[3] + size
    for row in wrap(message, path, size, width - 90):
        y = canvas.text(middle, y, row, path, size, (25, 25, 25), "mt")[3] + size * 0.5
    shown = rng.choice(["Error code: {}", "Code {}", "Error: {}"]).format(number)
    wide = fonts.load(path, size).getlength(shown) + 24
    canvas.draw.rectangle((middle - wide / 2, y + 4, middle + wide / 2, y + size * 1.8), fill=(238, 238, 240))
    canvas.text(middle, y + 4 + size * 0.9, shown, path, size, (60, 60, 60), "mm")
    buttons, x = rng.sample(screenshots.TEST_BUTTONS, rng.choice([1, 2, 3])), 36.0
    primary = rng.randrange(len(buttons))
    for index, label in enumerate(buttons):
        wide = fonts.load(path, size).getlength(label) + size * 1.6
        strong = index == primary
        box = (x, height - 30 - size * 2, x + wide, height - 30)
        canvas.draw.rounded_rectangle(box, 5, fill=(20, 110, 200) if strong else (225, 228, 232))
        canvas.text(x + wide / 2, height - 30 - size, label, path, size, (255, 255, 255) if strong else (10, 10, 10), "mm")
        x += wide + size * 0.7
    sample = canvas.sample(screenshots.turns_of(rng, app, message, number, buttons, primary))
    sample.facts = screenshots.facts(app, message, number)
    return sample


def tilted(rng: random.Random, canvas: Canvas) -> Image.Image:
    """The picture turned by up to four degrees and slightly out of focus."""
    turned = canvas.image.rotate(rng.uniform(-4, 4), Image.Resampling.BICUBIC, fillcolor=canvas.background)
    return turned.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.7)))


def draw_text(rng: random.Random) -> Sample:
    """Lines from the left under a coloured band, tilted."""
    background = pale(rng)
    canvas, fill = Canvas(420, 260, background), contrast(rng, background)
    canvas.draw.rectangle((0, 0, 420, 34), fill=tuple(rng.randint(60, 200) for _ in range(3)))
    path = fonts.pick(rng, "test", "sans sans serif mono")
    lines, kind = text.compose(rng, "test", rng.random() < 0.5)
    for index, line in enumerate(lines):
        canvas.text(40, 90 + index * 62, line, path, fit_size(line, path, 52, 350), fill, "lm")
    return Sample(tilted(rng, canvas), text.turns_of(rng, lines, kind), [])


def draw_board(rng: random.Random) -> Sample:
    """One sum in coloured marker, tilted."""
    canvas = Canvas(440, 260, (246, 247, 250))
    a, b, sign, result = whiteboard.make_sum(rng, 1.0)
    ending = rng.choice(["=", "= ?"])
    shown = f"{a} {rng.choice(whiteboard.SIGNS[sign])} {b} {ending}"
    path, ink = fonts.pick(rng, "test", "hand sans serif"), rng.choice([(200, 30, 40), (20, 120, 60), (30, 60, 180)])
    size = fit_size(shown, path, 70, 380)
    canvas.text(220, 120, shown, path, size, ink, "mm")
    return Sample(tilted(rng, canvas), whiteboard.turns_of(rng, [(a, b, sign, result, shown, ending)]), [])


PAINTERS = {
    "charts": draw_chart, "shapes": draw_shapes, "screenshots": draw_screenshot, "text": draw_text, "whiteboard": draw_board,
}


def draw_other(task: str, seed: int) -> Sample:
    """The picture of a task for a seed, with at most eight turns."""
    rng = random.Random(f"other layouts {task} {seed}")
    sample = PAINTERS[task](rng)
    sample.turns = sample.turns[:8]
    return sample
