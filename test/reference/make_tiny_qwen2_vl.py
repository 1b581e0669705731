"""Writes test/reference/tiny-qwen2-vl/ and tiny-qwen2.5-vl/: random models of the family in Hugging Face layout, each with its
ONNX graphs, and vectors.json with what Python transformers answers. Also qwen2-vl-sizes.json, the sizes that pictures get.

pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 onnxruntime==1.32.0 pillow numpy
Run: python test/reference/make_tiny_qwen2_vl.py
"""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
import transformers
from PIL import Image
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    PreTrainedTokenizerFast, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor, Qwen2VLConfig,
    Qwen2VLForConditionalGeneration, Qwen2VLProcessor,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize

from make_image_vectors import picture, sha256
from make_tiny_idefics3 import CORPUS
from qwen2_vl_graphs import decoder_graph, embed_graph, vision_graph

HERE = Path(__file__).parent
PATCH_PX, MERGE, WINDOW_PX = 8, 2, 32
STEPS = 64
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\n"
    "You are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{% for content in message['content'] %}{% if content['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PREPROCESSOR = {
    "min_pixels": (2 * PATCH_PX * MERGE) ** 2, "max_pixels": (7 * PATCH_PX * MERGE) ** 2, "patch_size": PATCH_PX,
    "temporal_patch_size": 2, "merge_size": MERGE, "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711], "image_processor_type": "Qwen2VLImageProcessor",
}


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE over the family's own split of words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=384, special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=SPECIAL[2], pad_token=SPECIAL[0], padding_side="left",
        clean_up_tokenization_spaces=False, extra_special_tokens=SPECIAL,
    )


def message(role: str, text: str, *sizes: tuple[int, int]) -> dict:
    return {"role": role, "content": [*({"type": "image", "size": list(size)} for size in sizes), {"type": "text", "text": text}]}


CASES = {
    "no picture": [message("user", "How many bars are there?")],
    "one picture": [message("user", "What is in the picture?", (90, 60))],
    "one tiny picture, asked in Spanish": [message("system", "Answer briefly."), message("user", "¿Qué hay en la imagen?", (3, 5))],
    "a picture larger than allowed": [message("user", "Describe the picture, please.", (301, 127))],
    "several pictures over several turns": [
        message("user", "Describe the picture, please.", (64, 128)), message("assistant", "A red circle."),
        message("user", "And these? Which is the highest?", (111, 33), (33, 47)), message("assistant", "The first: 42."),
        message("user", "Why? Error code: E-2041."),
    ],
    "a long conversation": [
        message("user" if turn % 2 == 0 else "assistant", f"{CORPUS[turn % len(CORPUS)]} {turn}", *([(250 - turn, 101), (40, 77)] if turn in (0, 6) else []))
        for turn in range(9)
    ],
}


def make_model(model_class: type, config: object, seed: int) -> torch.nn.Module:
    """Weights so large that answers differ clearly from token to token."""
    torch.manual_seed(seed)
    model = model_class(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 1.0 if "embed_tokens" in name else parameter[0].numel() ** -0.5 * 1.3)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.1)
        model.lm_head.weight.mul_(4)
        # Special tokens keep a logit of 0, so that no answer ends before its last step.
        model.lm_head.weight[: len(SPECIAL)] = 0
    return model


@torch.no_grad()
def answer(model: torch.nn.Module, processor: Qwen2VLProcessor, messages: list[dict]) -> dict:
    """Prompt ids, positions, the logits of some steps and the greedy tokens, each step from the whole text so far."""
    sizes = [tuple(part["size"]) for each in messages for part in each["content"] if part["type"] == "image"]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    images = [Image.fromarray(picture(*size)) for size in sizes]
    inputs = processor(text=[prompt], images=images or None, return_tensors="pt")
    ids, tokens, logits = inputs.pop("input_ids"), [], {}
    kinds, features = inputs.pop("mm_token_type_ids"), {}
    places, delta = torch.arange(ids.shape[1]).expand(3, 1, -1), torch.zeros(1, 1, dtype=torch.int64)
    if images:
        features = {key: inputs[key] for key in ("pixel_values", "image_grid_thw")}
        places, delta = model.model.get_rope_index(ids, kinds, image_grid_thw=features["image_grid_thw"])
    current = ids
    for step in range(STEPS):
        kinds_now = torch.cat([kinds, torch.zeros(1, step, dtype=kinds.dtype)], -1)
        model.model.rope_deltas = None
        scores = model(input_ids=current, mm_token_type_ids=kinds_now, use_cache=False, **features).logits[0, -1]
        if step in (0, 1, 31, STEPS - 1):
            logits[step] = [round(value, 6) for value in scores.tolist()]
        best = scores.topk(2)
        assert best.values[0] - best.values[1] > 2e-3 and int(best.indices[0]) >= len(SPECIAL), "choose another seed"
        tokens.append(int(best.indices[0]))
        current = torch.cat([current, best.indices[None, :1]], -1)
    pixels = [sha256(processor.image_processor([image], return_tensors="np")["pixel_values"]) for image in images]
    return {
        "messages": messages, "prompt": prompt, "inputIds": ids[0].tolist(), "positions": places[:, 0].tolist(),
        "next": ids.shape[1] + int(delta), "grids": features["image_grid_thw"].tolist() if images else [], "pixels": pixels,
        "tokens": tokens, "logits": logits,
    }


def write(name: str, model_class: type, processor_class: type, config: object) -> None:
    """The first seed with which no answer has a tie or a special token."""
    for seed in range(100):
        try:
            return write_with(name, make_model(model_class, config, seed), processor_class)
        except AssertionError as error:
            print(name, "does not take the seed", seed, error)


def write_with(name: str, model: torch.nn.Module, processor_class: type) -> None:
    out = HERE / name
    shutil.rmtree(out, ignore_errors=True)
    (out / "onnx").mkdir(parents=True)
    tokenizer = make_tokenizer()
    model.config.save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "generation_config.json").write_text(json.dumps({"eos_token_id": [2, 0], "pad_token_id": 0}) + "\n")
    (out / "preprocessor_config.json").write_text(json.dumps({**PREPROCESSOR, "processor_class": processor_class.__name__}, indent=1) + "\n")
    (out / "chat_template.jinja").write_text(TEMPLATE)
    # The processor asks for one of videos, which needs torchvision; pictures do without.
    checked = type(processor_class.__name__, (processor_class,), {"check_argument_for_proper_class": lambda *_: None})
    processor = checked(Qwen2VLImageProcessorPil.from_pretrained(out), tokenizer, chat_template=TEMPLATE)
    cases = {case: answer(model, processor, messages) for case, messages in CASES.items()}
    graphs = {"vision_encoder": vision_graph(model), "embed_tokens": embed_graph(model), "decoder_model_merged": decoder_graph(model)}
    for graph_name, graph in graphs.items():
        onnx.save(graph, out / "onnx" / f"{graph_name}.onnx")
    (out / "vectors.json").write_text(json.dumps({"transformers": transformers.__version__, "cases": cases}, ensure_ascii=False) + "\n")


def write_sizes() -> None:
    """`smart_resize` of odd sizes, by the bounds of published files and others."""
    random = np.random.default_rng(5)
    bounds = [(3136, 12845056), (3136, 1003520), (200704, 401408)]
    sizes = [(1, 1), (14, 14), (42, 70), (70, 42), (98, 126), (2000, 10), (10, 2000), (6000, 4000), (3, 5), (1, 200)]
    sizes += [tuple(int(round(side)) for side in np.exp(random.uniform(3, 9, 2))) for _ in range(200)]
    cases = []
    for min_pixels, max_pixels in bounds:
        for width, height in sizes:
            if max(width, height) / min(width, height) <= 200:
                to_height, to_width = smart_resize(height, width, 28, min_pixels, max_pixels)
                cases.append([min_pixels, max_pixels, width, height, to_width, to_height])
    (HERE / "qwen2-vl-sizes.json").write_text(json.dumps(cases) + "\n")


TEXT = {
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 4096, "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 0,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
}
VISION = {"depth": 3, "num_heads": 2, "patch_size": PATCH_PX, "spatial_merge_size": MERGE, "temporal_patch_size": 2}
IDS = {name: SPECIAL.index(token) for name, token in {
    "vision_start_token_id": "<|vision_start|>", "vision_end_token_id": "<|vision_end|>", "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>"}.items()}


def main() -> None:
    vocab = len(make_tokenizer())
    write_sizes()
    write("tiny-qwen2-vl", Qwen2VLForConditionalGeneration, Qwen2VLProcessor, Qwen2VLConfig(
        text_config={"vocab_size": vocab, **TEXT}, tie_word_embeddings=False, **IDS,
        vision_config={**VISION, "embed_dim": 32, "hidden_size": 64, "mlp_ratio": 2}))
    write("tiny-qwen2.5-vl", Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor, Qwen2_5_VLConfig(
        text_config={"vocab_size": vocab, **TEXT}, tie_word_embeddings=False, **IDS,
        vision_config={**VISION, "hidden_size": 32, "intermediate_size": 48, "out_hidden_size": 64, "window_size": WINDOW_PX,
                       "fullatt_block_indexes": [1]}))


if __name__ == "__main__":
    main()
