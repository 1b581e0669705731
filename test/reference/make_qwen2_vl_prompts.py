"""Writes test/reference/qwen2-vl-prompts.json: what the processor of Qwen2.5-VL-7B-Instruct makes of conversations with
pictures of odd sizes. The real files lie beside the repository.

pip install torch==2.13.0 transformers==5.23.0 pillow numpy
Run: python test/reference/make_qwen2_vl_prompts.py ../shared/reference
"""

import hashlib
import json
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import transformers
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLModel, Qwen2_5_VLProcessor, Qwen2Tokenizer
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from PIL import Image

from make_image_vectors import picture
from make_tiny_qwen2_vl import message

CASES = [
    [message("user", "How many bars are there?")],
    [message("user", "¿Qué hay en la imagen?\n", (640, 480))],
    [message("system", "Answer briefly."), message("user", "Which one? 1½ or ２?", (301, 97), (33, 470))],
    [message("user", "Describe 🙂 it.", (1, 1)), message("assistant", "A dot."), message("user", "And this?", (10, 1900)), message("assistant", "A line"), message("user", "Why?")],
]


def main() -> None:
    folder = Path(sys.argv[1]) / "Qwen2.5-VL-7B-Instruct"
    checked = type("Qwen2_5_VLProcessor", (Qwen2_5_VLProcessor,), {"check_argument_for_proper_class": lambda *_: None})
    template = json.loads((folder / "chat_template.json").read_text())["chat_template"]
    processor = checked(Qwen2VLImageProcessorPil.from_pretrained(folder), Qwen2Tokenizer.from_pretrained(folder), chat_template=template)
    model = SimpleNamespace(
        config=Qwen2_5_VLConfig.from_pretrained(folder), get_vision_position_ids=partial(Qwen2_5_VLModel.get_vision_position_ids, None)
    )
    cases = []
    for messages in CASES:
        sizes = [tuple(part["size"]) for each in messages for part in each["content"] if part["type"] == "image"]
        images = [Image.fromarray(picture(*size)) for size in sizes]
        prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
        inputs = processor(text=[prompt], images=images or None, return_tensors="pt")
        ids, places = inputs["input_ids"], torch.arange(inputs["input_ids"].shape[1]).expand(3, 1, -1)
        if images:
            grids, kinds = inputs["image_grid_thw"], inputs["mm_token_type_ids"]
            places, _ = Qwen2_5_VLModel.get_rope_index(model, ids, kinds, image_grid_thw=grids)
        digest = lambda tensor: hashlib.sha256(np.ascontiguousarray(tensor.numpy().astype("<i4")).tobytes()).hexdigest()
        cases.append({"messages": messages, "count": ids.shape[1], "ids": digest(ids), "positions": digest(places)})
    out = {"transformers": transformers.__version__, "cases": cases}
    (Path(__file__).parent / "qwen2-vl-prompts.json").write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
