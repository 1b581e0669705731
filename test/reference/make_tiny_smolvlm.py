"""Writes test/reference/tiny-smolvlm/: a random SmolVLM of a few thousand weights in Hugging Face layout with its ONNX graphs,
and vectors.json with what Python transformers answers about videos. It shares the tokenizer of tiny-idefics3.

The processor's own pixels of frames need torchvision, whose resampling is not Pillow's. Here frames are what the image
processor makes of them without cutting them into tiles, and the text around them is the processor's.

pip install torch==2.13.0 transformers==5.23.0 num2words==0.5.14 onnx==1.23.2 onnxruntime==1.32.0 pillow numpy
Run: python test/reference/make_tiny_smolvlm.py     # after make_tiny_idefics3.py
"""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
import transformers
from num2words import num2words
from PIL import Image
from transformers import AutoTokenizer, SmolVLMConfig, SmolVLMForConditionalGeneration, SmolVLMProcessor
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.models.smolvlm.processing_smolvlm import DEFAULT_CHAT_TEMPLATE
from transformers.video_utils import VideoMetadata

from idefics3_graphs import decoder_graph, embed_graph, vision_graph
from make_image_vectors import picture
from make_tiny_idefics3 import EDGE_PX, HEAD_DIM, HEADS, HIDDEN, IMAGE, IMAGE_SEQ_LEN, KV_HEADS, LAYERS, PATCH_PX, SCALE, SPECIAL, TILE_PX

HERE = Path(__file__).parent
OUT = HERE / "tiny-smolvlm"
STEPS = 64


def make_model(vocab: int, image_id: int, seed: int) -> SmolVLMForConditionalGeneration:
    """Weights so large that answers differ clearly from token to token."""
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config = SmolVLMConfig(
        vision_config={"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
                       "image_size": TILE_PX, "patch_size": PATCH_PX},
        text_config={"model_type": "llama", "vocab_size": vocab, "hidden_size": HIDDEN, "intermediate_size": 128,
                     "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
                     "head_dim": HEAD_DIM, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, **ids},
        image_token_id=image_id, scale_factor=SCALE, tie_word_embeddings=False, **ids,
    )
    torch.manual_seed(seed)
    model = SmolVLMForConditionalGeneration(config).eval()
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


def video(sizes: list[tuple[int, int]], at_ms: list[int] | None = None, duration_ms: int | None = None) -> dict:
    times = {"atMs": at_ms} if at_ms is not None else {}
    return {"type": "video", "sizes": [list(size) for size in sizes], **times, **({"durationMs": duration_ms} if duration_ms is not None else {})}


def text(words: str) -> dict:
    return {"type": "text", "text": words}


CASES = {
    "no video": [{"role": "user", "content": [text("How many bars are there?")]}],
    "a video whose times are known": [{"role": "user", "content": [video([(90, 60), (90, 60), (90, 60)], [0, 61_900, 125_000], 130_400), text("What happens?")]}],
    "frames whose times are not known": [{"role": "user", "content": [video([(33, 47)] * 26), text("¿Qué hay en la imagen?")]}],
    "a picture and two videos over several turns": [
        {"role": "user", "content": [{"type": "image", "size": [64, 128]}, text("Describe the picture, please.")]},
        {"role": "assistant", "content": [text("A red circle.")]},
        {"role": "user", "content": [text("And these?"), video([(20, 20)], [3_599_999], 3_600_000), video([(128, 32), (31, 127)], [0, 90_061_000], 90_061_500)]},
        {"role": "assistant", "content": [text("The first: 42.")]},
        {"role": "user", "content": [text("Why?")]},
    ],
}


def metadata_of(part: dict) -> VideoMetadata:
    """Frames are numbered by their milliseconds, at a thousand a second."""
    frames = len(part["sizes"])
    if "atMs" not in part:
        return VideoMetadata(total_num_frames=frames, fps=None, duration=None, frames_indices=list(range(frames)))
    return VideoMetadata(total_num_frames=frames, fps=1000, duration=part["durationMs"] / 1000, frames_indices=part["atMs"])


def inputs_of(processor: SmolVLMProcessor, messages: list[dict]) -> tuple[str, torch.Tensor, dict]:
    """The prompt, its ids, and the tiles of pictures and frames in order."""
    prompt, tiles, masks = processor.apply_chat_template(messages, chat_template=DEFAULT_CHAT_TEMPLATE, add_generation_prompt=True), [], []
    for part in [part for each in messages for part in each["content"] if part["type"] != "text"]:
        sizes = part["sizes"] if part["type"] == "video" else [part["size"]]
        options = {"do_image_splitting": False, "size": {"longest_edge": TILE_PX}} if part["type"] == "video" else {}
        images = [Image.fromarray(picture(*size)) for size in sizes]
        seen = [processor.image_processor([image], return_row_col_info=True, return_tensors="pt", **options) for image in images]
        tiles += [each["pixel_values"][0] for each in seen]
        masks += [each["pixel_attention_mask"][0] for each in seen]
        if part["type"] == "video":
            frames = {"pixel_values": np.zeros((1, len(sizes))), "video_metadata": [metadata_of(part)]}
            prompt = prompt.replace("<video>", processor.replace_video_token(frames, 0), 1)
        else:
            expanded = processor.replace_image_token({"rows": [[seen[0]["rows"][0][0]]], "cols": [[seen[0]["cols"][0][0]]]}, 0)
            prompt = prompt.replace("<image>", expanded.replace("<image>", "<tile>"), 1)
    ids = processor.tokenizer(prompt.replace("<tile>", "<image>"), add_special_tokens=False, return_tensors="pt")["input_ids"]
    if not tiles:
        return prompt, ids, {}
    return prompt, ids, {"pixel_values": torch.cat(tiles)[None], "pixel_attention_mask": torch.cat(masks)[None]}


@torch.no_grad()
def answer(model: SmolVLMForConditionalGeneration, processor: SmolVLMProcessor, messages: list[dict]) -> dict:
    """Prompt ids, the logits of some steps and the greedy tokens, each step from the whole text so far."""
    _, ids, features = inputs_of(processor, messages)
    current, tokens, logits = ids, [], {}
    for step in range(STEPS):
        scores = model(input_ids=current, attention_mask=torch.ones_like(current), **features).logits[0, -1]
        if step in (0, 1, 31, STEPS - 1):
            logits[step] = [round(value, 6) for value in scores.tolist()]
        best = scores.topk(2)
        assert best.values[0] - best.values[1] > 2e-3 and int(best.indices[0]) >= len(SPECIAL), "choose another seed"
        tokens.append(int(best.indices[0]))
        current = torch.cat([current, best.indices[None, :1]], -1)
    pixels = [hashlib.sha256(np.ascontiguousarray(each.numpy()).tobytes()).hexdigest() for each in features.get("pixel_values", [[]])[0]]
    return {"messages": messages, "inputIds": ids[0].tolist(), "pixels": pixels, "tokens": tokens, "logits": logits}


def write(tokenizer: object) -> None:
    """The first seed with which no answer has a tie or a special token."""
    # The processor asks for one of videos, which needs torchvision.
    checked = type("SmolVLMProcessor", (SmolVLMProcessor,), {"check_argument_for_proper_class": lambda *_: None})
    image_processor = SmolVLMImageProcessorPil.from_pretrained(OUT)
    processor = checked(image_processor, tokenizer, None, image_seq_len=IMAGE_SEQ_LEN, chat_template=DEFAULT_CHAT_TEMPLATE)
    processor.video_processor = type("Sampling", (), {"num_frames": None, "fps": None})
    for seed in range(100):
        model = make_model(len(tokenizer), tokenizer.convert_tokens_to_ids(IMAGE), seed)
        try:
            cases = {name: answer(model, processor, messages) for name, messages in CASES.items()}
        except AssertionError as error:
            print("not the seed", seed, error)
            continue
        model.config.save_pretrained(OUT)
        for name, graph in {"vision_encoder": vision_graph(model), "embed_tokens": embed_graph(model), "decoder_model_merged": decoder_graph(model)}.items():
            onnx.save(graph, OUT / "onnx" / f"{name}.onnx")
        words = [num2words(count) for count in [*range(1000), *range(1000, 20_000, 37), 100_000, 999_999]]
        vectors = {"transformers": transformers.__version__, "cases": cases, "words": hashlib.sha256("\n".join(words).encode()).hexdigest()}
        (OUT / "vectors.json").write_text(json.dumps(vectors, ensure_ascii=False) + "\n")
        return


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "onnx").mkdir(parents=True)
    tiny = HERE / "tiny-idefics3"
    for file in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(tiny / file, OUT / file)
    settings = json.loads((tiny / "preprocessor_config.json").read_text())
    settings |= {"image_processor_type": "SmolVLMImageProcessor", "processor_class": "SmolVLMProcessor", "size": {"longest_edge": EDGE_PX}}
    (OUT / "preprocessor_config.json").write_text(json.dumps(settings, indent=1) + "\n")
    (OUT / "processor_config.json").write_text(json.dumps({"image_seq_len": IMAGE_SEQ_LEN, "processor_class": "SmolVLMProcessor"}) + "\n")
    (OUT / "chat_template.jinja").write_text(DEFAULT_CHAT_TEMPLATE)
    write(AutoTokenizer.from_pretrained(tiny))


if __name__ == "__main__":
    main()
