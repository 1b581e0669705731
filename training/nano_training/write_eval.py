"""A held-out set of questions in the format of `vistazo eval`, so that the whole pipeline is scored, not the network alone.

`python -m nano_training.write_eval --out EVAL --pictures 50`, then `npx vistazo eval EVAL/cases.jsonl`.
"""

import argparse
import json
import random
from pathlib import Path

from .evaluate import held_out_samples
from .language import language


def case(task: str, picture: str, question: str, answer: str) -> dict:
    """One line of the file: the chat format, the picture relative to it."""
    content = [{"type": "image", "image": picture}, {"type": "text", "text": question}]
    return {"task": task, "messages": [{"role": "user", "content": content}], "answer": answer}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=50, help="pictures per task")
    parser.add_argument("--questions", type=int, default=3, help="questions per picture")
    parser.add_argument("--seed", type=int, default=4048)
    parser.add_argument("--easy-vqa", type=Path)
    parser.add_argument("--layouts", choices=["same", "other"], default="same")
    parser.add_argument("--by-language", action="store_true", help="add -en or -es to the task names")
    arguments = parser.parse_args()
    (arguments.out / "pictures").mkdir(parents=True, exist_ok=True)
    rng, lines = random.Random(arguments.seed), []
    samples = held_out_samples(arguments.pictures, arguments.seed, arguments.easy_vqa, arguments.layouts)
    for index, sample in enumerate(samples):
        picture = f"pictures/{index:05d}.png"
        sample.image.save(arguments.out / picture)
        for turn in rng.sample(sample.turns, min(arguments.questions, len(sample.turns))):
            task = f"{turn.task}-{language(turn.question)}" if arguments.by_language else turn.task
            lines.append(json.dumps(case(task, picture, turn.question, turn.answer), ensure_ascii=False))
    (arguments.out / "cases.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
