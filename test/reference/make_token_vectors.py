"""Writes test/reference/token-ids.json: hashes of the ids that Python's `tokenizers` gives for random strings:
10,000 for SmolVLM's, 2,000 for others.

The strings follow from a seed; test/core/inference/tokenize/random-texts.ts makes the same ones. Ids are those of
`tokenizer.json` itself: `AutoTokenizer` of transformers 5.23 builds a pre-tokenizer of its own, without `Digits`.

pip install tokenizers==0.23.3 transformers==5.23.0
Run: python test/reference/make_token_vectors.py ../shared/reference
"""

import base64
import hashlib
import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer
from transformers import Qwen2Tokenizer

HERE = Path(__file__).parent
SEED, COUNT, OTHERS = 12, 10_000, 2_000
HASH_BYTES = 2

BLANKS = [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0xA0, 0x1680, 0x2000, 0x2003, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0x180E, 0x200B, 0xFEFF]
NUMERALS = [0xB2, 0xBD, 0x660, 0x966, 0x9F4, 0xE50, 0x1040, 0x1369, 0x16EE, 0x2070, 0x2084, 0x2167, 0x2460, 0x2776, 0x3007, 0x3021, 0x3220, 0xA620, 0xFF15, 0x10107, 0x1D7D8, 0x1F100]
# First code point and length. None of the blocks whose letters Unicode 17 brought: Node.js 24 knows them, and tokenizers do not.
BLOCKS = [(0x900, 0x300), (0xD00, 0x2300), (0x3000, 0x7000), (0xAC00, 0x2BA4), (0xE000, 0x1FFE), (0x10000, 0x800), (0x1D000, 0x800), (0x1F000, 0xB00), (0x20000, 0xA6E0), (0xE0000, 0x1F0), (0x10F000, 0x1000)]
PIECES = [
    "a", "B", "the", "Hello", " world", "é", "ß", "İ", "ﬁ", "日本", "ไทย", "नमस्ते", "שלום", "🙂", "👩‍👩‍👧", "🇪🇸", "e\u0301", "\u200d", "\ufe0f",
    "'s", "'ll", "'T", "don't", "7", "42", "1,000.5", "x²", "...", "!?", "--", "`", "\\", "{}", "http://x.y/z?q=1", "\r\n", "\t\t", "  ", "\n\n",
]


def random_numbers(seed: int) -> Callable[[int], int]:
    """Whole numbers below a limit. Source: Marsaglia, Xorshift RNGs, 2003."""
    state = seed

    def below(limit: int) -> int:
        nonlocal state
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        return state % limit

    return below


def random_piece(below: Callable[[int], int]) -> str:
    kind = below(8)
    if kind == 0:
        return chr(BLANKS[below(len(BLANKS))])
    if kind == 1:
        return chr(NUMERALS[below(len(NUMERALS))] + below(3))
    if kind == 2:
        return chr(0x20 + below(0x5F))
    if kind == 3:
        return chr(below(0x800))
    if kind == 4:
        first, count = BLOCKS[below(len(BLOCKS))]
        return chr(first + below(count))
    return PIECES[below(len(PIECES))]


def random_texts() -> list[str]:
    below = random_numbers(SEED)
    return ["".join(random_piece(below) for _ in range(1 + below(30))) for _ in range(COUNT)]


def hashes(tokenizer: Tokenizer, texts: list[str]) -> str:
    """The first bytes of the SHA-256 of each text's ids."""
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    parts = [hashlib.sha256(struct.pack(f"<{len(each)}I", *each)).digest()[:HASH_BYTES] for each in ids]
    return base64.b64encode(b"".join(parts)).decode()


def main() -> None:
    shared = Path(sys.argv[1])
    files = {
        "nano": HERE / "../../packages/nano/model/tokenizer.json",
        "tiny-idefics3": HERE / "tiny-idefics3/tokenizer.json",
        **{name: shared / name / "tokenizer.json" for name in ("SmolVLM-256M-Instruct", "clip-vit-base-patch32", "llava-1.5-7b-hf")},
    }
    texts = random_texts()
    # A folder with the parts of a tokenizer alone.
    parts = "Qwen2.5-VL-7B-Instruct"
    models = {
        name: hashes(Tokenizer.from_file(str(path)), texts if name.startswith("SmolVLM") else texts[:OTHERS])
        for name, path in files.items()
    }
    models[parts] = hashes(Qwen2Tokenizer.from_pretrained(shared / parts).backend_tokenizer, texts[:OTHERS])
    out = {"tokenizers": tokenizers.__version__, "seed": SEED, "count": COUNT, "models": models}
    (HERE / "token-ids.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
