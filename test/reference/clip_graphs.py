"""The ONNX graphs of CLIP's towers, written node by node."""

import torch
from onnx import TensorProto
from transformers import CLIPVisionConfig

from idefics3_graphs import Graph

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def quick_gelu(graph: Graph, x: str) -> str:
    return graph.op("Mul", x, graph.op("Sigmoid", graph.op("Mul", x, graph.const(1.702, "float32"))))


def clip_layers(graph: Graph, x: str, layers: list[torch.nn.Module], mask: str | None = None) -> str:
    for layer in layers:
        attention, normed = layer.self_attn, graph.layer_norm(x, layer.layer_norm1)
        q, k, v = (
            graph.heads(graph.linear(normed, part), attention.num_heads, attention.head_dim)
            for part in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        x = graph.op("Add", x, graph.linear(graph.attend(q, k, v, attention.scale, mask), attention.out_proj))
        inner = graph.linear(graph.layer_norm(x, layer.layer_norm2), layer.mlp.fc1)
        x = graph.op("Add", x, graph.linear(quick_gelu(graph, inner), layer.mlp.fc2))
    return x


def clip_vision(graph: Graph, vision: torch.nn.Module, config: CLIPVisionConfig, skipped_layers: int = 0) -> str:
    """`pixel_values [pictures, 3, px, px]` to the hidden states `[pictures, 1 + patches, hidden]`, the class first."""
    side = config.image_size // config.patch_size
    patch = vision.embeddings.patch_embedding
    x = graph.op("Conv", "pixel_values", graph.weight(patch.weight), strides=[config.patch_size] * 2)
    x = graph.op("Transpose", graph.op("Reshape", x, graph.const([0, 0, side * side])), perm=[0, 2, 1])
    pictures = graph.op("Shape", "pixel_values", start=0, end=1)
    first = graph.weight(vision.embeddings.class_embedding[None, None])
    first = graph.op("Expand", first, graph.op("Concat", pictures, graph.const([1, config.hidden_size]), axis=0))
    x = graph.op("Add", graph.op("Concat", first, x, axis=1), graph.weight(vision.embeddings.position_embedding.weight))
    x = graph.layer_norm(x, vision.pre_layrnorm)
    return clip_layers(graph, x, list(vision.encoder.layers)[: config.num_hidden_layers - skipped_layers])
