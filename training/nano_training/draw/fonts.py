"""Fonts to draw with. Families for training and for testing are kept apart."""

import subprocess
from functools import lru_cache

from fontTools.ttLib import TTFont
from PIL import ImageFont

TRAIN = {
    "sans": ["DejaVu Sans", "Liberation Sans", "Roboto", "Open Sans", "Lato", "Noto Sans", "FreeSans", "Inter", "Nimbus Sans", "Quicksand", "URW Gothic"],
    "serif": ["DejaVu Serif", "Noto Serif", "Nimbus Roman", "EB Garamond", "Linux Libertine O", "FreeSerif", "C059"],
    "mono": ["DejaVu Sans Mono", "Liberation Mono", "Fira Code", "JetBrains Mono", "FreeMono"],
    "hand": ["Comic Neue", "Humor Sans", "Dancing Script"],
}
TEST = {
    "sans": ["Carlito", "Cantarell", "Karla", "Play", "League Spartan"],
    "serif": ["Liberation Serif", "Caladea", "URW Bookman"],
    "mono": ["Hack", "Courier Prime"],
    "hand": ["OpenDyslexic", "Kristi"],
}
PACKAGES = (
    "fonts-dejavu fonts-liberation fonts-roboto fonts-open-sans fonts-lato fonts-noto-core fonts-freefont-ttf fonts-inter "
    "fonts-urw-base35 fonts-quicksand fonts-ebgaramond fonts-linuxlibertine fonts-firacode fonts-jetbrains-mono "
    "fonts-comic-neue fonts-humor-sans fonts-crosextra-carlito fonts-crosextra-caladea fonts-cantarell fonts-karla "
    "fonts-play fonts-league-spartan fonts-hack fonts-courier-prime fonts-opendyslexic fonts-kristi"
)
WANTED_STYLES = {"Regular", "Book", "Bold", "Medium", "Roman", "Semibold", "SemiBold"}


@lru_cache(maxsize=None)
def families(split: str) -> dict[str, list[str]]:
    """Paths of the font files of a split by kind. Raises if a kind has none."""
    listing = subprocess.run(["fc-list", "--format", "%{family[0]}|%{style[0]}|%{variable}|%{file}\n"], capture_output=True, text=True, check=True)
    files: dict[str, list[str]] = {}
    for line in sorted(set(listing.stdout.splitlines())):
        family, style, _, path = line.split("|")
        if style in WANTED_STYLES and path.endswith((".ttf", ".otf")):
            files.setdefault(family, []).append(path)
    found = {kind: [path for name in names for path in files.get(name, [])] for kind, names in (TRAIN if split == "train" else TEST).items()}
    missing = [kind for kind, paths in found.items() if not paths]
    if missing:
        raise RuntimeError(f"No {', '.join(missing)} fonts for the {split} split; install them: apt-get install {PACKAGES}")
    return found


@lru_cache(maxsize=None)
def characters(path: str) -> frozenset[str]:
    """Every character that the font has a glyph for."""
    return frozenset(map(chr, TTFont(path, fontNumber=0, lazy=True).getBestCmap()))


def covering(path: str, text: str) -> str:
    """The font, or where it lacks a character of the text a sans font of the same split that has them all."""
    if characters(path).issuperset(text):
        return path
    split = "test" if any(path in paths for paths in families("test").values()) else "train"
    return next(other for other in families(split)["sans"] if characters(other).issuperset(text))


@lru_cache(maxsize=2048)
def load(path: str, size: int) -> ImageFont.FreeTypeFont:
    """The font at `path` in `size` pixels; cached, since opening one costs more than drawing with it."""
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def pick(rng, split: str, kinds: str = "sans sans sans serif mono") -> str:
    """A font file of one of the kinds; in training the two commonest families come up most."""
    kind = rng.choice(kinds.split())
    paths = families(split)[kind]
    if split == "train" and kind == "sans" and rng.random() < 0.4:
        common = [path for path in paths if "DejaVu" in path or "LiberationSans" in path]
        return rng.choice(common or paths)
    return rng.choice(paths)
