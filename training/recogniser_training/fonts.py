"""Fonts to draw with: Debian's packages and @fontsource's. Whole families are held out for evaluation."""

import json
import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError

SOURCES = json.loads((Path(__file__).parent / "fonts.json").read_text())
GROUPS = {"sans": 0.42, "mono": 0.28, "serif": 0.18, "other": 0.12}
NEEDED = set("ABCXYZabcxyz0123456789.,:;!?()[]{}<>@#%&/\\'\"+-=_*ñÑáéíóúüçàêöß¿¡")
STYLES = re.compile(r"[- ](thin|extralight|light|regular|book|medium|semibold|demibold|bold|extrabold|black|italic|oblique|roman)\b.*", re.I)
WEIGHTS = {"300": "light", "400": "regular", "500": "medium", "600": "bold", "700": "bold"}
UNWANTED = re.compile(r"symbol|icon|emoji|barcode|dseg|math|ornament|initials|braille|outline|shadow|swash|small ?caps|fell|unifont|d050000l|monocaps|bebas|style std|script std|key ?font|^noto sans (?!mono|display)|^noto serif (?!display)", re.I)


@dataclass(frozen=True)
class Font:
    """One font file: its family in lower case without blanks, its group, weight and slant, and the signs it has."""

    path: str
    family: str
    group: str
    bold: bool
    italic: bool
    signs: frozenset[str]


def plain(family: str) -> str:
    """A family's name in lower case letters and digits, without its style."""
    return re.sub(r"[^a-z0-9]", "", STYLES.sub("", family).lower())


def held_out(family: str) -> bool:
    """Whether a family (as `plain` gives it) is for evaluation only."""
    return any(family in families for families in SOURCES["held_out"].values())


def group_of(font: TTFont, family: str) -> str:
    """sans, serif, mono, or other (hands and display), from the font's own tables."""
    for table in (SOURCES["held_out"], SOURCES["groups"]):
        for group, members in table.items():
            if family in members:
                return group
    widths = [font["hmtx"][font.getBestCmap()[ord(sign)]][0] for sign in "iW.m"]
    if len(set(widths)) == 1:
        return "mono"
    panose = font["OS/2"].panose
    if panose.bFamilyType in (3, 4, 5) or (font["OS/2"].sFamilyClass >> 8) in (9, 10, 12):
        return "other"
    if "slab" in family or "serif" in family.replace("sansserif", "") or 2 <= panose.bSerifStyle <= 10 or 1 <= (font["OS/2"].sFamilyClass >> 8) <= 7:
        return "serif"
    return "sans"


def read_font(path: str, family: str, bold: bool, italic: bool) -> Font | None:
    """The font, or None where it lacks signs that every Latin font needs."""
    try:
        font = TTFont(path, lazy=True, fontNumber=0)
        table = font.getBestCmap() or {}
        signs = frozenset(map(chr, table))
        if not signs >= NEEDED or "hmtx" not in font or "OS/2" not in font or not ("glyf" in font or "CFF " in font):
            return None
        return Font(path, family, group_of(font, family), bold, italic, signs)
    except (TTLibError, OSError, KeyError, AssertionError, AttributeError):
        return None


def from_debian() -> list[tuple[str, str, bool, bool]]:
    """Installed scalable fonts: path, family, bold, italic; at most one file for each style of a family."""
    form = "%{family[0]}|%{weight}|%{slant}|%{width}|%{variable}|%{fontformat}|%{file}\n"
    listing = subprocess.run(["fc-list", "--format", form], capture_output=True, text=True, check=True).stdout
    found: dict[tuple[str, str, str], str] = {}
    for line in sorted(set(listing.splitlines())):
        family, weight, slant, _, variable, kind, path = line.split("|")
        if variable == "True" or kind not in ("TrueType", "CFF") or UNWANTED.search(family) or not path.endswith((".ttf", ".otf")):
            continue
        number = float(weight) if re.fullmatch(r"[\d.]+", weight) else 80
        if 50 <= number <= 200:
            found.setdefault((plain(family), "bold" if number >= 180 else "regular" if number < 110 else "medium", slant), path)
    return [(path, family, weight == "bold", slant != "0") for (family, weight, slant), path in found.items()]


def from_fontsource(folder: Path) -> list[tuple[str, str, bool, bool]]:
    """The Latin files of the packages in `folder`/node_modules/@fontsource."""
    found = []
    for package in sorted(package for package in SOURCES["npm"] if not UNWANTED.search(package)):
        for path in sorted((folder / "node_modules" / "@fontsource" / package / "files").glob("*-latin-*.woff2")):
            match = re.search(r"-latin-(\d+)-(normal|italic)\.woff2$", path.name)
            if match and match[1] in WEIGHTS and (match[2] == "normal" or match[1] == "400"):
                found.append((str(path), plain(package), WEIGHTS[match[1]] == "bold", match[2] == "italic"))
    return found


@lru_cache(maxsize=1)
def all_fonts(folder: Path) -> list[Font]:
    """Every usable font; the list is kept in `folder`/fonts-found.json, since reading all files takes a minute."""
    cache = folder / "fonts-found.json"
    if not cache.exists():
        read = [read_font(*found) for found in from_debian() + from_fontsource(folder)]
        rows = [{**font.__dict__, "signs": "".join(sorted(font.signs))} for font in read if font]
        cache.write_text(json.dumps(rows))
    return [Font(**{**row, "signs": frozenset(row["signs"])}) for row in json.loads(cache.read_text())]


def families(folder: Path, split: str) -> dict[str, dict[str, list[Font]]]:
    """Fonts of a split (`train` or `test`) by group and family. Raises where a group has none."""
    found: dict[str, dict[str, list[Font]]] = {group: {} for group in GROUPS}
    for font in all_fonts(folder):
        if held_out(font.family) == (split == "test"):
            found[font.group].setdefault(font.family, []).append(font)
    missing = [group for group, members in found.items() if not members]
    if missing:
        raise RuntimeError(f"No {', '.join(missing)} fonts for the {split} split in {folder}; run `python -m recogniser_training.fetch --data {folder}`")
    return found
