"""Writes test/reference/prompts.json: what AutoProcessor and the tokenizer of SmolVLM-256M-Instruct make of prompts with
every tile grid and of wild strings, as hashes, so that nothing of those files is copied.

pip install transformers==5.23.0 tokenizers==0.23.3 torch==2.13.0 pillow
Run: python test/reference/make_prompt_vectors.py ../shared/reference/SmolVLM-256M-Instruct
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import transformers
from PIL import Image
from tokenizers import Tokenizer
from transformers import AutoProcessor

from make_tiny_idefics3 import STRINGS

TEXTS = ["What is in the picture?", "¿Qué hay aquí? 42 + 17", "Compare them:\n- first\n- second"]


def digest(ids: list[int]) -> str:
    return hashlib.sha256(np.array(ids, dtype="<u4").tobytes()).hexdigest()


def user(sizes: list, text: str) -> dict:
    return {"role": "user", "content": [*({"type": "image", "size": list(size)} for size in sizes), {"type": "text", "text": text}]}


def case(processor, messages: list[dict]) -> dict:
    """One conversation: the grid of each picture, the number of its token ids and their hash."""
    sizes = [tuple(part["size"]) for each in messages for part in each["content"] if part["type"] == "image"]
    images = [Image.new("RGB", size) for size in sizes]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    ids = processor(text=prompt, images=images or None)["input_ids"]
    ids = ids[0] if isinstance(ids[0], list) else ids
    grids = processor.image_processor(images, return_row_col_info=True) if images else {"rows": [[]], "cols": [[]]}
    return {"messages": messages, "grids": list(zip(grids["rows"][0], grids["cols"][0], strict=True)), "count": len(ids), "sha256": digest(ids)}


def grid_sizes(processor) -> dict[tuple[int, int], tuple[int, int]]:
    """A picture size for every tile grid that any picture of these proportions gives."""
    found = {}
    for width in (*range(64, 2049, 64), 4000):
        for height in (*range(64, 2049, 64), 4000):
            rows, cols, _ = grid_of(processor, width, height)
            found.setdefault((rows, cols), (width, height))
    return found


def grid_of(processor, width: int, height: int) -> tuple[int, int, int]:
    """Rows and columns after the processor's resizing: longest edge, then up to whole tiles."""
    edge, tile = processor.image_processor.size["longest_edge"], processor.image_processor.max_image_size["longest_edge"]
    scale = edge / max(width, height)
    rows, cols = -(-int(height * scale) // tile), -(-int(width * scale) // tile)
    return max(rows, 1), max(cols, 1), tile


def main() -> None:
    processor = AutoProcessor.from_pretrained(sys.argv[1], backend="pil")
    cases = [case(processor, [user([], text)]) for text in TEXTS]
    cases += [case(processor, [user([size], TEXTS[0])]) for size in grid_sizes(processor).values()]
    several = [(640, 480), (300, 900), (50, 50)]
    cases.append(case(processor, [user(several, TEXTS[2])]))
    cases.append(case(processor, [
        {"role": "system", "content": [{"type": "text", "text": "Answer briefly."}]}, user(several[:2], TEXTS[1]),
        {"role": "assistant", "content": [{"type": "text", "text": "59. 🙂"}]}, user(several[2:], TEXTS[0]),
    ]))
    whole = AutoProcessor.from_pretrained(sys.argv[1], backend="pil")
    whole.image_processor.do_image_splitting = False
    unsplit = [case(whole, [user(several, TEXTS[0])])]
    tokenizer = Tokenizer.from_file(str(Path(sys.argv[1]) / "tokenizer.json"))
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    strings = [{"text": text, "count": len(encode(text)), "sha256": digest(encode(text)), "decoded": tokenizer.decode(encode(text), skip_special_tokens=False)} for text in STRINGS]
    out = {"transformers": transformers.__version__, "cases": cases, "unsplit": unsplit, "strings": strings}
    (Path(__file__).parent / "prompts.json").write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n")
    print(sorted({tuple(grid) for each in cases for grid in each["grids"]}))


if __name__ == "__main__":
    main()
