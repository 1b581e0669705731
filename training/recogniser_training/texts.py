"""Draws a text of some kind: from the corpus, or made up where its form is what matters (numbers, ids, dates, sums)."""

import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .charset import SIGNS, clean, known

KINDS = {
    "prose": 0.2, "message": 0.16, "interface": 0.13, "word": 0.1, "code": 0.14, "path": 0.05, "address": 0.05,
    "number": 0.09, "log": 0.04, "rare": 0.04,
}
LANGUAGES = {"en": 0.36, "es": 0.24, "fr": 0.07, "de": 0.07, "it": 0.05, "pt": 0.06, "nl": 0.03, "sv": 0.03, "da": 0.02, "nb": 0.02, "ca": 0.02, "fi": 0.01, "gl": 0.01, "is": 0.01}
RARE = "¿¡ÑñÁÉÍÓÚÜáéíóúüÀÂÄÃÅÆÇÈÊËÌÎÏÒÔÖÕØÙÛÝÞÐßàâäãåæçèêëìîïòôöõøùûýþðÿŒœŸŠšŽž«»‹›„“”‘’‚–—…•€£¥¢§°ºª·±×÷¼½¾¹²³µ¶©®™†‡‰←→↑↓✓✗≤≥≠≈∞¤¦¬"
HOSTS = ("com", "org", "net", "io", "dev", "es", "de", "fr", "it", "pt", "nl", "co.uk", "com.mx", "cat", "eu")
LEVELS = ("ERROR", "WARN", "WARNING", "INFO", "DEBUG", "FATAL", "TRACE", "[error]", "[warn]", "[info]", "E", "W", "I")


@dataclass(frozen=True)
class Text:
    """What is drawn, its language ("any" where it has none) and kind. What should be read is `clean(drawn)`."""

    drawn: str
    language: str
    kind: str


def digits(rng: random.Random, least: int, most: int) -> str:
    return "".join(rng.choices(string.digits, k=rng.randint(least, most)))


def hexadecimal(rng: random.Random, length: int) -> str:
    text = "".join(rng.choices("0123456789abcdef", k=length))
    return text.upper() if rng.random() < 0.3 else text


def grouped(rng: random.Random, sign: str) -> str:
    """A large number in groups of three."""
    return f"{rng.randrange(10 ** rng.randint(1, 10)):,}".replace(",", sign)


def money(rng: random.Random) -> str:
    amount = f"{grouped(rng, rng.choice(',. '))}{rng.choice('.,')}{digits(rng, 2, 2)}"
    return rng.choice([f"${amount}", f"{amount} €", f"€{amount}", f"£{amount}", f"{amount} EUR", f"US$ {amount}", f"-{amount}", f"({amount})", f"¥{grouped(rng, ',')}"])


def date(rng: random.Random) -> str:
    year, month, day = rng.randint(1970, 2035), rng.randint(1, 12), rng.randint(1, 28)
    return rng.choice([f"{year}-{month:02}-{day:02}", f"{day:02}/{month:02}/{year}", f"{month}/{day}/{year % 100:02}", f"{day}.{month}.{year}", f"{year}/{month:02}/{day:02}"])


def clock(rng: random.Random) -> str:
    hour, minute, second = rng.randrange(24), rng.randrange(60), rng.randrange(60)
    return rng.choice([f"{hour:02}:{minute:02}", f"{hour:02}:{minute:02}:{second:02}", f"{hour:02}:{minute:02}:{second:02}.{digits(rng, 3, 3)}", f"{hour % 12 + 1}:{minute:02} {rng.choice(['AM', 'PM', 'am', 'pm', 'p. m.'])}"])


def moment(rng: random.Random) -> str:
    return rng.choice([f"{date(rng)} {clock(rng)}", f"{date(rng)}T{clock(rng)}Z", f"[{date(rng)} {clock(rng)}]", f"{clock(rng)}", f"{date(rng)}, {clock(rng)}"])


def identifier(rng: random.Random) -> str:
    letters = lambda n: "".join(rng.choices(string.ascii_uppercase, k=n))
    return rng.choice([
        lambda: "-".join(hexadecimal(rng, n) for n in (8, 4, 4, 4, 12)), lambda: hexadecimal(rng, rng.choice([7, 8, 12, 16, 32, 40])),
        lambda: f"0x{hexadecimal(rng, rng.choice([2, 4, 8, 8, 16]))}", lambda: f"{letters(rng.randint(2, 4))}-{digits(rng, 2, 7)}",
        lambda: f"#{digits(rng, 1, 6)}", lambda: f"#{hexadecimal(rng, 6)}", lambda: "".join(rng.choices(string.ascii_letters + string.digits, k=rng.randint(6, 24))),
        lambda: "".join(rng.choices(string.ascii_letters + string.digits + "-_", k=rng.randint(8, 20))), lambda: f"{letters(2)}{digits(rng, 2, 2)} {' '.join(digits(rng, 4, 4) for _ in range(rng.randint(3, 5)))}",
        lambda: ":".join(hexadecimal(rng, 2) for _ in range(6)), lambda: f"{letters(1)}{digits(rng, 7, 8)}{letters(1)}", lambda: f"{digits(rng, 4, 4)} {letters(3)}",
        lambda: f"ERR_{letters(rng.randint(3, 8))}_{letters(rng.randint(3, 8))}", lambda: f"E{digits(rng, 3, 5)}", lambda: f"v{rng.randrange(20)}.{rng.randrange(30)}.{rng.randrange(40)}",
    ])()


def number(rng: random.Random) -> str:
    """A number, sum, date, id, measure or version."""
    return rng.choice([
        identifier, identifier, identifier, money, money, date, clock, moment, lambda r: digits(r, 1, 12), lambda r: grouped(r, r.choice(",. ")),
        lambda r: f"{r.randrange(101)}{r.choice(['%', ' %', ',5 %', '.25%'])}", lambda r: f"-{r.randrange(100)}.{digits(r, 1, 6)}", lambda r: f"{r.random():.{r.randint(1, 8)}e}",
        lambda r: ".".join(str(r.randrange(256)) for _ in range(4)) + r.choice(["", ":8080", "/24", f":{r.randrange(65536)}"]), lambda r: f"+{r.randrange(1, 99)} {digits(r, 2, 3)} {digits(r, 3, 3)} {digits(r, 2, 4)}",
        lambda r: f"({digits(r, 3, 3)}) {digits(r, 3, 3)}-{digits(r, 4, 4)}", lambda r: f"{r.randrange(1000)}{r.choice([' ', ''])}{r.choice(['KB', 'MB', 'GB', 'GiB', 'kB', 'ms', 's', 'km', 'kg', 'px', 'dpi', '°C', 'm²', 'cm³', 'µm', 'kWh', 'h', 'min'])}",
        lambda r: f"{r.randrange(100)} {r.choice('+-×÷=<>≤≥≠≈/*')} {r.randrange(100)} = {r.randrange(1000)}", lambda r: f"{r.randrange(1, 4000)} × {r.randrange(1, 4000)}", lambda r: " ".join(digits(r, 4, 4) for _ in range(4)),
        lambda r: f"{r.randrange(1, 300)}/{r.randrange(1, 300)}", lambda r: f"{r.randrange(100)} – {r.randrange(100)}", lambda r: f"n.º {r.randrange(999)}", lambda r: f"{r.randrange(1, 40)}ª", lambda r: f"{r.choice('ABCDEFGH')}{r.randrange(100)}",
    ])(rng)


class Texts:
    """The texts of one split (`train` or `test`)."""

    def __init__(self, folder: Path, split: str):
        self.by_kind: dict[str, dict[str, list[str]]] = {}
        for path in sorted((folder / split).glob("*.txt")):
            kind, language = path.stem.split("-")
            self.by_kind.setdefault(kind, {})[language] = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
        missing = {"prose", "message", "interface", "word", "code", "path", "address"} - set(self.by_kind)
        if missing:
            raise RuntimeError(f"No texts of kind {', '.join(sorted(missing))} in {folder / split}; run `python -m recogniser_training.corpus`")
        self.makers: dict[str, Callable[[random.Random, str], str]] = {"word": self.words, "number": lambda rng, _: self.numbers(rng), "log": self.log, "rare": self.rare, "path": lambda rng, _: self.path(rng), "address": lambda rng, _: self.address(rng)}

    def draw(self, rng: random.Random, most: int = 80) -> Text:
        """A text of at most `most` signs as they are drawn, without blanks at its ends."""
        while True:
            kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
            language = self.language(rng, kind)
            made = self.makers.get(kind, lambda rng, language, kind=kind: self.stored(rng, kind, language))(rng, language)
            drawn = self.cut(rng, self.varied(rng, made, kind), most)
            if drawn and known(clean(drawn)) and clean(drawn):
                return Text(drawn, language, kind)

    def language(self, rng: random.Random, kind: str) -> str:
        """A language that has texts of the kind."""
        known_ones = self.by_kind[{"log": "message", "rare": "word"}.get(kind, kind)] if kind not in ("number", "path", "address", "code") else {}
        names = [name for name in LANGUAGES if name in known_ones]
        return rng.choices(names, [LANGUAGES[name] for name in names])[0] if names else "any"

    def stored(self, rng: random.Random, kind: str, language: str) -> str:
        return rng.choice(self.by_kind[kind][language])

    def words(self, rng: random.Random, language: str) -> str:
        """Some words of a list, sometimes with signs between them; those with rare signs more often."""
        chosen = [self.stored(rng, "word", language) for _ in range(rng.randint(1, 7))]
        for index, word in enumerate(chosen):
            if word.isascii() and rng.random() < 0.4:
                chosen[index] = self.stored(rng, "word", language)
        joint = rng.choices([" ", ", ", " · ", " / ", " - ", " | ", "_", "-", ": ", " > ", "  ", ". ", " & ", ""], [60, 8, 2, 3, 3, 2, 3, 3, 3, 2, 3, 3, 2, 1])[0]
        if joint == "":
            return chosen[0] + "".join(word.capitalize() for word in chosen[1:3])
        text = joint.join(chosen)
        return rng.choices([text, f"¿{text.capitalize()}?", f"¡{text.capitalize()}!", f"«{text}»", f"“{text}”", f"„{text}“", f'"{text}"', f"({text})", f"{text}…", f"• {text}", f"{text}:", f"'{text}'", f"[{text}]", f"- {text}", f"✓ {text}"], [60, 6, 6, 3, 3, 2, 4, 4, 3, 3, 6, 2, 2, 2, 1])[0]

    def numbers(self, rng: random.Random) -> str:
        if rng.random() < 0.35:
            word = self.stored(rng, "interface", rng.choice(["en", "es"]))
            return f"{word}{rng.choice([': ', ' ', ' = ', ' (', '  '])}{number(rng)}"
        return rng.choice(["  ", " ", ", ", " - "]).join(number(rng) for _ in range(rng.choice([1, 1, 1, 2, 3])))

    def log(self, rng: random.Random, language: str) -> str:
        parts = [moment(rng), rng.choice(LEVELS), self.stored(rng, "message", language)]
        if rng.random() < 0.3:
            parts.insert(2, rng.choice([f"[{self.stored(rng, 'word', 'en')}]", f"{self.stored(rng, 'word', 'en')}:", f"({identifier(rng)})", f"{self.path(rng)}:{rng.randrange(999)}:"]))
        return rng.choice([" ", "  ", " - "]).join(parts[rng.choice([0, 0, 1]):])

    def rare(self, rng: random.Random, language: str) -> str:
        """Words among signs that are seldom seen, each as often as the others."""
        text = self.stored(rng, "word", language)
        for _ in range(rng.randint(1, 4)):
            sign = rng.choice(RARE if rng.random() < 0.7 else SIGNS)
            at = rng.randint(0, len(text))
            text = rng.choice([text[:at] + sign + text[at:], text + sign, sign + text, f"{text} {sign} {self.stored(rng, 'word', language)}"])
        return text

    def path(self, rng: random.Random) -> str:
        path = self.stored(rng, "path", "any")
        if rng.random() < 0.3:
            return f"{rng.choice('CCCDE')}:" + re.sub("/+", r"\\", path)
        return rng.choices([path, path.lstrip("/"), "~" + path, "./" + path.lstrip("/"), f"{path}:{rng.randrange(900)}:{rng.randrange(90)}", path.rsplit("/", 1)[-1]], [50, 10, 5, 5, 10, 20])[0]

    def address(self, rng: random.Random) -> str:
        word = lambda: re.sub(r"[^a-z0-9]", "", self.stored(rng, "word", rng.choice(["en", "es"])).lower()) or "example"
        if rng.random() < 0.5:
            return self.stored(rng, "address", "any")
        host = f"{rng.choice(['www.', '', 'api.', 'mail.'])}{word()}.{rng.choice(HOSTS)}"
        return rng.choice([f"{word()}{rng.choice(['.', '_', '', '+'])}{word()}@{host}", f"https://{host}/{word()}/{word()}?{word()}={rng.randrange(999)}", f"http://localhost:{rng.randrange(65536)}/{word()}", f"{host}/{word()}", f"@{word()}{rng.randrange(99)}", f"#{word()}"])

    def varied(self, rng: random.Random, text: str, kind: str) -> str:
        """Now and then in capitals, as a title, or with wider gaps."""
        chance = rng.random()
        if kind in ("prose", "message", "interface", "word"):
            if chance < 0.07 and "ß" not in text:
                text = text.upper()
            elif chance < 0.11:
                text = text.title()
            elif chance < 0.13:
                text = text.lower()
        if rng.random() < 0.03:
            text = text.replace(" ", "  " if rng.random() < 0.7 else "   ")
        return text

    def cut(self, rng: random.Random, text: str, most: int) -> str:
        """A stretch of whole words of a random length, as lines break where they like."""
        wanted = min(most, round(rng.triangular(3, 95, 28)))
        if len(text) <= wanted:
            return text.strip()
        words = re.split(r"(?<=\s)(?=\S)", text)
        start = rng.choice([0, rng.randrange(len(words))])
        taken = words[start]
        for word in words[start + 1:]:
            if len(taken) + len(word.rstrip()) > wanted:
                break
            taken += word
        taken = taken.strip()
        return taken if len(taken) <= most else taken[:most].strip()
