"""Writes test/reference/tiny-clip/: a random CLIP of a few thousand weights in Hugging Face layout, the ONNX graphs of its two
towers, and vectors.json with what Python transformers makes of texts and of drawn-by-formula pictures.

pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 pillow numpy
Run: python test/reference/make_tiny_clip.py
With ../shared/reference/clip-vit-base-patch32 it also writes clip-token-ids.json, the ids of the published tokenizer.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPConfig, CLIPModel, CLIPProcessor, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from clip_graphs import clip_layers, clip_vision
from idefics3_graphs import BOOL, FLOAT, INT64, Graph, tensor
from make_image_vectors import picture, sha256
from make_tiny_idefics3 import CORPUS

HERE = Path(__file__).parent
OUT = HERE / "tiny-clip"
PUBLISHED = HERE.parents[2] / "shared/reference/clip-vit-base-patch32"
PICTURE_PX, PATCH_PX, DIMENSIONS, MOST_TOKENS = 40, 8, 24, 20
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
TEXTS = [
    "a photo of a cat", "A photo  of a CAT\n", "What is in the picture?", "", " ", "¿Qué hay en la imagen? Un círculo rojo.", "naïve café",
    "cafe\u0301", "日本語のテキスト 🙂", "it's 42, don't you see?", "Error code: E-2041. " * 9, "½² Σας İI", "def f(x):\n    return x",
]
SIZES = [(40, 40), (90, 61), (3, 47), (301, 77), (1, 1)]
LABELS = ["red circle", "blue square", "chart with bars", "dialog"]


def make_tokenizer() -> CLIPTokenizer:
    """Byte-level BPE with the ends of words marked; the special tokens have the highest ids."""
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    trained.train_from_iterator([line.lower() for line in CORPUS], trainers.BpeTrainer(vocab_size=220, end_of_word_suffix="</w>", show_progress=False))
    learnt = json.loads(trained.to_str())["model"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = dict.fromkeys([*alphabet, *(f"{each}</w>" for each in alphabet), *learnt["vocab"], BEGIN, END])
    return CLIPTokenizer({piece: id for id, piece in enumerate(pieces)}, [tuple(merge) for merge in learnt["merges"]])


def make_model(tokenizer: CLIPTokenizer) -> CLIPModel:
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "projection_dim": DIMENSIONS}
    config = CLIPConfig(
        text_config={**sizes, "vocab_size": len(tokenizer), "max_position_embeddings": MOST_TOKENS, **ids},
        vision_config={**sizes, "image_size": PICTURE_PX, "patch_size": PATCH_PX}, projection_dim=DIMENSIONS,
    )
    torch.manual_seed(5)
    model = CLIPModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 1.0 if "embedding.weight" in name and "patch" not in name else parameter[0].numel() ** -0.5 * 1.3)
            elif name.endswith("bias") or name.endswith("class_embedding"):
                parameter.normal_(0, 0.3)
        model.logit_scale.fill_(np.log(20))
    return model


def vision_graph(model: CLIPModel) -> onnx.ModelProto:
    graph = Graph()
    x = clip_vision(graph, model.vision_model, model.config.vision_config)
    x = graph.op("Gather", x, graph.const(0), axis=1)
    x = graph.linear(graph.layer_norm(x, model.vision_model.post_layernorm), model.visual_projection)
    graph.op("Identity", x, outputs=["image_embeds"])
    return graph.model(
        "vision_model", [tensor("pixel_values", FLOAT, ["pictures", 3, PICTURE_PX, PICTURE_PX])],
        [tensor("image_embeds", FLOAT, ["pictures", DIMENSIONS])],
    )


def text_graph(model: CLIPModel, *, mask: bool = False) -> onnx.ModelProto:
    """The vector at the first token that ends the text. With `mask` it takes an attention_mask as some exporters' graphs do."""
    graph, text = Graph(), model.text_model
    tokens = graph.op("Squeeze", graph.op("Shape", "input_ids", start=1, end=2))
    places = graph.op("Range", graph.const(0), tokens, graph.const(1))
    x = graph.op("Gather", graph.weight(text.embeddings.token_embedding.weight), "input_ids")
    x = graph.op("Add", x, graph.op("Gather", graph.weight(text.embeddings.position_embedding.weight), places))
    seen = graph.op("LessOrEqual", graph.op("Unsqueeze", places, graph.const([0])), graph.op("Unsqueeze", places, graph.const([1])))
    if mask:
        real = graph.op("Cast", graph.op("Unsqueeze", "attention_mask", graph.const([1, 2])), to=BOOL)
        seen = graph.op("And", graph.op("Unsqueeze", seen, graph.const([0, 1])), real)
    bias = graph.op("Where", seen, graph.const(0, np.float32), graph.const(-1e9, np.float32))
    x = graph.layer_norm(clip_layers(graph, x, list(text.encoder.layers), bias), text.final_layer_norm)
    ends = graph.op("Cast", graph.op("Equal", "input_ids", graph.const(text.eos_token_id)), to=FLOAT)
    at = graph.op("ArgMax", ends, axis=1, keepdims=1)
    x = graph.op("GatherND", x, at, batch_dims=1)
    graph.op("Identity", graph.linear(x, model.text_projection), outputs=["text_embeds"])
    masks = [tensor("attention_mask", INT64, ["texts", "tokens"])] if mask else []
    return graph.model(
        "text_model", [tensor("input_ids", INT64, ["texts", "tokens"]), *masks], [tensor("text_embeds", FLOAT, ["texts", DIMENSIONS])]
    )


def write_json(name: str, value: object) -> None:
    (OUT / name).write_text(json.dumps(value, ensure_ascii=False) + "\n")


def rounded(values: torch.Tensor) -> list:
    return [[round(value, 7) for value in row] for row in values.tolist()]


@torch.no_grad()
def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "onnx").mkdir(parents=True)
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    model.config.save_pretrained(OUT)
    tokenizer.save_pretrained(OUT)
    # As the published file has it: one number for a size.
    write_json("preprocessor_config.json", {
        "feature_extractor_type": "CLIPFeatureExtractor", "do_center_crop": True, "do_normalize": True, "do_resize": True,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3,
        "size": PICTURE_PX, "crop_size": PICTURE_PX,
    })
    onnx.save(vision_graph(model), OUT / "onnx/vision_model.onnx")
    onnx.save(text_graph(model), OUT / "onnx/text_model.onnx")
    onnx.save(text_graph(model, mask=True), OUT / "text_model_with_mask.onnx")
    image_processor = CLIPImageProcessorPil(size={"shortest_edge": PICTURE_PX}, crop_size={"height": PICTURE_PX, "width": PICTURE_PX})
    processor = CLIPProcessor(image_processor, tokenizer)
    texts = []
    for text in TEXTS:
        ids = tokenizer(text, truncation=True, max_length=MOST_TOKENS, return_tensors="pt")
        embeds = model.get_text_features(**ids).pooler_output
        texts.append({"text": text, "ids": ids["input_ids"][0].tolist(), "embedding": rounded(embeds / embeds.norm(dim=-1, keepdim=True))[0]})
    pictures = []
    for size in SIZES:
        image = Image.fromarray(picture(*size))
        inputs = processor(text=[f"This is a photo of {label}." for label in LABELS], images=image, return_tensors="pt", padding=True)
        output = model(**inputs)
        embeds = output.image_embeds
        pictures.append({
            "size": list(size), "embedding": rounded(embeds / embeds.norm(dim=-1, keepdim=True))[0],
            "pixels": sha256(inputs["pixel_values"][0].numpy()), "scores": dict(zip(LABELS, rounded(output.logits_per_image.softmax(dim=-1))[0])),
        })
    write_json("vectors.json", {
        "transformers": transformers.__version__, "logitScale": float(model.logit_scale.exp()), "texts": texts, "pictures": pictures,
    })
    if PUBLISHED.exists():
        published = CLIPTokenizer.from_pretrained(PUBLISHED)
        strings = [{"text": text, "ids": published(text)["input_ids"]} for text in TEXTS]
        (HERE / "clip-token-ids.json").write_text(json.dumps(strings, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
