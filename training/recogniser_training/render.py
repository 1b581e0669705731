"""Draws one line of text as a screen or a picture of a screen shows it, and cuts it out as the detector does."""

import io
import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from .charset import clean
from .fonts import GROUPS, Font, families
from .model import HEIGHT_PX
from .texts import Text, Texts

NARROWEST_PX, WIDEST_PX = 24, 960
OFTEN = {
    "inter", "roboto", "opensans", "notosans", "dejavusans", "liberationsans", "lato", "arimo", "nimbussans", "firasans", "ibmplexsans",
    "sourcesans3", "googlesans", "verana", "pretendard", "jetbrainsmono", "firacode", "cascadiacode", "liberationmono", "dejavusansmono",
    "robotomono", "inconsolata", "cousine", "notosansmono", "ibmplexmono", "iosevka", "maplemono", "notoserif", "nimbusroman", "dejavuserif",
}


@dataclass(frozen=True)
class Line:
    """Pixels uint8 [48, w, 3] (blue, green, red), what should be read, and where text and font come from."""

    pixels: np.ndarray
    label: str
    language: str
    kind: str
    group: str
    family: str


@lru_cache(maxsize=600)
def loaded(path: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_px, layout_engine=ImageFont.Layout.BASIC)


def ink(text: str, path: str, size_px: int, smooth: bool) -> np.ndarray:
    """Coverage [h, w] from 0 to 1 of a text with its font's line box, a margin of half a size on every side."""
    font, margin = loaded(path, size_px), size_px // 2 + 2
    ascent, descent = font.getmetrics()
    width = int(font.getlength(text)) + 2 * margin
    image = Image.new("L", (width, ascent + descent + 2 * margin))
    draw = ImageDraw.Draw(image)
    draw.fontmode = "L" if smooth else "1"
    draw.text((margin, margin), text, 255, font)
    return np.asarray(image, np.float32) / 255


def coverage(rng: random.Random, text: str, path: str, size_px: int) -> np.ndarray:
    """Coverage [h, w, 1 or 3] the way one of the usual rasterizers gives it: hinted and smoothed, unhinted at any
    subpixel place, smoothed for the stripes of a screen, or not smoothed at all."""
    kind = rng.choices(["hinted", "unhinted", "stripes", "hard"], [40, 34, 20, 6])[0]
    if kind == "hinted" or (kind == "hard" and size_px < 11):
        return ink(text, path, size_px, True)[:, :, None]
    if kind == "hard":
        return ink(text, path, size_px, False)[:, :, None]
    fine = 3 if size_px > 24 else rng.choice([3, 4])
    fine = 3 if kind == "stripes" else fine
    large = ink(text, path, size_px * fine, True)
    large = np.pad(large, ((rng.randrange(fine), 0), (rng.randrange(fine), 0)))
    large = large[: large.shape[0] // fine * fine, : large.shape[1] // fine * fine]
    rows = large.reshape(-1, fine, large.shape[1]).mean(1)
    if kind == "unhinted":
        return rows.reshape(rows.shape[0], -1, fine).mean(2)[:, :, None]
    taps = np.array(rng.choice([[1, 2, 3, 2, 1], [0, 1, 1, 1, 0], [1, 3, 4, 3, 1]]), np.float32)
    padded = np.pad(rows, ((0, 0), (2, 2)))
    spread = sum(tap * padded[:, i : i + rows.shape[1]] for i, tap in enumerate(taps / taps.sum()))
    stripes = spread.reshape(rows.shape[0], -1, 3)
    return stripes if rng.random() < 0.9 else stripes[:, :, ::-1]


def colours(rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Colours of ink and ground, dark on light or light on dark, far enough apart to be read."""
    while True:
        style = rng.random()
        if style < 0.25:
            pair = np.array([[rng.randint(0, 60)] * 3, [rng.randint(235, 255)] * 3])
        elif style < 0.45:
            pair = np.array([[rng.randint(180, 255)] * 3, [rng.randint(0, 55)] * 3])
        else:
            pair = np.array([[rng.randrange(256) for _ in range(3)] for _ in range(2)])
            if rng.random() < 0.6:
                pair[rng.randrange(2)] = rng.choice([[255, 255, 255], [30, 30, 30], [0, 0, 0], [13, 17, 23], [40, 44, 52], [246, 248, 250], [240, 240, 240]])
        light = pair @ np.array([0.299, 0.587, 0.114])
        if abs(light[0] - light[1]) > rng.choice([45, 60, 90]):
            return pair[0].astype(np.float32), pair[1].astype(np.float32)


def ground(rng: random.Random, colour: np.ndarray, height: int, width: int) -> np.ndarray:
    """The ground [h, w, 3]: flat, a gradient, a panel's edge, grain, or soft shapes as on a photograph."""
    canvas = np.broadcast_to(colour, (height, width, 3)).copy()
    kind = rng.choices(["flat", "gradient", "grain", "shapes"], [72, 12, 8, 8])[0]
    if kind == "gradient":
        other = np.clip(colour + rng.uniform(-40, 40), 0, 255)
        slope = np.linspace(0, 1, width)[None, :, None] if rng.random() < 0.6 else np.linspace(0, 1, height)[:, None, None]
        canvas += (other - colour) * slope
    elif kind == "grain":
        canvas += np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(2, 9), (height, width, 1))
    elif kind == "shapes":
        small = np.random.default_rng(rng.getrandbits(32)).normal(0, 14, (3, max(2, width // 40), 3))
        for channel in range(3):
            wave = Image.fromarray(small[:, :, channel].astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
            canvas[:, :, channel] += np.asarray(wave)
    return canvas


def adorned(rng: random.Random, canvas: np.ndarray, box: tuple[int, int, int, int], front: np.ndarray) -> None:
    """What stands near text on screens: underlines, frames, a caret, a selection behind it."""
    left, top, right, bottom = box
    height, width = canvas.shape[:2]
    chance, thick = rng.random(), max(1, (bottom - top) // 18)
    if chance < 0.05:
        y = min(height - 1, bottom - (bottom - top) // 7 + rng.randint(0, 2))
        canvas[y : y + thick, left:right] = front
    elif chance < 0.11:
        gap = rng.randint(2, max(3, (bottom - top) // 3))
        colour = front * rng.uniform(0.3, 1) + canvas.mean((0, 1)) * 0.3
        for y in (top - gap, bottom + gap):
            if 0 <= y < height and rng.random() < 0.8:
                canvas[y : y + thick, :] = np.clip(colour, 0, 255)
        for x in (left - gap, right + gap):
            if 0 <= x < width and rng.random() < 0.3:
                canvas[:, x : x + thick] = np.clip(colour, 0, 255)
    elif chance < 0.13 and right + 2 < width:
        canvas[top:bottom, right + 1 : right + 1 + thick] = front


def compressed(rng: random.Random, image: Image.Image, chance: float = 0.45) -> Image.Image:
    """Sometimes through JPEG."""
    if rng.random() > chance:
        return image
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=rng.randint(32, 96), subsampling=rng.choice([0, 2]))
    return Image.open(buffer).convert("RGB")


def to_line_height(rng: random.Random, image: Image.Image) -> Image.Image:
    """Scaled to 48 pixels high by one of the filters that readers use."""
    width = max(NARROWEST_PX, round(image.width * HEIGHT_PX / image.height))
    if rng.random() < 0.35:
        return image.transform((width, HEIGHT_PX), Image.Transform.AFFINE, (image.width / width, 0, 0, 0, image.height / HEIGHT_PX, 0), Image.Resampling.BILINEAR)
    return image.resize((width, HEIGHT_PX), rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS]))


class Renderer:
    """Draws lines of one split. `plain` ones are as a screen shows them: nothing scaled, tilted, blurred or compressed, on
    a flat ground, without frames and neighbours."""

    def __init__(self, data: Path, split: str, plain: bool = False):
        self.texts, self.fonts, self.plain = Texts(data / "texts", split), families(data / "npm", split), plain

    def font(self, rng: random.Random, signs: set[str]) -> Font | None:
        """A font that has the signs; families of screens more often, upright regular ones most."""
        group = rng.choices(list(GROUPS), list(GROUPS.values()))[0]
        names = list(self.fonts[group])
        members = self.fonts[group][rng.choices(names, [4 if name in OFTEN else 1 for name in names])[0]]
        font = rng.choices(members, [(1 if one.bold else 2) * (1 if one.italic else 3) for one in members])[0]
        return font if signs <= font.signs else None

    def draw(self, seed: int) -> Line:
        """The line of a seed."""
        rng = random.Random(seed)
        while True:
            text = self.texts.draw(rng)
            fonts = [self.font(rng, set(text.drawn)) for _ in range(4)]
            font = next((one for one in fonts if one), None)
            line = font and self.line(rng, text, font)
            if line:
                return line

    def line(self, rng: random.Random, text: Text, font: Font) -> Line | None:
        """The text in the font, or None where it comes out too wide or without ink."""
        size = round(rng.choice([rng.uniform(9, 16), rng.uniform(11, 26), rng.uniform(18, 60)]))
        mask = coverage(rng, text.drawn, font.path, size)
        if mask.max() < 0.3:
            return None
        if not self.plain and rng.random() < 0.12:
            mask = self.with_neighbours(rng, mask, font, size)
        front, back = colours(rng)
        box = ink_box(mask, size)
        if (box[2] - box[0]) * HEIGHT_PX / (box[3] - box[1]) > WIDEST_PX * 1.3:
            return None
        canvas = np.broadcast_to(back, (*mask.shape[:2], 3)) if self.plain else ground(rng, back, *mask.shape[:2])
        canvas = canvas * (1 - mask) + front * mask
        if not self.plain:
            adorned(rng, canvas, box, front)
        image = Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))
        if not self.plain:
            image, box = self.photographed(rng, image, box)
        image = to_line_height(rng, image.crop(self.cut(rng, box, image.size)))
        if image.width > WIDEST_PX:
            return None
        pixels = np.asarray(image if self.plain else self.worn(rng, image))[:, :, ::-1]
        return Line(np.ascontiguousarray(pixels), clean(text.drawn), text.language, text.kind, font.group, font.family)

    def worn(self, rng: random.Random, image: Image.Image) -> Image.Image:
        """Seldom blurred, sharpened or compressed once more."""
        if rng.random() < 0.06:
            image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.1)))
        if rng.random() < 0.04:
            image = image.filter(ImageFilter.UnsharpMask(1, rng.randint(40, 150), 0))
        return compressed(rng, image, 0.12)

    def with_neighbours(self, rng: random.Random, mask: np.ndarray, font: Font, size: int) -> np.ndarray:
        """The lines above and below, of which a box that is too tall shows a part."""
        result, pitch = mask.copy(), round(size * rng.uniform(1.15, 1.6))
        for shift in (-pitch, pitch):
            text = self.texts.draw(rng, 60).drawn
            if not set(text) <= font.signs:
                continue
            other = ink(text, font.path, size, True)[:, : mask.shape[1]]
            moved = np.zeros(mask.shape[:2], np.float32)
            rows = min(other.shape[0], mask.shape[0]) - abs(shift)
            if rows > 0:
                start, taken = max(0, shift), max(0, -shift)
                moved[start : start + rows, : other.shape[1]] = other[taken : taken + rows]
            result = np.maximum(result, moved[:, :, None])
        return result

    def photographed(self, rng: random.Random, image: Image.Image, box: tuple[int, int, int, int]) -> tuple[Image.Image, tuple[int, int, int, int]]:
        """Scaled, tilted, blurred and compressed as screens are on their way into a picture."""
        chance = rng.random()
        if chance < 0.3:
            small = 12 / max(1, box[3] - box[1])
            factor = min(2.2, max(rng.uniform(0.5, 2), small))
            factor_x = factor * rng.uniform(0.93, 1.07)
            size = (max(1, round(image.width * factor_x)), max(1, round(image.height * factor)))
            image = image.resize(size, rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.NEAREST if factor > 1.5 else Image.Resampling.BILINEAR]))
            box = (round(box[0] * factor_x), round(box[1] * factor), round(box[2] * factor_x), round(box[3] * factor))
        if rng.random() < 0.14:
            slope = rng.uniform(-0.02, 0.02) * min(1.0, 12 * (box[3] - box[1]) / max(1, box[2] - box[0]))
            middle = image.width / 2
            image = image.transform(image.size, Image.Transform.AFFINE, (1, rng.uniform(-0.12, 0.12), 0, slope, 1, -slope * middle), Image.Resampling.BICUBIC, fillcolor=image.getpixel((0, 0)))
        if rng.random() < 0.08:
            image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.045 * (box[3] - box[1]) + 0.35)))
        image = compressed(rng, image)
        if rng.random() < 0.08:
            noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(2, 12), (image.height, image.width, 3))
            image = Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))
        return image, box

    def cut(self, rng: random.Random, box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The detector's box: the ink with a margin that varies, seldom a little too tight."""
        height = box[3] - box[1]
        above, below = (height * rng.uniform(-0.02, 0.3) for _ in range(2))
        if rng.random() < 0.15:
            above, below = above + height * rng.uniform(0, 0.35), below + height * rng.uniform(0, 0.35)
        before, behind = (height * rng.uniform(0.0, 0.45) for _ in range(2))
        left, top = max(0, round(box[0] - before)), max(0, round(box[1] - above))
        right, bottom = min(size[0], round(box[2] + behind)), min(size[1], round(box[3] + below))
        return left, top, max(right, left + 4), max(bottom, top + 6)


def ink_box(mask: np.ndarray, size_px: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the ink of the middle line; at least the height of a small letter, so that a dash
    is not blown up to the height of a line."""
    margin = size_px // 2
    strong = mask.max(2) > 0.25
    columns = np.flatnonzero(strong.any(0))
    rows = np.flatnonzero(strong[margin : strong.shape[0] - margin].any(1)) + margin
    left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    least = round(size_px * 0.62)
    if bottom - top < least:
        middle_top = margin + round(size_px * 0.25)
        top, bottom = min(top, middle_top), max(bottom, middle_top + least)
    return int(left), int(top), int(right), int(bottom)
