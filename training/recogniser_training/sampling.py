"""Batches of lines of like width: the process that draws ahead of training, and held-out sets."""

import os
import queue
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing as mp
from torch import Tensor

from .charset import encode
from .model import HEIGHT_PX, steps_of
from .render import Line, Renderer

BUCKET_PX, GROUND = 64, 128


@dataclass
class Batch:
    """Pixels uint8 [n, 48, w, 3], padded with mid grey on the right, and the codes of each line."""

    pixels: np.ndarray
    codes: list[list[int]]


def collate(lines: list[Line]) -> Batch:
    """One batch of lines, as wide as the widest."""
    width = max(line.pixels.shape[1] for line in lines)
    pixels = np.full((len(lines), HEIGHT_PX, width, 3), GROUND, np.uint8)
    for row, line in enumerate(lines):
        pixels[row, :, : line.pixels.shape[1]] = line.pixels
    return Batch(pixels, [encode(line.label) for line in lines])


def normalise(pixels: np.ndarray) -> Tensor:
    """uint8 [n, h, w, 3] → [n, 3, h, w] from -1 to 1, as PP-OCR takes it."""
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def readable(line: Line) -> bool:
    """Whether CTC has a time step for each sign, and one more between equal ones."""
    twice = sum(a == b for a, b in zip(line.label, line.label[1:], strict=False))
    return steps_of(line.pixels.shape[1]) >= len(line.label) + twice


class BatchMaker:
    """Draws lines and gives them out in batches of like width."""

    def __init__(self, data: Path, batch_px: int, seed: int):
        self.renderer, self.batch_px, self.rng = Renderer(data, "train"), batch_px, random.Random(seed)
        self.buckets: dict[int, list[Line]] = defaultdict(list)

    def make(self) -> Batch:
        while True:
            line = self.renderer.draw(self.rng.getrandbits(40))
            if not readable(line):
                continue
            bucket = -(-line.pixels.shape[1] // BUCKET_PX)
            self.buckets[bucket].append(line)
            if len(self.buckets[bucket]) * bucket * BUCKET_PX >= self.batch_px:
                return collate(self.buckets.pop(bucket))


def drawing_process(data: Path, batch_px: int, seed: int, out: mp.Queue, stop) -> None:
    """Fill the queue with batches until told to stop or the parent is gone."""
    torch.set_num_threads(1)
    out.cancel_join_thread()
    maker, parent = BatchMaker(data, batch_px, seed), os.getppid()
    while not stop.is_set() and os.getppid() == parent:
        batch = maker.make()
        while not stop.is_set() and os.getppid() == parent:
            try:
                out.put(batch, timeout=2)
                break
            except queue.Full:
                continue


class DrawnAhead:
    """Batches drawn by other processes. Use as a context manager; leaving it ends the processes."""

    def __init__(self, data: Path, batch_px: int, seed: int, workers: int, depth: int = 24):
        context = mp.get_context("spawn")
        self.queue, self.stop = context.Queue(depth), context.Event()
        arguments = [(data, batch_px, seed * 1000 + index, self.queue, self.stop) for index in range(workers)]
        self.workers = [context.Process(target=drawing_process, args=one, daemon=True) for one in arguments]

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


def held_out_lines(data: Path, count: int, seed: int, plain: bool = False) -> list[Line]:
    """Lines of fonts and texts that training never draws; the same ones for a seed."""
    renderer, rng, lines = Renderer(data, "test", plain), random.Random(seed), []
    while len(lines) < count:
        line = renderer.draw(rng.getrandbits(40))
        if readable(line):
            lines.append(line)
    return lines
