"""Scores a recogniser on held-out lines: other fonts and texts than training.

`python -m recogniser_training.evaluate --data DATA --model FILE [--keys FILE] [--lines 1000] [--plain] [--json]`

FILE is `checkpoint.pt` of a run, or an ONNX recogniser with its `--keys`, of ours or of PP-OCR. A line is exact when every
sign and blank is right. Characters are 1 minus the edit distance for each sign. A word is right when it is read with
the blanks around it: it must be among the words, in order, that splitting at blanks gives.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from .charset import clean
from .model import read_keys
from .render import Line
from .sampling import held_out_lines, normalise
from .train import load_checkpoint, read_line, with_weights

NARROWEST_OF_PPOCR_PX, SEED = 320, 2026


@dataclass
class Score:
    """Counts over lines."""

    lines: int = 0
    exact: int = 0
    without_blanks: int = 0
    signs: int = 0
    errors: int = 0
    words: int = 0
    words_right: int = 0

    def add(self, label: str, read: str) -> None:
        self.lines, self.exact = self.lines + 1, self.exact + (label == read)
        self.without_blanks += label.replace(" ", "") == read.replace(" ", "")
        self.signs, self.errors = self.signs + len(label), self.errors + distance(label, read)
        words = label.split(" ")
        self.words, self.words_right = self.words + len(words), self.words_right + common(words, read.split(" "))

    def shares(self) -> dict[str, float]:
        return {
            "lines": self.lines, "exact": round(self.exact / self.lines, 4), "exact_without_blanks": round(self.without_blanks / self.lines, 4),
            "characters": round(1 - self.errors / self.signs, 4), "words": round(self.words_right / self.words, 4),
        }


def distance(first: Sequence, second: Sequence) -> int:
    """Levenshtein distance."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        left, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            left, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, left + (a != b))
    return row[-1]


def common(first: Sequence, second: Sequence) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for a in first:
        left = 0
        for j, b in enumerate(second, 1):
            left, row[j] = row[j], left + 1 if a == b else max(row[j], row[j - 1])
    return row[-1]


def onnx_reader(path: Path, keys: list[str]) -> Callable[[Line], str]:
    """Reads with an ONNX recogniser. PP-OCR's own are given lines padded to 320 pixels, as PaddleOCR does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    signs, name = ["", *keys, " "], session.get_inputs()[0].name
    ours = session.get_outputs()[0].name == "probabilities"

    def read(line: Line) -> str:
        pixels = normalise(line.pixels[None]).contiguous().numpy()
        if not ours and pixels.shape[3] < NARROWEST_OF_PPOCR_PX:
            pixels = np.pad(pixels, ((0, 0), (0, 0), (0, 0), (0, NARROWEST_OF_PPOCR_PX - pixels.shape[3])))
        best = session.run(None, {name: pixels})[0][0].argmax(-1)
        return "".join(signs[code] for index, code in enumerate(best) if code and (index == 0 or best[index - 1] != code)).strip()

    return read


def reader(path: Path, keys: Path | None) -> Callable[[Line], str]:
    """How the model in a file reads a line."""
    if path.suffix == ".pt":
        model = with_weights(load_checkpoint(path)["average"])
        return lambda line: read_line(model, line)
    if keys is None:
        raise SystemExit(f"{path} needs --keys, the file of its signs")
    return onnx_reader(path, read_keys(keys))


def score(lines: list[Line], read: Callable[[Line], str]) -> tuple[dict, list[tuple[Line, str]]]:
    """Shares overall, by language, font group and kind of text, and the lines misread."""
    tables: dict[str, dict[str, Score]] = {"all": defaultdict(Score), "language": defaultdict(Score), "group": defaultdict(Score), "kind": defaultdict(Score)}
    wrong = []
    for line in lines:
        text = clean(read(line))
        for table, key in (("all", "all"), ("language", line.language), ("group", line.group), ("kind", line.kind)):
            tables[table][key].add(line.label, text)
        if text != line.label:
            wrong.append((line, text))
    return {table: {key: one.shares() for key, one in sorted(rows.items())} for table, rows in tables.items()}, wrong


def show(result: dict) -> None:
    print("| lines of | lines | exact | blanks aside | characters | words |\n|---|---|---|---|---|---|")
    for table, rows in result.items():
        for key, row in rows.items():
            cells = [f"{row[name]:.2%}" for name in ("exact", "exact_without_blanks", "characters", "words")]
            print(f"| {key if table == 'all' else f'{table} {key}'} | {row['lines']} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--keys", type=Path)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--plain", action="store_true", help="lines as a screen shows them, not scaled, blurred or compressed")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines misread")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result, wrong = score(held_out_lines(arguments.data, arguments.lines, arguments.seed, arguments.plain), reader(arguments.model, arguments.keys))
    if arguments.json:
        misread = [{"label": line.label, "read": text, "family": line.family, "language": line.language, "kind": line.kind} for line, text in wrong]
        print(json.dumps({"model": arguments.model.name, "seed": arguments.seed, "plain": arguments.plain, **result, "misread": misread}, ensure_ascii=False))
    else:
        show(result)


if __name__ == "__main__":
    main()
