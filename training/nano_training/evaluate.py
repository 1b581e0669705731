"""Exact match per task and language on held-out pictures: other fonts, words and seeds than training.

`python -m nano_training.evaluate --model ../packages/nano/model --pictures 100`

An answer counts when greedy decoding would give exactly the expected tokens and then stop. That is checked in one
pass with the expected answer fed in: greedy decoding follows it if and only if every token is the most likely one.
"""

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path

import torch

from .export import load_exported
from .language import language
from .loss import run_batch
from .model import NanoModel
from .packing import Batch
from .sampling import held_out_rows
from .tokenizer import build_tokenizer, load_words


def score(model: NanoModel, samples: list, batches: list[Batch]) -> dict[str, dict[str, list[int]]]:
    """Right and asked, per task and language. `batches` hold the samples' turns in order."""
    asked = iter(turn for sample in samples for turn in sample.turns[:8])
    table: dict[str, dict[str, list[int]]] = defaultdict(lambda: {"en": [0, 0], "es": [0, 0]})
    with torch.no_grad():
        for batch in batches:
            for task, right in run_batch(model, batch, torch.device("cpu")).turns:
                cell = table[task][language(next(asked).question)]
                cell[0] += right
                cell[1] += 1
    return table


def held_out_samples(pictures: int, seed: int, easy_vqa: Path | None, layouts: str = "same") -> list:
    """`pictures` of each task from the test split (`layouts="same"`) or of the layouts that training never draws
    (`"other"`), and, given its folder, easy-VQA pictures kept out of training."""
    from .draw import TASKS, draw, load_easy_vqa

    rng = random.Random(seed)
    if layouts == "other":
        from .other_layouts import PAINTERS, draw_other

        samples = [draw_other(task, rng.getrandbits(40)) for task in PAINTERS for _ in range(pictures)]
    else:
        samples = [draw(task, rng.getrandbits(40), "test", rng.random()) for task in TASKS for _ in range(pictures)]
    found = load_easy_vqa(easy_vqa, "test") if easy_vqa else []
    real = [found[index] for index in range(min(pictures, len(found)))]
    for sample in real:
        for turn in sample.turns:
            turn.task = "easy-vqa"
    return samples + real


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=100, help="pictures per task")
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--easy-vqa", type=Path)
    parser.add_argument("--layouts", choices=["same", "other"], default="same", help="other: drawn by code training never runs")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model = load_exported(arguments.model)
    samples = held_out_samples(arguments.pictures, arguments.seed, arguments.easy_vqa, arguments.layouts)
    tokenizer = build_tokenizer(load_words(), model.sizes.vocab)
    table = score(model, samples, held_out_rows(tokenizer, samples, model.sizes.image_px, max_text=4000))
    print(json.dumps(table))
    print("| task | English | Spanish | both |\n|---|---|---|---|")
    for task, cells in sorted(table.items()):
        both = [a + b for a, b in zip(cells["en"], cells["es"], strict=True)]
        shown = [f"{right / of:.1%} ({right}/{of})" if of else "–" for right, of in (cells["en"], cells["es"], both)]
        print(f"| {task} | {' | '.join(shown)} |")


if __name__ == "__main__":
    main()
