"""The exported files give what the PyTorch model gives."""

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from nano_training.config import ModelSizes, TextSizes, VisionSizes
from nano_training.export import export, load_exported
from nano_training.loss import normalise
from nano_training.model import NanoModel, tokens_per_image
from nano_training.packing import prepare_picture
from nano_training.tokenizer import IMAGE, image_prompt

SIZES = ModelSizes(
    vision=VisionSizes(8, 16, 1, 32, 1, 1, 2, 32), text=TextSizes(32, 2, 4, 2, 64, 512), image_px=64, vocab=1536
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    model = NanoModel(SIZES, IMAGE)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
    path = tmp_path_factory.mktemp("nano")
    export(model, path)
    return path


def session(folder, name):
    return onnxruntime.InferenceSession(folder / "onnx" / f"{name}.onnx", providers=["CPUExecutionProvider"])


def empty_cache():
    shape = (1, SIZES.text.kv_heads, 0, SIZES.text.hidden // SIZES.text.heads)
    return {f"past_key_values.{i}.{p}": np.zeros(shape, np.float32) for i in range(2) for p in ("key", "value")}


def decode(decoder, embeds, cache, past):
    length = embeds.shape[1]
    feeds = {
        "inputs_embeds": embeds, "attention_mask": np.ones((1, past + length), np.int64),
        "position_ids": np.arange(past, past + length)[None], **cache,
    }
    logits, *present = decoder.run(None, feeds)
    return logits, dict(zip(cache, present, strict=True))


def conversation(rng, pictures):
    words = lambda n: [int(i) for i in rng.integers(150, 400, n)]
    return [1, *words(3), *image_prompt(tokens_per_image(SIZES.image_px)) * pictures, *words(9)]


@pytest.mark.parametrize("pictures", [0, 1, 3])
def test_graphs_give_the_logits_of_pytorch_in_one_go_and_in_pieces(folder, pictures):
    rng, model = np.random.default_rng(pictures), load_exported(folder)
    ids = conversation(rng, pictures)
    pixels = rng.integers(0, 256, (pictures, 3, 64, 64), dtype=np.uint8)
    normal = normalise(torch.from_numpy(pixels)) if pictures else None
    with torch.no_grad():
        expected = model(normal, torch.tensor([ids])).numpy()
    embeds = session(folder, "embed_tokens").run(None, {"input_ids": np.array([ids])})[0]
    if pictures:
        padded = np.concatenate([normal.numpy()[None], np.zeros((1, 1, 3, 64, 64), np.float32)], 1)
        mask = np.arange(pictures + 1) < pictures
        mask = np.broadcast_to(mask[None, :, None, None], (1, pictures + 1, 64, 64))
        features = session(folder, "vision_encoder").run(None, {"pixel_values": padded, "pixel_attention_mask": mask})[0]
        assert features.shape == (pictures, tokens_per_image(64), 32)
        embeds[np.array([ids]) == IMAGE] = features.reshape(-1, 32)
    decoder = session(folder, "decoder_model_merged")
    whole, _ = decode(decoder, embeds, empty_cache(), 0)
    np.testing.assert_allclose(whole, expected, atol=1e-3)
    cache, past = empty_cache(), 0
    for part in (embeds[:, :5], embeds[:, 5:6], embeds[:, 6:]):
        logits, cache = decode(decoder, part, cache, past)
        np.testing.assert_allclose(logits, expected[:, past : past + part.shape[1]], atol=1e-3)
        past += part.shape[1]


@pytest.mark.parametrize("size", [(64, 64), (200, 90), (37, 121), (1, 9)])
def test_processor_gives_the_pixels_and_prompt_of_training(folder, size):
    from transformers import AutoProcessor

    image = Image.effect_noise(size, 80).convert("RGB")
    processor = AutoProcessor.from_pretrained(folder, backend="pil")
    out = processor(images=[image], text="<|im_start|>User:<image>What is it?<end_of_utterance>\nAssistant:")
    mine = normalise(torch.from_numpy(prepare_picture(image, 64)[None].copy())).numpy()
    np.testing.assert_allclose(np.asarray(out["pixel_values"])[0], mine, atol=1e-5)
    prompt = image_prompt(tokens_per_image(64))
    assert prompt == [i for i in np.asarray(out["input_ids"])[0].tolist() if i in set(prompt)]
