"""Held-out error dialogs with what they say by field, for `npm run bench:triage`.

`python -m nano_training.write_screenshots --out SCREENSHOTS`, then `npm run bench:triage -- --folder SCREENSHOTS`.
"""

import argparse
import json
import random
from pathlib import Path

from .draw import screenshots


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7077)
    parser.add_argument("--split", choices=["test", "train"], default="test", help="train: fonts, apps and messages that training knows, other seeds")
    parser.add_argument("--layouts", choices=["same", "other"], default="same", help="other: drawn by code training never runs")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rng, lines = random.Random(arguments.seed), []
    for index in range(arguments.pictures):
        seed = rng.getrandbits(40)
        if arguments.layouts == "other":
            from .other_layouts import draw_other

            sample = draw_other("screenshots", seed)
        else:
            sample = screenshots.draw(random.Random(seed), arguments.split, 1.0)
        picture = f"{index:05d}.png"
        sample.image.save(arguments.out / picture)
        lines.append(json.dumps({"picture": picture, **sample.facts}, ensure_ascii=False))
    (arguments.out / "fields.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
