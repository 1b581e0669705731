"""Writes test/reference/tiny-llava/: a random LLaVA-1.5 of a few thousand weights in Hugging Face layout, its ONNX graphs, and
vectors.json with what Python transformers answers; and test/reference/image/centre-crop.json, hashes of what CLIP's image
processor makes of drawn-by-formula pictures.

pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 pillow numpy
Run: python test/reference/make_tiny_llava.py
With ../shared/reference/llava-1.5-7b-hf it also writes llava-prompts.json, the ids of the published tokenizer.
"""

import json
import shutil
from itertools import groupby
from pathlib import Path

import numpy as np
import onnx
import torch
import transformers
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor, PreTrainedTokenizerFast
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from clip_graphs import clip_vision
from idefics3_graphs import FLOAT, INT64, Graph, llama_graph, tensor
from make_image_vectors import picture, sha256
from make_tiny_idefics3 import CORPUS, message

HERE = Path(__file__).parent
OUT = HERE / "tiny-llava"
PUBLISHED = HERE.parents[2] / "shared/reference/llava-1.5-7b-hf"
PICTURE_PX, PATCH_PX, HIDDEN, STEPS = 42, 14, 32, 64
# The published template without its {% generation %} marks: Vicuna's turns in words, pictures before the text.
TEMPLATE = (
    "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': ' }}{% endif %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ part['text'] + ' ' }}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
SPECIAL = ["<unk>", "<s>", "</s>", "<image>", "<pad>"]


def make_tokenizer() -> PreTrainedTokenizerFast:
    """SentencePiece's BPE with byte fallback, as Llama's: blanks are ▁, and one stands before each text."""
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator([*CORPUS, "USER: ASSISTANT: "], trainers.BpeTrainer(vocab_size=200, special_tokens=["<unk>"], show_progress=False))
    learnt = json.loads(trained.to_str())["model"]
    pieces = [piece for piece in learnt["vocab"] if piece != "<unk>"]
    vocab = {token: id for id, token in enumerate([*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *pieces])}
    merges = [tuple(merge) for merge in learnt["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", [("<s>", 1)])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        padding_side="left", clean_up_tokenization_spaces=False, extra_special_tokens={"image_token": "<image>"},
    )


def make_model(vocab: int, seed: int) -> LlavaForConditionalGeneration:
    ids = {"pad_token_id": 4, "bos_token_id": 1, "eos_token_id": 2}
    config = LlavaConfig(
        vision_config={"model_type": "clip_vision_model", "hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 3,
                       "num_attention_heads": 3, "image_size": PICTURE_PX, "patch_size": PATCH_PX, "projection_dim": 16},
        text_config={"model_type": "llama", "vocab_size": vocab, "hidden_size": HIDDEN, "intermediate_size": 64,
                     "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 8,
                     "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, **ids},
        image_token_index=SPECIAL.index("<image>"), image_seq_length=(PICTURE_PX // PATCH_PX) ** 2, tie_word_embeddings=False,
    )
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 1.0 if "embed_tokens" in name else parameter[0].numel() ** -0.5 * 1.3)
            elif name.endswith("bias") or name.endswith("class_embedding"):
                parameter.normal_(0, 0.2)
        model.lm_head.weight.mul_(4)
        # Special tokens keep a logit of 0, so that no answer ends before its last step.
        model.lm_head.weight[: len(SPECIAL)] = 0
    return model


def vision_graph(model: LlavaForConditionalGeneration) -> onnx.ModelProto:
    """Features before the last layer, without that of the class, through the projector."""
    graph, projector = Graph(), model.model.multi_modal_projector
    x = clip_vision(graph, model.model.vision_tower, model.config.vision_config, skipped_layers=1)
    x = graph.op("Slice", x, graph.const([1]), graph.const([2**31]), graph.const([1]))
    x = graph.linear(graph.op("Gelu", graph.linear(x, projector.linear_1)), projector.linear_2)
    graph.op("Identity", x, outputs=["image_features"])
    return graph.model(
        "vision_encoder", [tensor("pixel_values", FLOAT, ["pictures", 3, PICTURE_PX, PICTURE_PX])],
        [tensor("image_features", FLOAT, ["pictures", (PICTURE_PX // PATCH_PX) ** 2, HIDDEN])],
    )


def embed_graph(model: LlavaForConditionalGeneration) -> onnx.ModelProto:
    graph = Graph()
    weight = graph.weight(model.model.language_model.embed_tokens.weight)
    graph.op("Gather", weight, "input_ids", outputs=["inputs_embeds"])
    return graph.model(
        "embed_tokens", [tensor("input_ids", INT64, ["batch", "tokens"])],
        [tensor("inputs_embeds", FLOAT, ["batch", "tokens", HIDDEN])],
    )


CASES = {
    "no picture": [message("user", "How many bars are there?")],
    "one picture": [message("user", "What is in the picture?", (90, 61))],
    "one thin picture, asked in Spanish": [message("system", "Answer briefly."), message("user", "¿Qué hay en la imagen? 日本", (3, 47))],
    "several pictures in one message": [message("user", "Which is the highest?", (42, 42), (128, 32), (33, 47))],
    "several pictures over several turns": [
        message("user", "Describe the picture, please.", (64, 129)), message("assistant", "A red circle."),
        message("user", "And these?", (20, 20), (301, 77)), message("assistant", "The first: 42."), message("user", "Why?"),
    ],
}


@torch.no_grad()
def answer(model: LlavaForConditionalGeneration, processor: LlavaProcessor, messages: list[dict]) -> dict:
    """Prompt ids, hashes of pixel_values, the logits of some steps and the greedy tokens, each step from the whole text so far."""
    sizes = [tuple(part["size"]) for each in messages for part in each["content"] if part["type"] == "image"]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    inputs = processor(text=prompt, images=[Image.fromarray(picture(*size)) for size in sizes] or None, return_tensors="pt")
    features = {"pixel_values": inputs["pixel_values"]} if sizes else {}
    current, tokens, logits = inputs["input_ids"], [], {}
    for step in range(STEPS):
        scores = model(input_ids=current, attention_mask=torch.ones_like(current), use_cache=False, **features).logits[0, -1]
        if step in (0, 1, 31, STEPS - 1):
            logits[step] = [round(value, 6) for value in scores.tolist()]
        best = scores.topk(2)
        assert best.values[0] - best.values[1] > 2e-3 and int(best.indices[0]) >= len(SPECIAL), "choose another seed"
        tokens.append(int(best.indices[0]))
        current = torch.cat([current, best.indices[None, :1]], -1)
    return {
        "messages": messages, "inputIds": inputs["input_ids"][0].tolist(), "tokens": tokens, "logits": logits,
        "pixels": [sha256(each.numpy()) for each in features.get("pixel_values", [])],
    }


def write_json(name: str, value: object) -> None:
    (OUT / name).write_text(json.dumps(value, ensure_ascii=False) + "\n")


def write_with(seed: int) -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "onnx").mkdir(parents=True)
    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer), seed)
    model.config.save_pretrained(OUT)
    tokenizer.save_pretrained(OUT)
    image = {
        "image_processor_type": "CLIPImageProcessor", "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True,
        "do_rescale": True, "do_resize": True, "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3, "rescale_factor": 1 / 255,
        "size": {"shortest_edge": PICTURE_PX}, "crop_size": {"height": PICTURE_PX, "width": PICTURE_PX},
    }
    processor_json = {
        "image_token": "<image>", "num_additional_image_tokens": 1, "patch_size": PATCH_PX, "processor_class": "LlavaProcessor",
        "vision_feature_select_strategy": "default",
    }
    write_json("preprocessor_config.json", image)
    write_json("processor_config.json", processor_json)
    write_json("generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 4})
    (OUT / "chat_template.jinja").write_text(TEMPLATE)
    language = model.model.language_model
    graphs = {
        "vision_encoder": vision_graph(model), "embed_tokens": embed_graph(model),
        "decoder_model_merged": llama_graph(language, model.lm_head, model.config.text_config),
    }
    for name, graph in graphs.items():
        onnx.save(graph, OUT / "onnx" / f"{name}.onnx")
    processor = LlavaProcessor(
        CLIPImageProcessorPil.from_pretrained(OUT), tokenizer, patch_size=PATCH_PX, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=TEMPLATE,
    )
    cases = {name: answer(model, processor, messages) for name, messages in CASES.items()}
    write_json("vectors.json", {"transformers": transformers.__version__, "cases": cases})


CROPS = {
    "shortest edge": {"size": {"shortest_edge": 56}, "crop_size": {"height": 56, "width": 56}},
    "odd window": {"size": {"shortest_edge": 40}, "crop_size": {"height": 33, "width": 31}},
    "larger than the picture": {"size": {"shortest_edge": 30}, "crop_size": {"height": 45, "width": 44}},
    "both sides": {"size": {"height": 30, "width": 50}, "crop_size": {"height": 21, "width": 20}, "resample": 2},
    "nearest": {"size": {"shortest_edge": 24}, "crop_size": {"height": 24, "width": 24}, "resample": 0},
    "without a crop": {"size": {"height": 32, "width": 48}, "do_center_crop": False, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
    "of LLaVA-1.5": {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}},
}
PICTURES = [(1, 1), (2, 1), (56, 56), (57, 56), (100, 37), (37, 100), (640, 480), (481, 641), (300, 7), (7, 300), (1, 400)]


def crop_vectors() -> dict:
    cases = []
    for name, config in CROPS.items():
        processor = CLIPImageProcessorPil(**config)
        for width, height in PICTURES:
            values = processor(images=[Image.fromarray(picture(width, height))], return_tensors="np")["pixel_values"][0]
            cases.append({"config": name, "size": [width, height], "shape": list(values.shape), "sha256": sha256(values.astype(np.float32))})
    configs = {name: {"image_processor_type": "CLIPImageProcessor", **config} for name, config in CROPS.items()}
    return {"transformers": transformers.__version__, "configs": configs, "cases": cases}


def prompt_vectors() -> list[dict]:
    """The prompts of the published files and their ids, each with how often it stands one after the other."""
    tokenizer = AutoTokenizer.from_pretrained(PUBLISHED)
    processor = LlavaProcessor(
        CLIPImageProcessorPil.from_pretrained(PUBLISHED), tokenizer, patch_size=14, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=(PUBLISHED / "chat_template.jinja").read_text(),
    )
    cases = []
    for name, messages in CASES.items():
        sizes = [tuple(part["size"]) for each in messages for part in each["content"] if part["type"] == "image"]
        prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
        images = [Image.fromarray(picture(*size)) for size in sizes] or None
        ids = processor(text=prompt, images=images, return_tensors="np")["input_ids"][0].tolist()
        cases.append({"name": name, "messages": messages, "prompt": prompt, "idRuns": [[id, len(list(run))] for id, run in groupby(ids)]})
    return cases


def main() -> None:
    """The first seed with which no answer has a tie or a special token."""
    for seed in range(100):
        try:
            write_with(seed)
            break
        except AssertionError:
            print("not the seed", seed)
    (HERE / "image/centre-crop.json").write_text(json.dumps(crop_vectors()) + "\n")
    if PUBLISHED.exists():
        (HERE / "llava-prompts.json").write_text(json.dumps(prompt_vectors(), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
