"""Which pictures to draw: the process that draws ahead of the training loop, and held-out sets."""

import json
import os
import queue
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch.multiprocessing as mp

from .config import Phase, Recipe
from .language import language
from .packing import Batch, Row, collate, pack_row, prepare_picture, reading_cells
from .tokenizer import build_tokenizer, load_words

ORDINALS = {"en": ["In the first picture, ", "In the second picture, "], "es": ["En la primera imagen, ", "En la segunda imagen, "]}


def lower_first(text: str) -> str:
    """`What` to `what`, `¿Qué` to `¿qué`."""
    return text[0] + text[1].lower() + text[2:] if text[0] == "¿" else text[0].lower() + text[1:]


def about_picture(question: str, which: int) -> str:
    """The question with its picture named, in its own language."""
    return ORDINALS[language(question)][which] + lower_first(question)


def draw_for_training(task: str, seed: int, level: float):
    """A sample of the training split; `page` is the reading task that only training uses."""
    from nano_training.draw import draw
    from nano_training.pages import draw_page

    return draw_page(seed, level) if task == "page" else draw(task, seed, "train", level)


@dataclass
class Plan:
    """What a drawing process needs to know."""

    recipe: Recipe
    started_at: float
    elapsed_s: float
    easy_vqa: str | None
    weights_file: str
    seed: int


def fraction_done(plan: Plan) -> float:
    """Share of the time budget used, by wall clock."""
    return min(1.0, (plan.elapsed_s + time.time() - plan.started_at) / (plan.recipe.minutes * 60))


def phase_at(phases: list[Phase], fraction: float) -> Phase:
    """The last phase that has begun."""
    return [phase for phase in phases if phase.start <= fraction][-1]


@dataclass
class Source:
    """Draws samples of weighted tasks; remembers its own random state."""

    plan: Plan
    rng: random.Random
    weights: dict[str, float] = field(default_factory=dict)
    real: list = field(default_factory=list)

    def load(self) -> None:
        from nano_training.draw import TASKS, load_easy_vqa

        self.weights = {**TASKS, "page": 1.0, **self.plan.recipe.task_weights}
        if self.plan.easy_vqa:
            self.real = list(load_easy_vqa(Path(self.plan.easy_vqa), "train"))

    def refresh_weights(self) -> None:
        """Take over the weights the training loop wrote, if any."""
        path = Path(self.plan.weights_file)
        if path.exists():
            wanted = json.loads(path.read_text())
            self.weights = {task: wanted.get(task, weight) for task, weight in self.weights.items()}

    def sample(self, level: float, tasks: list[str] | None):
        if not tasks and self.real and self.rng.random() < self.plan.recipe.easy_vqa_share:
            return self.rng.choice(self.real)
        names = tasks or list(self.weights)
        task = self.rng.choices(names, [self.weights[name] for name in names])[0]
        return draw_for_training(task, self.rng.getrandbits(40), level)


@dataclass
class NamedTurn:
    """A turn whose question was changed."""

    question: str
    answer: str
    task: str


class BatchMaker:
    """Turns samples into batches."""

    def __init__(self, plan: Plan):
        self.plan, self.recipe = plan, plan.recipe
        self.rng = random.Random(plan.seed)
        self.source = Source(plan, self.rng)
        self.source.load()
        self.tokenizer = build_tokenizer(load_words(), plan.recipe.model.vocab)

    def make(self, fraction: float) -> Batch:
        phase = phase_at(self.recipe.phases, fraction)
        rows, pixels, cells = [], [], []
        while len(pixels) < phase.batch:
            level = self.rng.uniform(0, phase.level) ** 0.8 if phase.level else 0.0
            two = fraction >= self.recipe.two_pictures_from and self.rng.random() < self.recipe.two_picture_share
            samples = [self.source.sample(level, phase.tasks) for _ in range(2 if two else 1)]
            rows.append(self.row(samples, phase.image_px))
            for sample in samples:
                found = reading_cells(sample.glyphs, sample.image.size, phase.image_px, self.rng)
                cells += [(len(pixels), *cell) for cell in found]
                pixels.append(prepare_picture(sample.image, phase.image_px))
        return collate(rows, pixels, cells)

    def row(self, samples: list, image_px: int) -> Row:
        turns = list(samples[0].turns)
        if len(samples) == 2:
            turns = [
                NamedTurn(about_picture(turn.question, which), turn.answer, turn.task)
                for which, sample in enumerate(samples) for turn in sample.turns
            ]
        self.rng.shuffle(turns)
        conversation = self.rng.random() < self.recipe.conversation_share
        limit = self.recipe.max_turns
        return pack_row(
            self.tokenizer, turns[:limit], len(samples), image_px, conversation, self.recipe.max_text_tokens
        )


def drawing_process(plan: Plan, out: mp.Queue, stop) -> None:
    """Fill the queue with batches until told to stop or the parent is gone."""
    os.nice(5)
    out.cancel_join_thread()
    maker, parent = BatchMaker(plan), os.getppid()
    made = 0
    while not stop.is_set() and os.getppid() == parent:
        if made % 20 == 0:
            maker.source.refresh_weights()
        batch, made = maker.make(fraction_done(plan)), made + 1
        while not stop.is_set() and os.getppid() == parent:
            try:
                out.put(batch, timeout=2)
                break
            except queue.Full:
                continue


class DrawnAhead:
    """Batches drawn by other processes. Use as a context manager; leaving it ends the processes."""

    def __init__(self, plan: Plan, depth: int = 6):
        context = mp.get_context("spawn")
        self.queue, self.stop = context.Queue(depth), context.Event()
        self.workers = []
        for index in range(plan.recipe.drawing_workers):
            own = Plan(**{**plan.__dict__, "seed": plan.seed * 1000 + index})
            self.workers.append(context.Process(target=drawing_process, args=(own, self.queue, self.stop), daemon=True))

    def __enter__(self) -> "DrawnAhead":
        for worker in self.workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for worker in self.workers:
            worker.join(timeout=10)
            worker.terminate()

    def next(self) -> Batch:
        """The next batch; an error when every drawing process has died."""
        while True:
            try:
                return self.queue.get(timeout=20)
            except queue.Empty:
                if not any(worker.is_alive() for worker in self.workers):
                    raise RuntimeError("every drawing process has ended; see the traceback above") from None


def held_out_rows(tokenizer, samples: list, image_px: int, max_turns: int = 8, max_text: int = 600) -> list[Batch]:
    """Evaluation batches: each turn asked by itself, in the sample's own order."""
    batches = []
    for start in range(0, len(samples), 8):
        part = samples[start : start + 8]
        rows = [pack_row(tokenizer, list(s.turns)[:max_turns], 1, image_px, False, max_text) for s in part]
        batches.append(collate(rows, [prepare_picture(s.image, image_px) for s in part], []))
    return batches
