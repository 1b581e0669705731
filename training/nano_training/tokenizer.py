"""A byte-level tokenizer without merges: frequent words are one token, everything else is spelled byte by byte.

Read text is therefore copied character by character while questions stay short, and every string can be encoded.
"""

import json
import re
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from tokenizers.pre_tokenizers import ByteLevel

SPECIAL_TOKENS = [
    "<|pad|>", "<|im_start|>", "<|im_end|>", "<fake_token_around_image>", "<image>", "<end_of_utterance>",
    "<global-img>", *[f"<row_{row}_col_{col}>" for row in range(1, 7) for col in range(1, 7)],
]
PAD, BOS, EOS, FAKE, IMAGE, END_OF_UTTERANCE, GLOBAL = range(7)
RESERVED = 100
# One word with its leading space, or one digit, mark or blank at a time.
SPLIT_PATTERN = r" ?\p{L}+|\p{N}|[^\s\p{L}\p{N}]|\s"
CHAT_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'] is string %}{{ ': ' + message['content'] }}"
    "{% else %}{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}{% endif %}"
    "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def byte_symbols() -> list[str]:
    """The 256 printable stand-ins byte-level tokenizers use, in byte order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(spare)) for byte in range(256)]


def read_words(path: Path) -> list[str]:
    """Words of the vocabulary list, one or more a line; `#` starts a remark."""
    lines = [line.split("#")[0] for line in path.read_text("utf-8").splitlines()]
    return [word for line in lines for word in line.split()]


def symbols_of(text: str, symbols: list[str]) -> str:
    return "".join(symbols[byte] for byte in text.encode("utf-8"))


def build_vocabulary(words: list[str], size: int) -> dict[str, int]:
    """Special tokens, reserved places, bytes, then each word after a space and, if capitalised or marked `^`, without."""
    symbols = byte_symbols()
    tokens = [*SPECIAL_TOKENS, *[f"<reserved_{i}>" for i in range(RESERVED)], *symbols]
    for entry in words:
        word = entry.removeprefix("^")
        if not re.fullmatch(r"[^\W\d_]{2,}", word):
            raise ValueError(f"{word!r} is not a word of two letters or more")
        bare = word[0].isupper() or entry != word
        variants = [word, " " + word] if bare else [" " + word]
        tokens += [symbols_of(variant, symbols) for variant in variants]
    tokens = list(dict.fromkeys(tokens))
    if len(tokens) > size:
        raise ValueError(f"{len(tokens)} tokens do not fit the vocabulary of {size}; shorten the word list")
    tokens += [f"<unused_{i}>" for i in range(size - len(tokens))]
    return {token: index for index, token in enumerate(tokens)}


def build_tokenizer(words: list[str], size: int) -> Tokenizer:
    """The tokenizer; `size` is the number of rows of the embedding table."""
    vocabulary = build_vocabulary(words, size)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT_PATTERN), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    return tokenizer


def load_words() -> list[str]:
    """The committed word list."""
    return read_words(Path(__file__).with_name("words.txt"))


def image_prompt(tokens_per_image: int) -> list[int]:
    """What `Idefics3Processor` puts in place of one `<image>` of a picture that is not split."""
    return [FAKE, GLOBAL, *[IMAGE] * tokens_per_image, FAKE]


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json` and the chat template."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"bos_token": "<|im_start|>", "eos_token": "<end_of_utterance>", "pad_token": "<|pad|>", "unk_token": "<|im_end|>"}
    extra = ["<fake_token_around_image>", "<image>", "<end_of_utterance>"]
    config = {
        **named, "additional_special_tokens": extra, "add_prefix_space": False, "clean_up_tokenization_spaces": False,
        "model_max_length": 4096, "processor_class": "Idefics3Processor", "tokenizer_class": "PreTrainedTokenizerFast",
        "chat_template": CHAT_TEMPLATE,
    }
    write_json(folder / "tokenizer_config.json", config)
    write_json(folder / "special_tokens_map.json", {**named, "additional_special_tokens": extra})
    write_json(folder / "chat_template.json", {"chat_template": CHAT_TEMPLATE})
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
