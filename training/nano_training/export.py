"""Write the Hugging Face folder: configuration, tokenizer, `model.safetensors` and the three ONNX graphs.

`python -m nano_training.export --checkpoint RUN/checkpoint.pt --out ../packages/nano/model`
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .config import ModelSizes, sizes_from_dict, sizes_to_dict
from .eight_bits import pack, unpack
from .model import ConvNorm, EncoderLayer, NanoModel, ResidualBlock, grid_positions, token_grid, tokens_per_image
from .onnx_graph import Graph, tensor_info
from .tokenizer import BOS, END_OF_UTTERANCE, IMAGE, PAD, build_tokenizer, load_words, save_tokenizer, write_json

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def folded(layer: ConvNorm) -> tuple[Tensor, Tensor]:
    """Kernel and bias of the convolution with its batch norm multiplied in."""
    norm = layer.norm
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return layer.conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


def add_conv(graph: Graph, x: str, name: str, kernel: Tensor, bias: Tensor, stride: int = 1, relu: bool = False) -> str:
    size, pad = kernel.shape[2], kernel.shape[2] // 2
    y = graph.op(
        "Conv", x, graph.weight(f"{name}.weight", kernel), graph.weight(f"{name}.bias", bias),
        kernel_shape=[size, size], strides=[stride, stride], pads=[pad] * 4,
    )
    return graph.op("Relu", y) if relu else y


def add_conv_norm(graph: Graph, x: str, name: str, layer: ConvNorm, relu: bool) -> str:
    kernel, bias = folded(layer)
    return add_conv(graph, x, name, kernel, bias, layer.conv.stride[0], relu)


def add_block(graph: Graph, x: str, name: str, block: ResidualBlock) -> str:
    y = add_conv_norm(graph, x, f"{name}.first", block.first, True)
    return graph.op("Relu", graph.op("Add", x, add_conv_norm(graph, y, f"{name}.second", block.second, False)))


def add_fold_cells(graph: Graph, x: str, channels: int, side: int, down: int, across: int) -> str:
    """`fold_cells` of the model."""
    rows, cols = side // down, side // across
    cells = graph.op("Reshape", x, graph.constant([-1, channels, rows, down, cols, across]))
    cells = graph.op("Transpose", cells, perm=[0, 2, 4, 3, 5, 1])
    return graph.op("Reshape", cells, graph.constant([-1, rows * cols, down * across * channels]))


def add_layer_norm(graph: Graph, x: str, name: str, norm: nn.LayerNorm) -> str:
    weight, bias = graph.weight(f"{name}.weight", norm.weight), graph.weight(f"{name}.bias", norm.bias)
    return graph.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=norm.eps)


def add_encoder_layer(graph: Graph, x: str, name: str, layer: EncoderLayer, tokens: int) -> str:
    width = layer.out.weight.shape[0]
    head = width // layer.heads
    qkv = graph.linear(add_layer_norm(graph, x, f"{name}.norm1", layer.norm1), f"{name}.qkv", layer.qkv.weight)
    qkv = graph.op("Reshape", qkv, graph.constant([-1, tokens, 3, layer.heads, head]))
    q, k, v = graph.op("Split", graph.op("Transpose", qkv, perm=[2, 0, 3, 1, 4]), outputs=3, axis=0, num_outputs=3)
    q, k, v = (graph.op("Squeeze", part, graph.constant([0])) for part in (q, k, v))
    scores = graph.op("MatMul", q, graph.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = graph.op("Mul", scores, graph.constant(head**-0.5, np.float32))
    mixed = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), v)
    mixed = graph.op("Reshape", graph.op("Transpose", mixed, perm=[0, 2, 1, 3]), graph.constant([-1, tokens, width]))
    x = graph.op("Add", x, graph.linear(mixed, f"{name}.out", layer.out.weight))
    y = add_layer_norm(graph, x, f"{name}.norm2", layer.norm2)
    y = graph.op("Gelu", graph.linear(y, f"{name}.up", layer.up.weight, layer.up.bias), approximate="tanh")
    return graph.op("Add", x, graph.linear(y, f"{name}.down", layer.down.weight, layer.down.bias))


def add_real_pictures(graph: Graph, px: int) -> str:
    """Flatten the conversations' pictures and drop those that are only padding (their mask is all false)."""
    pixels = graph.op("Reshape", "pixel_values", graph.constant([-1, 3, px, px]))
    mask = graph.op("Cast", graph.op("Reshape", "pixel_attention_mask", graph.constant([-1, px * px])), to=TensorProto.INT32)
    real = graph.op("ReduceMax", mask, graph.constant([1]), keepdims=0)
    return graph.op("Compress", pixels, graph.op("Cast", real, to=BOOL), axis=0)


def vision_graph(model: NanoModel) -> onnx.ModelProto:
    """`pixel_values [batch, num_images, 3, px, px]` to `image_features [pictures, tokens, hidden]`."""
    graph, sizes, vision = Graph("vision_encoder"), model.sizes, model.vision
    px, stem, tokens = sizes.image_px, vision.stem, tokens_per_image(sizes.image_px)
    x = add_conv_norm(graph, add_real_pictures(graph, px), "stem.patch", stem.patch, True)
    for index, block in enumerate(stem.detail):
        x = add_block(graph, x, f"stem.detail.{index}", block)
    fine = add_conv_norm(graph, x, "stem.to_fine", stem.to_fine, True)
    for index, block in enumerate(stem.fine):
        fine = add_block(graph, fine, f"stem.fine.{index}", block)
    coarse = add_conv_norm(graph, fine, "stem.to_coarse", stem.to_coarse, True)
    for index, block in enumerate(stem.coarse):
        coarse = add_block(graph, coarse, f"stem.coarse.{index}", block)
    back = add_conv(graph, coarse, "stem.back", stem.back.weight, stem.back.bias)
    back = graph.op(
        "Resize", back, "", graph.constant([1, 1, 2, 2], np.float32), mode="nearest",
        coordinate_transformation_mode="asymmetric", nearest_mode="floor",
    )
    fine = graph.op("Relu", graph.op("Add", fine, back))
    cells = graph.op(
        "Concat", add_fold_cells(graph, fine, sizes.vision.fine_channels, px // 8, 4, 2),
        add_fold_cells(graph, coarse, sizes.vision.coarse_channels, px // 16, 2, 1), axis=-1,
    )
    x = graph.linear(cells, "connector", vision.connector.weight, vision.connector.bias)
    positions = 0.5 * grid_positions(*token_grid(px), sizes.text.hidden)
    x = graph.op("Add", x, graph.constant(positions.numpy(), np.float32))
    for index, layer in enumerate(vision.layers):
        x = add_encoder_layer(graph, x, f"layers.{index}", layer, tokens)
    weight, bias = graph.weight("norm.weight", vision.norm.weight), graph.weight("norm.bias", vision.norm.bias)
    graph.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=vision.norm.eps, outputs=["image_features"])
    return graph.model(
        [tensor_info("pixel_values", FLOAT, ["batch_size", "num_images", 3, px, px]),
         tensor_info("pixel_attention_mask", BOOL, ["batch_size", "num_images", px, px])],
        [tensor_info("image_features", FLOAT, ["num_pictures", tokens, sizes.text.hidden])],
    )


def embed_graph(model: NanoModel) -> onnx.ModelProto:
    """`input_ids` to `inputs_embeds`."""
    graph = Graph("embed_tokens")
    table = graph.weight("embed_tokens.weight", model.text.model.embed_tokens.weight)
    graph.op("Gather", table, "input_ids", outputs=["inputs_embeds"])
    return graph.model(
        [tensor_info("input_ids", INT64, ["batch_size", "sequence_length"])],
        [tensor_info("inputs_embeds", FLOAT, ["batch_size", "sequence_length", model.sizes.text.hidden])],
    )


def add_rotary_caches(graph: Graph, sizes: ModelSizes) -> None:
    """Cosines and sines `[positions, head / 2]`, computed by nodes that runtimes fold when they load the graph."""
    head = sizes.text.hidden // sizes.text.heads
    freqs = sizes.text.rope_theta ** (-np.arange(0, head, 2, dtype=np.float64) / head)
    limits = [graph.constant(value, np.float32) for value in (0, sizes.text.max_positions, 1)]
    positions = graph.op("Unsqueeze", graph.op("Range", *limits), graph.constant([1]))
    angles = graph.op("Mul", positions, graph.constant(freqs[None], np.float32))
    graph.op("Cos", angles, outputs=["cos_cache"])
    graph.op("Sin", angles, outputs=["sin_cache"])


def add_sequence_lengths(graph: Graph) -> tuple[str, str]:
    """What grouped-query attention wants: last valid place per row, and the total length."""
    lengths = graph.op("ReduceSum", "attention_mask", graph.constant([1]), keepdims=0)
    last = graph.op("Cast", graph.op("Sub", lengths, graph.constant(1)), to=TensorProto.INT32)
    shape = graph.op("Shape", "attention_mask", start=1, end=2)
    total = graph.op("Cast", graph.op("Squeeze", shape, graph.constant([0])), to=TensorProto.INT32)
    return last, total


def add_decoder_layer(graph: Graph, index: int, layer: nn.Module, normed: str, sizes: ModelSizes, lengths: tuple) -> str:
    """Attention part of a layer; returns what is added to the residual stream."""
    name, attention, ms = f"layers.{index}.attention", layer.self_attn, "com.microsoft"
    q = graph.linear(normed, f"{name}.q", attention.q_proj.weight)
    k = graph.linear(normed, f"{name}.k", attention.k_proj.weight)
    v = graph.linear(normed, f"{name}.v", attention.v_proj.weight)
    heads, kv_heads = sizes.text.heads, sizes.text.kv_heads
    q = graph.op("RotaryEmbedding", q, "position_ids", "cos_cache", "sin_cache", domain=ms, num_heads=heads)
    k = graph.op("RotaryEmbedding", k, "position_ids", "cos_cache", "sin_cache", domain=ms, num_heads=kv_heads)
    mixed, _, _ = graph.op(
        "GroupQueryAttention", q, k, v, f"past_key_values.{index}.key", f"past_key_values.{index}.value", *lengths,
        outputs=[f"{name}.mixed", f"present.{index}.key", f"present.{index}.value"], domain=ms,
        num_heads=heads, kv_num_heads=kv_heads, do_rotary=0, scale=float((sizes.text.hidden // heads) ** -0.5),
    )
    return graph.linear(mixed, f"{name}.o", attention.o_proj.weight)


def add_mlp(graph: Graph, index: int, mlp: nn.Module, normed: str) -> str:
    gate = graph.linear(normed, f"layers.{index}.gate", mlp.gate_proj.weight)
    gate = graph.op("Mul", gate, graph.op("Sigmoid", gate))
    up = graph.linear(normed, f"layers.{index}.up", mlp.up_proj.weight)
    return graph.linear(graph.op("Mul", gate, up), f"layers.{index}.down", mlp.down_proj.weight)


def add_rms_norm(graph: Graph, x: str, name: str, norm: nn.Module) -> str:
    """RMS norm from standard operators; runtimes fuse it."""
    square = graph.op("ReduceMean", graph.op("Mul", x, x), graph.constant([-1]), keepdims=1)
    root = graph.op("Sqrt", graph.op("Add", square, graph.constant(norm.variance_epsilon, np.float32)))
    return graph.op("Mul", graph.op("Div", x, root), graph.weight(f"{name}.weight", norm.weight))


def add_skip_norm(graph: Graph, added: str, stream: str, name: str, norm: nn.Module) -> tuple[str, str]:
    """Add to the residual stream and normalise; returns the normalised and the new stream."""
    outputs = [f"{name}.normed", "", "", f"{name}.stream"]
    graph.op(
        "SkipSimplifiedLayerNormalization", added, stream, graph.weight(f"{name}.weight", norm.weight),
        outputs=outputs, domain="com.microsoft", epsilon=norm.variance_epsilon,
    )
    return outputs[0], outputs[3]


def decoder_graph(model: NanoModel) -> onnx.ModelProto:
    """The Llama decoder with its cache: the contract of the published Idefics3 exports."""
    graph, sizes, llama = Graph("decoder_model_merged"), model.sizes, model.text.model
    add_rotary_caches(graph, sizes)
    lengths, stream = add_sequence_lengths(graph), "inputs_embeds"
    normed = add_rms_norm(graph, stream, "layers.0.norm1", llama.layers[0].input_layernorm)
    for index, layer in enumerate(llama.layers):
        mixed = add_decoder_layer(graph, index, layer, normed, sizes, lengths)
        normed, stream = add_skip_norm(graph, mixed, stream, f"layers.{index}.norm2", layer.post_attention_layernorm)
        added = add_mlp(graph, index, layer.mlp, normed)
        last = index + 1 == len(llama.layers)
        following = llama.norm if last else llama.layers[index + 1].input_layernorm
        normed, stream = add_skip_norm(graph, added, stream, "norm" if last else f"layers.{index + 1}.norm1", following)
    table = graph.weight("lm_head.weight", model.text.lm_head.weight.T.contiguous(), channel=1)
    graph.op("MatMul", normed, table, outputs=["logits"])
    return graph.model(*decoder_tensors(sizes))


def decoder_tensors(sizes: ModelSizes) -> tuple[list, list]:
    """Inputs and outputs of the decoder graph."""
    text = sizes.text
    cache = lambda prefix, length: [
        tensor_info(f"{prefix}.{i}.{part}", FLOAT, ["batch_size", text.kv_heads, length, text.hidden // text.heads])
        for i in range(text.layers) for part in ("key", "value")
    ]
    inputs = [
        tensor_info("inputs_embeds", FLOAT, ["batch_size", "sequence_length", text.hidden]),
        tensor_info("attention_mask", INT64, ["batch_size", "total_sequence_length"]),
        tensor_info("position_ids", INT64, ["batch_size", "sequence_length"]),
        *cache("past_key_values", "past_sequence_length"),
    ]
    logits = tensor_info("logits", FLOAT, ["batch_size", "sequence_length", sizes.vocab])
    return inputs, [logits, *cache("present", "total_sequence_length")]


def config_json(model: NanoModel) -> dict:
    """`config.json`: an Idefics3 configuration; the sizes of our own encoder stand under `nano_sizes`."""
    sizes = model.sizes
    text = model.text.config.to_dict()
    keep = ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "num_key_value_heads", "head_dim", "max_position_embeddings", "rms_norm_eps", "hidden_act",
            "tie_word_embeddings", "attention_bias", "mlp_bias"]
    ids = {"bos_token_id": BOS, "eos_token_id": END_OF_UTTERANCE, "pad_token_id": PAD}
    rows, cols = token_grid(sizes.image_px)
    return {
        "architectures": ["Idefics3ForConditionalGeneration"], "model_type": "idefics3", "image_token_id": IMAGE,
        "scale_factor": 2, "tie_word_embeddings": False, **ids,
        "text_config": {"model_type": "llama", **{key: text[key] for key in keep}, "rope_theta": sizes.text.rope_theta,
                        **ids, "torch_dtype": "float32"},
        "vision_config": {"model_type": "idefics3_vision", "image_size": sizes.image_px, "patch_size": 16,
                          "hidden_size": sizes.text.hidden, "intermediate_size": sizes.vision.encoder_ffn,
                          "num_hidden_layers": sizes.vision.encoder_layers, "num_channels": 3,
                          "num_attention_heads": sizes.vision.encoder_heads},
        "nano_vision_encoder": "convolutional", "nano_token_rows": rows, "nano_token_cols": cols,
        "nano_sizes": sizes_to_dict(sizes),
        "transformers.js_config": {"kv_cache_dtype": {"fp16": "float32"}},
    }


def write_config(model: NanoModel, folder: Path) -> None:
    """Every JSON file but the tokenizer's."""
    edge = {"longest_edge": model.sizes.image_px}
    write_json(folder / "config.json", config_json(model))
    write_json(folder / "generation_config.json", {
        "bos_token_id": BOS, "eos_token_id": END_OF_UTTERANCE, "pad_token_id": PAD, "do_sample": False,
    })
    write_json(folder / "preprocessor_config.json", {
        "do_convert_rgb": True, "do_image_splitting": False, "do_normalize": True, "do_pad": True, "do_rescale": True,
        "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        "image_processor_type": "Idefics3ImageProcessor", "max_image_size": edge, "processor_class": "Idefics3Processor",
        "resample": 1, "rescale_factor": 1 / 255, "size": edge,
    })
    write_json(folder / "processor_config.json", {
        "image_seq_len": tokens_per_image(model.sizes.image_px), "processor_class": "Idefics3Processor",
    })


def save_weights(model: NanoModel, path: Path) -> None:
    """Safetensors in 8 bits, the reading heads included so that training can go on from them."""
    packed = pack(model.state_dict())
    save_file({name: value.contiguous() for name, value in packed.items()}, path, metadata={"format": "pt"})


def load_weights(model: NanoModel, path: Path) -> None:
    """Inverse of `save_weights`."""
    model.load_state_dict(unpack(load_file(path)))


def load_exported(folder: Path) -> NanoModel:
    """The model of an exported folder, ready to answer."""
    import json

    sizes = sizes_from_dict(json.loads((folder / "config.json").read_text())["nano_sizes"])
    model = NanoModel(sizes, IMAGE)
    load_weights(model, folder / "model.safetensors")
    return model.eval()


def export(model: NanoModel, folder: Path) -> None:
    """Write the whole folder."""
    model = model.float().eval()
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    write_config(model, folder)
    save_tokenizer(build_tokenizer(load_words(), model.sizes.vocab), folder)
    save_weights(model, folder / "model.safetensors")
    load_weights(model, folder / "model.safetensors")
    graphs = {"vision_encoder": vision_graph, "embed_tokens": embed_graph, "decoder_model_merged": decoder_graph}
    with torch.no_grad():
        for name, build in graphs.items():
            onnx.save(build(model), folder / "onnx" / f"{name}.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint, map_location="cpu", weights_only=True)
    model = NanoModel(sizes_from_dict(state["sizes"]), IMAGE)
    model.load_state_dict(state["model"])
    export(model, arguments.out)


if __name__ == "__main__":
    main()
