"""Collects texts to draw from installed documentation: translated messages, manuals, word lists, code, paths, addresses.

`python -m recogniser_training.corpus --data DATA` writes `DATA/texts/SPLIT/KIND-LANGUAGE.txt`, one text a line. A text is
kept out of training by a hash of its letters, code by a hash of its file, so no held-out text is ever trained on.
"""

import argparse
import gettext
import gzip
import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from .charset import clean, known

LANGUAGES = {
    "en": ("american-english", "british-english"), "es": ("spanish",), "fr": ("french",), "de": ("ngerman",),
    "it": ("italian",), "pt": ("portuguese", "brazilian"), "nl": ("dutch",), "sv": ("swedish",), "da": ("danish",),
    "nb": ("bokmaal",), "ca": ("catalan",), "fi": (), "gl": (), "is": (),
}
FOLDERS = {"pt_BR": "pt", "nn": "nb", "no": "nb"}
CODE_ENDINGS = {".py", ".js", ".ts", ".mjs", ".cjs", ".c", ".h", ".sh", ".json", ".css", ".pl", ".pm", ".rb", ".html", ".xml", ".md", ".yml", ".yaml", ".toml", ".conf"}
HELD_OUT_SHARE, MOST_TEXTS = 0.04, 60_000
WORDS = ("file", "name", "value", "id", "size", "path", "42", "7", "0x1f", "main.c", "user", "3.1", "key", "1024")


def held_out(unit: str) -> bool:
    """Whether a text (or a file's name) is for evaluation only; letters and digits alone decide."""
    letters = re.sub(r"[\W_]+", "", unit.lower())
    return int.from_bytes(hashlib.sha256(letters.encode()).digest()[:4], "big") < HELD_OUT_SHARE * 2**32


def filled(text: str) -> str:
    """A message without its marks for menus and bold type, values in the places of `%s`."""
    text = re.sub(r"</?[a-zA-Z][^>]{0,60}>", "", text).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    text = re.sub(r"(?<!\w)_(?=\w)|(?<=[a-z])_(?=[a-z]+\b)" if text.count("_") == 1 else r"$^", "", text)
    values = random.Random(text)
    return re.sub(r"%(\d+\$)?[-+0 #']*(\d+|\*)?(\.(\d+|\*))?(hh|h|ll|l|z|j|q|L|t)?[diouxXeEfgGcspwmEqKTDFAOQ](?![a-z])", lambda _: values.choice(WORDS), text)


def messages(folders: list[Path]) -> Iterator[tuple[str, str]]:
    """Language and text of each message in the gettext catalogues, and the English originals."""
    for folder in folders:
        for path in sorted(folder.glob("*/LC_MESSAGES/*.mo")):
            name = path.parts[-3]
            language = FOLDERS.get(name, name.split("_")[0])
            if language not in LANGUAGES:
                continue
            try:
                with path.open("rb") as file:
                    catalogue = gettext.GNUTranslations(file)._catalog
            except (OSError, UnicodeDecodeError, ValueError):
                continue
            for original, translated in catalogue.items():
                original = original[0] if isinstance(original, tuple) else original
                if not original or not translated or original == translated:
                    continue
                for line in translated.split("\n"):
                    yield language, filled(line)
                if language in ("es", "fr", "de"):
                    for line in original.split("\x04")[-1].split("\n"):
                        yield "en", filled(line)


def manuals(folders: list[Path]) -> Iterator[tuple[str, str]]:
    """Language and text of each paragraph line of the manual pages."""
    for folder in folders:
        for path in sorted(folder.glob("**/*.gz")):
            name = path.relative_to(folder).parts[0]
            language = "en" if re.fullmatch(r"man\d", name) else FOLDERS.get(name, name.split("_")[0].split(".")[0])
            if language not in LANGUAGES or (language == "en" and path.stat().st_size > 60_000):
                continue
            try:
                text = gzip.decompress(path.read_bytes()).decode("utf-8")
            except (OSError, UnicodeDecodeError, EOFError):
                continue
            for line in text.split("\n"):
                line = re.sub(r"\\f[A-Z]|\\f\(..|\\f\[[A-Z]*\]|\\&|\\[|/,]|\\s[-+]?\d", "", line)
                line = line.replace("\\-", "-").replace("\\(co", "©").replace("\\(aq", "'").replace("\\e", "\\").replace("\\(dq", '"')
                if len(line) > 20 and line[0] not in ".'" and not re.search(r"\\[^\\ntrw.d]", line):
                    yield language, line


def lines_of_code(folders: list[Path], rng: random.Random) -> Iterator[tuple[str, str]]:
    """Whether its file is held out ("test" or "train"), and a line of code without its indent."""
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in CODE_ENDINGS and path.is_file() and not path.is_symlink()]
    rng.shuffle(paths)
    for path in paths[:12_000]:
        split = "test" if held_out(str(path)) else "train"
        if path.stat().st_size > 400_000:
            continue
        lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="ignore").split("\n")]
        lines = [line for line in lines if 2 < len(line) < 160]
        for line in rng.sample(lines, min(40, len(lines))):
            yield split, line


class Corpus:
    """Texts by split, kind and language; each at most `MOST_TEXTS`, chosen at random."""

    def __init__(self, seed: int):
        self.rng, self.texts, self.seen = random.Random(seed), defaultdict(list), defaultdict(set)

    def add(self, kind: str, language: str, text: str, split: str | None = None) -> None:
        """Take a text if the recogniser knows its signs; the split follows from its letters unless given."""
        text = re.sub(r"[\t\r]+", "  ", text).strip()
        label = clean(text)
        if not 1 <= len(label) <= 400 or not known(label):
            return
        key = hash(label.lower())
        if key in self.seen[kind, language]:
            return
        self.seen[kind, language].add(key)
        self.texts[split or ("test" if held_out(label) else "train"), kind, language].append(text)

    def write(self, folder: Path) -> None:
        for (split, kind, language), texts in sorted(self.texts.items()):
            self.rng.shuffle(texts)
            path = folder / split / f"{kind}-{language}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(texts[:MOST_TEXTS]) + "\n", encoding="utf-8")
            print(split, kind, language, min(len(texts), MOST_TEXTS))


def collect(roots: list[Path], code: list[Path], seed: int) -> Corpus:
    """The corpus of the systems unpacked or installed at `roots`."""
    corpus = Corpus(seed)
    for language, text in messages([root / "usr/share/locale" for root in roots]):
        words = len(text.split())
        corpus.add("interface" if words <= 4 else "message", language, text)
    for language, text in manuals([root / "usr/share/man" for root in roots]):
        corpus.add("prose", language, text)
        for address in re.findall(r"https?://[\w./~%#?&=+:@-]+[\w/]|[\w.+-]+@[\w-]+\.[\w.-]+\w", text):
            corpus.add("address", "any", address)
        for path in re.findall(r"(?<![\w/:])~?/[\w.+-]+(?:/[\w.+*-]+)+", text):
            corpus.add("path", "any", path)
    for root in roots:
        for language, names in LANGUAGES.items():
            for path in [root / "usr/share/dict" / name for name in names]:
                if path.is_file():
                    words = path.read_text(encoding="utf-8", errors="ignore").split("\n")
                    for word in corpus.rng.sample(words, min(len(words), 80_000)):
                        corpus.add("word", language, word.split("/")[0])
        for listing in sorted((root / "var/lib/dpkg/info").glob("*.list")):
            paths = [line for line in listing.read_text(errors="ignore").split("\n") if line.count("/") > 2]
            for path in corpus.rng.sample(paths, min(30, len(paths))):
                corpus.add("path", "any", path)
        for path in sorted((root / "usr/share/doc").rglob("copyright"))[:3000]:
            for address in re.findall(r"https?://[\w./~%#?&=+:@-]+[\w/]|[\w.+-]+@[\w-]+\.[\w.-]+\w", path.read_text(errors="ignore")):
                corpus.add("address", "any", address)
    for split, line in lines_of_code(code, corpus.rng):
        corpus.add("code", "any", line, split)
    return corpus


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--code", type=Path, nargs="*", default=[Path("/usr/lib/python3"), Path("/usr/lib/python3.11"), Path("/usr/share/perl"), Path("/usr/include"), Path("../node_modules")])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    collect([Path("/"), arguments.data / "system"], arguments.code, arguments.seed).write(arguments.data / "texts")


if __name__ == "__main__":
    main()
