"""Writes test/reference/tiny-idefics3/: a random Idefics3 of a few thousand weights in Hugging Face layout, its ONNX graphs
in the ways that published models come, and vectors.json with what Python transformers answers.

pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 onnxruntime==1.32.0 pillow numpy
Run: python test/reference/make_tiny_idefics3.py
"""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.quantization import quantize_dynamic
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor, PreTrainedTokenizerFast
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

from idefics3_graphs import decoder_graph, embed_graph, vision_graph
from make_image_vectors import picture, sha256

OUT = Path(__file__).parent / "tiny-idefics3"
TILE_PX, PATCH_PX, SCALE, EDGE_PX = 32, 8, 2, 128
HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD_DIM = 64, 2, 4, 2, 16
IMAGE_SEQ_LEN = (TILE_PX // PATCH_PX // SCALE) ** 2
STEPS = 64
BOS, IMAGE, TURN_END, PAD = "<|im_start|>", "<image>", "<end_of_utterance>", "<|pad|>"
GRID_TOKENS = [f"<row_{row}_col_{col}>" for row in range(1, 5) for col in range(1, 5)]
SPECIAL = [PAD, BOS, TURN_END, "<fake_token_around_image>", IMAGE, "<global-img>", *GRID_TOKENS]
TEMPLATE = (Path(__file__).parents[2] / "packages/nano/model/chat_template.jinja").read_text()
CORPUS = [
    "What is in the picture? A red circle stands left of the blue square.", "How many bars are there in the chart?",
    "The highest value is 42, the lowest 7.", "¿Qué hay en la imagen? Un círculo rojo.", "Describe the picture, please.",
    "System: answer briefly. User: hello. Assistant: hello there!", "Error code: E-2041. Retry or cancel?",
]


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE with digits apart, as the family's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=BOS, eos_token=TURN_END, pad_token=PAD, padding_side="left",
        clean_up_tokenization_spaces=False, extra_special_tokens=SPECIAL[3:],
    )


def make_model(tokenizer: PreTrainedTokenizerFast) -> Idefics3ForConditionalGeneration:
    """Weights so large that answers differ clearly from token to token."""
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config = Idefics3Config(
        vision_config={"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
                       "image_size": TILE_PX, "patch_size": PATCH_PX},
        text_config={"model_type": "llama", "vocab_size": len(tokenizer), "hidden_size": HIDDEN, "intermediate_size": 128,
                     "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
                     "head_dim": HEAD_DIM, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, **ids},
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE), scale_factor=SCALE, tie_word_embeddings=False, **ids,
    )
    torch.manual_seed(11)
    model = Idefics3ForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 1.0 if "embed" in name and "patch" not in name else parameter[0].numel() ** -0.5 * 1.3)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.1)
        model.lm_head.weight.mul_(4)
        # Special tokens keep a logit of 0, so that no answer ends before its last step.
        model.lm_head.weight[: len(SPECIAL)] = 0
    return model


def write_graphs(model: Idefics3ForConditionalGeneration) -> None:
    """fp32, fp16 (16-bit inputs, outputs and cache) and int8 sets, and decoders of other exporters."""
    onnx_folder, others = OUT / "onnx", OUT / "decoders"
    onnx_folder.mkdir(parents=True)
    others.mkdir()
    graphs = {"vision_encoder": vision_graph(model), "embed_tokens": embed_graph(model), "decoder_model_merged": decoder_graph(model)}
    for name, graph in graphs.items():
        onnx.save(graph, onnx_folder / f"{name}.onnx")
        onnx.save(convert_float_to_float16(graph), onnx_folder / f"{name}_fp16.onnx")
        # Seven bits of weights, as processors without wide dot products add up no more than that exactly.
        quantize_dynamic(onnx_folder / f"{name}.onnx", onnx_folder / f"{name}_int8.onnx", reduce_range=True)
    onnx.save(decoder_graph(model, positions=False), others / "without_position_ids.onnx")
    onnx.save(decoder_graph(model, keep=True), others / "num_logits_to_keep.onnx")
    onnx.save(decoder_graph(model, cache_branch=True), others / "use_cache_branch.onnx")
    onnx.save(decoder_graph(model, padding=False), others / "without_padding.onnx")
    onnx.save(decoder_graph(model, grouped=True), others / "grouped_query_attention.onnx")
    (others / "external_data").mkdir()
    onnx.save(
        decoder_graph(model), others / "external_data" / "decoder_model_merged.onnx", save_as_external_data=True,
        location="decoder_model_merged.onnx_data", size_threshold=1024,
    )


def write_json(name: str, value: object) -> None:
    (OUT / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_configs(model: Idefics3ForConditionalGeneration, tokenizer: PreTrainedTokenizerFast) -> None:
    model.config.save_pretrained(OUT)
    tokenizer.save_pretrained(OUT)
    ids = {"bos_token_id": 1, "eos_token_id": [2, 0], "pad_token_id": 0}
    write_json("generation_config.json", ids)
    write_json("preprocessor_config.json", {
        "image_processor_type": "Idefics3ImageProcessor", "processor_class": "Idefics3Processor", "do_convert_rgb": True,
        "do_image_splitting": True, "do_normalize": True, "do_pad": True, "do_rescale": True, "do_resize": True,
        "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 1, "rescale_factor": 1 / 255,
        "size": {"longest_edge": EDGE_PX}, "max_image_size": {"longest_edge": TILE_PX},
    })
    write_json("processor_config.json", {"image_seq_len": IMAGE_SEQ_LEN, "processor_class": "Idefics3Processor"})
    (OUT / "chat_template.jinja").write_text(TEMPLATE)


def message(role: str, text: str, *sizes: tuple[int, int]) -> dict:
    return {"role": role, "content": [*({"type": "image", "size": list(size)} for size in sizes), {"type": "text", "text": text}]}


CASES = {
    "no picture": [message("user", "How many bars are there?")],
    "one picture": [message("user", "What is in the picture?", (90, 60))],
    "one small picture, asked in Spanish": [message("system", "Answer briefly."), message("user", "¿Qué hay en la imagen?", (20, 20))],
    "several pictures over several turns": [
        message("user", "Describe the picture, please.", (64, 128)), message("assistant", "A red circle."),
        message("user", "And these? Which is the highest?", (128, 32), (33, 47)), message("assistant", "The first: 42."),
        message("user", "Why? Error code: E-2041."),
    ],
    "a long conversation": [
        message("user" if turn % 2 == 0 else "assistant", f"{CORPUS[turn % len(CORPUS)]} {turn}", *([(128, 128)] if turn in (0, 4) else []))
        for turn in range(9)
    ],
}


@torch.no_grad()
def answer(model: Idefics3ForConditionalGeneration, processor: Idefics3Processor, messages: list[dict]) -> dict:
    """Prompt ids, the logits of some steps and the greedy tokens, each step from the whole text so far."""
    sizes = [tuple(part["size"]) for each in messages for part in each["content"] if part["type"] == "image"]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    inputs = processor(text=prompt, images=[Image.fromarray(picture(*size)) for size in sizes] or None, return_tensors="pt")
    ids, tokens, logits = inputs.pop("input_ids"), [], {}
    inputs.pop("attention_mask")
    features = {key: inputs[key] for key in ("pixel_values", "pixel_attention_mask") if key in inputs}
    current = ids
    for step in range(STEPS):
        scores = model(input_ids=current, attention_mask=torch.ones_like(current), **features).logits[0, -1]
        if step in (0, 1, 31, STEPS - 1):
            logits[step] = [round(value, 6) for value in scores.tolist()]
        best = scores.topk(2)
        assert best.values[0] - best.values[1] > 2e-3, "a tie: choose another seed"
        tokens.append(int(best.indices[0]))
        assert tokens[-1] >= len(SPECIAL), "a special token: choose another seed"
        current = torch.cat([current, best.indices[None, :1]], -1)
    text = processor.tokenizer.decode(tokens, skip_special_tokens=True)
    return {
        "messages": messages, "prompt": prompt, "inputIds": ids[0].tolist(), "tokens": tokens, "text": text, "logits": logits,
        "pixels": [pixel_hash(processor, size) for size in sizes],
    }


def pixel_hash(processor: Idefics3Processor, size: tuple[int, int]) -> str:
    """SHA-256 of the `pixel_values` of a picture, its tiles in their order."""
    values = processor.image_processor([[Image.fromarray(picture(*size))]], return_tensors="np")["pixel_values"][0]
    return sha256(values.astype(np.float32))


def answer_by_graphs(suffix: str, processor: Idefics3Processor, case: dict) -> list[int]:
    """Greedy tokens of a set of graphs run one token after the other, as an independent check of the loop."""
    open_graph = lambda name: onnxruntime.InferenceSession(OUT / "onnx" / f"{name}{suffix}.onnx")
    vision, embed, decoder = map(open_graph, ("vision_encoder", "embed_tokens", "decoder_model_merged"))
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    sizes = [tuple(part["size"]) for each in case["messages"] for part in each["content"] if part["type"] == "image"]
    ids, features = np.array([case["inputIds"]]), None
    if sizes:
        inputs = processor(text=case["prompt"], images=[Image.fromarray(picture(*size)) for size in sizes], return_tensors="np")
        pixels = inputs["pixel_values"].astype(kinds[vision.get_inputs()[0].type])
        features = vision.run(None, {"pixel_values": pixels, "pixel_attention_mask": inputs["pixel_attention_mask"].astype(bool)})[0]
    pasts = [each for each in decoder.get_inputs() if each.name.startswith("past")]
    cache = {each.name: np.zeros((1, KV_HEADS, 0, HEAD_DIM), kinds[each.type]) for each in pasts}
    tokens, read = [], 0
    for _ in range(STEPS):
        embeds = embed.run(None, {"input_ids": ids})[0]
        if features is not None and read == 0:
            embeds[ids == processor.image_token_id] = features.reshape(-1, HIDDEN)
        count = ids.shape[1]
        feeds = {"inputs_embeds": embeds, "attention_mask": np.ones((1, read + count), np.int64),
                 "position_ids": np.arange(read, read + count)[None], **cache}
        logits, *presents = decoder.run(None, feeds)
        cache, read = dict(zip(cache, presents, strict=True)), read + count
        tokens.append(int(logits[0, -1].argmax()))
        ids = np.array([tokens[-1:]])
    return tokens


STRINGS = [
    "", " ", "\n\n  \t", "hello  world", "42 + 17 = 59", "E-2041", "¿Cuántas?", "naïve café", "e\u0301", "日本語のテキスト", "🙂👩‍👩‍👧🇪🇸",
    "it's we'll I'm DON'T", "<image>", "a<end_of_utterance>b", "<row_1_col_2>x", "< image >", "http://x.y/z?q=1&r=[2]", "\u2060\u200b\ufeff",
    "x" * 50, "١٢٣", "½²", "a\u0000b", "\r\n\r", "ß İ ı ﬁ", "-- ** __ ``", "def f(x):\n    return x", "..!?…", "Ω≈ç√∫", "𝒳𝒴", "ไทย",
]


def grid_vectors(processor: Idefics3Processor) -> list[dict]:
    """The prompt of a picture with every tile grid that the processor gives, as text and as ids."""
    found = {}
    for width in range(8, 136, 8):
        for height in range(8, 136, 8):
            messages = [message("user", "What is in the picture?", (width, height))]
            images = [Image.fromarray(picture(width, height))]
            grid = processor.image_processor(images, return_row_col_info=True)
            key = (int(grid["rows"][0][0]), int(grid["cols"][0][0]))
            if key not in found:
                prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
                ids = processor(text=prompt, images=images, return_tensors="np")["input_ids"][0].tolist()
                found[key] = {"rows": key[0], "cols": key[1], "size": [width, height], "text": processor.tokenizer.decode(ids), "ids": ids}
    return [found[key] for key in sorted(found)]


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    write_configs(model, tokenizer)
    write_graphs(model)
    processor = Idefics3Processor(
        Idefics3ImageProcessorPil.from_pretrained(OUT), tokenizer, image_seq_len=IMAGE_SEQ_LEN, chat_template=TEMPLATE
    )
    cases = {name: answer(model, processor, messages) for name, messages in CASES.items()}
    for case in cases.values():
        assert answer_by_graphs("", processor, case) == answer_by_graphs("_fp16", processor, case) == case["tokens"]
    strings = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False)} for text in STRINGS]
    for each in strings:
        each["decoded"] = tokenizer.decode(each["ids"])
    grids = grid_vectors(processor)
    versions = {"transformers": transformers.__version__, "torch": torch.__version__, "onnxruntime": onnxruntime.__version__}
    (OUT / "vectors.json").write_text(json.dumps({**versions, "cases": cases, "grids": grids, "strings": strings}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
