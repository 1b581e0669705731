"""Writes test/reference/generation/processors.json: which tokens transformers' logits processors leave, in the order in which
`generate` applies them, and how likely each is.

pip install torch==2.13.0 transformers==5.23.0
Run: python test/reference/make_generation_vectors.py
"""

import json
from pathlib import Path

import torch
import transformers
from transformers import AutoConfig, GenerationConfig, Idefics3ForConditionalGeneration

HERE = Path(__file__).parent
OPTIONS = [
    {}, {"temperature": 0.3}, {"temperature": 2.5}, {"top_k": 1}, {"top_k": 7}, {"top_k": 500}, {"top_p": 0.05}, {"top_p": 0.8},
    {"top_p": 0.999}, {"min_p": 0.02}, {"min_p": 0.5}, {"min_p": 1.0}, {"repetition_penalty": 1.7}, {"repetition_penalty": 0.6},
    {"temperature": 0.7, "top_k": 20, "top_p": 0.9}, {"temperature": 1.8, "top_p": 0.9, "min_p": 0.1},
    {"temperature": 0.9, "top_k": 12, "top_p": 0.95, "min_p": 0.03, "repetition_penalty": 1.3},
]


def rows() -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    ties = torch.randn(80)
    ties[[3, 14, 15, 40, 41, 42, 43, 79]] = 2.0
    return {
        "scattered": torch.randn(300) * 3, "flat": torch.randn(200) * 0.05, "one far above": torch.cat([torch.randn(99), torch.tensor([25.0])]),
        "far apart": torch.linspace(-60, 60, 64), "masked": torch.where(torch.arange(50) % 3 == 0, float("-inf"), torch.randn(50)),
        "ties": ties,
    }


def main() -> None:
    model = Idefics3ForConditionalGeneration(AutoConfig.from_pretrained(HERE / "tiny-idefics3"))
    cases = []
    for name, logits in rows().items():
        logits = (logits * 4096).round() / 4096
        seen = list(range(0, len(logits), 4))
        for options in OPTIONS:
            if name == "ties" and ("top_p" in options):
                continue  # Which of equals the reference drops is left to the sorting.
            config = GenerationConfig(do_sample=True, **{"top_k": 0, **options})
            processors = model._get_logits_processor(
                generation_config=config, input_ids_seq_length=len(seen), encoder_input_ids=None,
                prefix_allowed_tokens_fn=None, logits_processor=[], device="cpu", model_kwargs={},
            )
            scores = processors(torch.tensor([seen]), logits[None].clone())[0]
            kept = torch.nonzero(scores > float("-inf"))[:, 0]
            likely = scores.double().softmax(-1)
            cases.append({"row": name, "options": options, "tokens": kept.tolist(), "probabilities": [round(likely[i].item(), 9) for i in kept]})
    numbers = {name: [x if x > float("-inf") else None for x in ((row * 4096).round() / 4096).tolist()] for name, row in rows().items()}
    out = {"transformers": transformers.__version__, "seenEvery": 4, "rows": numbers, "cases": cases}
    (HERE / "generation").mkdir(exist_ok=True)
    (HERE / "generation" / "processors.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
