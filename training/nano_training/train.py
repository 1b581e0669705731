"""The training loop. `python -m nano_training.train --recipe recipes/cpu.json --run RUN_FOLDER`; the same command resumes."""

import argparse
import json
import os
import random
import signal
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np
import torch

from .config import Recipe, load_recipe, sizes_to_dict
from .loss import read_only, run_batch
from .model import NanoModel
from .optim import make_optimizers
from .packing import Batch
from .sampling import DrawnAhead, Plan, fraction_done, held_out_rows, phase_at
from .tokenizer import IMAGE, build_tokenizer, load_words


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints and log, outside the repository")
    parser.add_argument("--easy-vqa", type=Path, help="folder of the easy-VQA training pictures")
    parser.add_argument("--minutes", type=float, help="time budget over all resumptions; overrides the recipe")
    parser.add_argument("--stop-at", help="HH:MM of today; the budget ends then")
    parser.add_argument("--start-from", type=Path, help="weights to start from: model.safetensors of an export")
    parser.add_argument("--evaluate-every", type=float, default=5, help="minutes between held-out scores")
    return parser.parse_args()


class Trainer:
    """Model, optimizers and counters; knows how to save and take them up again."""

    def __init__(self, recipe: Recipe, run: Path, device: torch.device):
        torch.manual_seed(recipe.seed)
        self.recipe, self.run, self.device = recipe, run, device
        self.model = NanoModel(recipe.model, IMAGE).to(device).to(memory_format=torch.channels_last)
        self.optimizers = make_optimizers(self.model, recipe.muon_lr, recipe.adam_lr, recipe.weight_decay)
        self.step, self.elapsed_s, self.pictures = 0, 0.0, 0
        self.scores: dict[str, float] = {}

    def save(self) -> None:
        """Write `checkpoint.pt` so that a crash leaves the old or the new one, never half of one."""
        state = {
            "sizes": sizes_to_dict(self.recipe.model), "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers], "scores": self.scores,
            "step": self.step, "elapsed_s": self.elapsed_s, "pictures": self.pictures, "rng": torch.get_rng_state(),
        }
        torch.save(state, self.run / "checkpoint.tmp")
        os.replace(self.run / "checkpoint.tmp", self.run / "checkpoint.pt")

    def load(self) -> bool:
        """Take up the run where its checkpoint left it; False when there is none."""
        path = self.run / "checkpoint.pt"
        if not path.exists():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        peaks = [[group["peak_lr"] for group in optimizer.param_groups] for optimizer in self.optimizers]
        for optimizer, saved, peak in zip(self.optimizers, state["optimizers"], peaks, strict=True):
            optimizer.load_state_dict(saved)
            for group, value in zip(optimizer.param_groups, peak, strict=True):
                group["peak_lr"] = value
        self.step, self.elapsed_s, self.pictures = state["step"], state["elapsed_s"], state["pictures"]
        self.scores = state["scores"]
        torch.set_rng_state(state["rng"].cpu())
        return True

    def set_lr(self, fraction: float) -> float:
        """Warm up, hold, then fall to zero over the last `decay` of the budget."""
        factor = min(1.0, (self.step + 1) / self.recipe.warmup_steps, max(0.01, (1 - fraction) / self.recipe.decay))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * factor
        return factor

    def train_step(self, batch: Batch, fraction: float) -> dict:
        """One update; returns what the log shows."""
        self.model.train()
        self.set_lr(fraction)
        phase = phase_at(self.recipe.phases, fraction)
        if phase.reading_only:
            return self.read_step(batch)
        with torch.autocast(self.device.type, torch.bfloat16):
            outcome = run_batch(self.model, batch, self.device)
            loss = outcome.answer_loss + phase.reading * outcome.reading_loss
        norm = self.update(loss, len(batch.pixels))
        for task, right in outcome.turns:
            self.scores[task] = 0.99 * self.scores.get(task, 0.0) + 0.01 * right
        return {
            "loss": outcome.answer_loss.item(), "reading": outcome.reading_loss.item(),
            "read": outcome.read_right, "norm": norm,
        }

    def read_step(self, batch: Batch) -> dict:
        """One update of the stem alone by the reading loss."""
        with torch.autocast(self.device.type, torch.bfloat16):
            loss, right = read_only(self.model, batch, self.device)
        return {"reading": loss.item(), "read": right, "norm": self.update(loss, len(batch.pixels))}

    def update(self, loss: torch.Tensor, pictures: int) -> float:
        """Step every optimizer along the loss, unless a gradient is not finite; returns the gradient's norm."""
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        if torch.isfinite(norm):
            for optimizer in self.optimizers:
                optimizer.step()
        self.model.zero_grad(set_to_none=True)
        self.step += 1
        self.pictures += pictures
        return norm.item()


def held_out_scores(model: NanoModel, batches: list[Batch], device: torch.device) -> dict[str, tuple[int, int]]:
    """Right answers and questions per task."""
    model.eval()
    counts = defaultdict(lambda: [0, 0])
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        for batch in batches:
            for task, right in run_batch(model, batch, device).turns:
                counts[task][0] += right
                counts[task][1] += 1
    return {task: (right, of) for task, (right, of) in sorted(counts.items())}


def draw_held_out(recipe: Recipe, image_px: int, per_task: int, seed: int = 77) -> list[Batch]:
    """Batches of pictures from the test split, `per_task` pictures of each task."""
    from .evaluate import held_out_samples

    tokenizer = build_tokenizer(load_words(), recipe.model.vocab)
    return held_out_rows(tokenizer, held_out_samples(per_task, seed, None), image_px)


def write_weights(trainer: Trainer, path: Path) -> None:
    """Tasks that lag are drawn more often; every task keeps a share."""
    from nano_training.draw import TASKS

    base = {**TASKS, "page": 1.0, **trainer.recipe.task_weights}
    weights = {task: share * (0.25 + 1.0 - trainer.scores.get(task, 0.0)) for task, share in base.items()}
    path.write_text(json.dumps(weights))


def log(run: Path, entry: dict) -> None:
    line = json.dumps({"time": datetime.now().strftime("%H:%M:%S"), **entry})
    print(line, flush=True)
    with (run / "log.jsonl").open("a") as file:
        file.write(line + "\n")


def minutes_until(stop_at: str) -> float:
    now = datetime.now()
    hour, minute = map(int, stop_at.split(":"))
    return (now.replace(hour=hour, minute=minute, second=0) - now).total_seconds() / 60


def train(trainer: Trainer, drawn: DrawnAhead, plan: Plan, evaluate_every_s: float) -> None:
    """Until the budget is used: step, log, checkpoint every three minutes, score held-out pictures now and then.

    SIGTERM ends the run after the current step, with a checkpoint.
    """
    marks = {"log": time.time(), "save": time.time(), "score": time.time()}
    base_s, sums, count, pictures = trainer.elapsed_s, defaultdict(float), 0, trainer.pictures
    held_out = {}
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    while (fraction := fraction_done(plan)) < 1.0 and not ended:
        waited = time.time()
        batch = drawn.next()
        sums["wait"] += time.time() - waited
        for key, value in trainer.train_step(batch, fraction).items():
            sums[key] += value
        count, now = count + 1, time.time()
        trainer.elapsed_s = base_s + now - plan.started_at
        if now - marks["log"] > 30:
            rate = (trainer.pictures - pictures) / (now - marks["log"])
            means = {key: round(value / count, 3) for key, value in sums.items()}
            scores = {task: round(score, 2) for task, score in sorted(trainer.scores.items())}
            log(trainer.run, {"step": trainer.step, "done": round(fraction, 3), "px": batch.pixels.shape[2],
                              "pictures": trainer.pictures, "per_s": round(rate, 1), **means, "train": scores})
            sums, count, pictures, marks["log"] = defaultdict(float), 0, trainer.pictures, now
            write_weights(trainer, Path(plan.weights_file))
        if now - marks["save"] > 150:
            trainer.save()
            marks["save"] = now
        if now - marks["score"] > evaluate_every_s:
            px = batch.pixels.shape[2]
            if px not in held_out:
                held_out[px] = draw_held_out(trainer.recipe, px, 8)
            scores = held_out_scores(trainer.model, held_out[px], trainer.device)
            log(trainer.run, {"step": trainer.step, "held_out": {t: round(r / n, 2) for t, (r, n) in scores.items()}})
            marks["score"] = time.time()
    trainer.save()


def main() -> None:
    arguments = parse_arguments()
    recipe = load_recipe(arguments.recipe)
    torch.set_num_threads(recipe.threads)
    torch.set_flush_denormal(True)
    random.seed(recipe.seed)
    np.random.seed(recipe.seed)
    arguments.run.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    trainer = Trainer(recipe, arguments.run, device)
    if not trainer.load() and arguments.start_from:
        from .export import load_weights

        load_weights(trainer.model, arguments.start_from)
    if arguments.minutes:
        recipe.minutes = arguments.minutes
    if arguments.stop_at:
        recipe.minutes = trainer.elapsed_s / 60 + minutes_until(arguments.stop_at)
    plan = Plan(recipe, time.time(), trainer.elapsed_s, str(arguments.easy_vqa) if arguments.easy_vqa else None,
                str(arguments.run / "weights.json"), recipe.seed * 7919 + trainer.step)
    log(arguments.run, {"parameters": sum(p.numel() for p in trainer.model.parameters()), "minutes": recipe.minutes,
                        "step": trainer.step})
    with DrawnAhead(plan) as drawn:
        train(trainer, drawn, plan, arguments.evaluate_every * 60)


if __name__ == "__main__":
    main()
