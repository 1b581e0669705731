"""Writes test/reference/image/{resample,idefics3}.json: hashes of what Pillow and transformers make of drawn-by-formula pictures.

pip install pillow transformers==5.23.0 torch==2.13.0
Run: python test/reference/make_image_vectors.py
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
import transformers
from PIL import Image
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

OUT = Path(__file__).parent / "image"
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


def picture(width: int, height: int) -> np.ndarray:
    """Bytes of a linear congruential generator with hard edges on top; test/core/image/formula-picture.ts is its twin."""
    n = width * height * 3
    i = np.arange(n, dtype=np.uint64)
    noise = ((i * np.uint64(2654435761) + np.uint64(12345)) >> np.uint64(11)) & np.uint64(0xFF)
    y, x = np.divmod(i // np.uint64(3), np.uint64(width))
    edges = ((x // np.uint64(7) + y // np.uint64(5)) % np.uint64(2)) * np.uint64(255)
    return np.where(i % np.uint64(2) == 0, noise, edges).astype(np.uint8).reshape(height, width, 3)


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


SIZES = [
    ((1, 1), (1, 1)), ((1, 1), (7, 3)), ((2, 3), (5, 8)), ((5, 8), (2, 3)), ((17, 31), (64, 64)), ((64, 64), (17, 31)), ((100, 1), (33, 9)), ((1, 100), (9, 33)),
    ((640, 480), (512, 384)), ((640, 480), (512, 512)), ((64, 64), (384, 384)), ((333, 777), (166, 388)), ((800, 20), (384, 384)), ((401, 203), (1024, 519)),
]
LARGE = [((6000, 4000), (2048, 1366)), ((4000, 6000), (384, 384))]


def resample_vectors():
    cases = []
    for (width, height), (to_width, to_height) in SIZES + LARGE:
        image = Image.fromarray(picture(width, height))
        filters = FILTERS if (width, height) not in [size for size, _ in LARGE] else {"lanczos": 1, "bilinear": 2, "nearest": 0}
        for name, number in filters.items():
            result = np.asarray(image.resize((to_width, to_height), number))
            cases.append({"from": [width, height], "to": [to_width, to_height], "filter": name, "sha256": sha256(result)})
    return {"pillow": PIL.__version__, "cases": cases}


CONFIGS = {
    "split": {"size": {"longest_edge": 256}, "max_image_size": {"longest_edge": 64}, "resample": 1, "do_image_splitting": True},
    "bilinear": {"size": {"longest_edge": 128}, "max_image_size": {"longest_edge": 64}, "resample": 2, "do_image_splitting": True},
    "whole": {"size": {"longest_edge": 96}, "max_image_size": {"longest_edge": 96}, "resample": 1, "do_image_splitting": False},
    "imagenet": {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 64}, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]},
    "unresized": {"do_resize": False, "max_image_size": {"longest_edge": 64}},
}
PICTURES = [(1, 1), (2, 1), (64, 64), (65, 64), (100, 37), (37, 100), (640, 480), (481, 641), (300, 11), (11, 300), (255, 257)]


def processor_vectors():
    cases = []
    for name, config in CONFIGS.items():
        processor = Idefics3ImageProcessorPil(**config)
        for width, height in PICTURES:
            out = processor(images=[[Image.fromarray(picture(width, height))]], return_tensors="np", return_row_col_info=True)
            values = out["pixel_values"][0]
            assert out["pixel_attention_mask"].all()
            cases.append({"config": name, "size": [width, height], "rows": int(out["rows"][0][0]), "cols": int(out["cols"][0][0]), "shape": list(values.shape), "sha256": sha256(values.astype(np.float32))})
    return {"transformers": transformers.__version__, "configs": {name: {"image_processor_type": "Idefics3ImageProcessor", **config} for name, config in CONFIGS.items()}, "cases": cases}


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    (OUT / "resample.json").write_text(json.dumps(resample_vectors(), indent=1) + "\n")
    (OUT / "idefics3.json").write_text(json.dumps(processor_vectors(), indent=1) + "\n")
