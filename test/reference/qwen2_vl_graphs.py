"""ONNX graphs of a Qwen2-VL or Qwen2.5-VL of Python transformers, written node by node: the tensors that published exports
take and give. A run of the vision graph sees one picture."""

import onnx
import torch

from idefics3_graphs import FLOAT, INT64, Graph, llama_graph, rotated, tensor


def decoder_graph(model: torch.nn.Module) -> onnx.ModelProto:
    text = model.config.text_config
    return llama_graph(model.model.language_model, model.lm_head, text, sections=text.rope_parameters["mrope_section"])


def embed_graph(model: torch.nn.Module) -> onnx.ModelProto:
    graph = Graph()
    graph.op("Gather", graph.weight(model.model.language_model.embed_tokens.weight), "input_ids", outputs=["inputs_embeds"])
    return graph.model(
        "embed_tokens", [tensor("input_ids", INT64, ["batch", "tokens"])],
        [tensor("inputs_embeds", FLOAT, ["batch", "tokens", model.config.text_config.hidden_size])],
    )


def grid_places(graph: Graph, merge: int) -> tuple[str, str]:
    """Row and column of each patch, `[patches]`; the patches that become one token stand together."""
    height, width = (graph.op("Reshape", graph.op("GatherElements", "grid_thw", graph.const([[axis]]), axis=1), graph.const([1])) for axis in (1, 2))
    shape = graph.op("Concat", height, width, axis=0)
    few = lambda size: graph.op("Div", size, graph.const([merge]))
    blocks = graph.op("Concat", few(height), graph.const([merge]), few(width), graph.const([merge]), axis=0)
    places = []
    for size, axis in ((height, 1), (width, 0)):
        count = graph.op("Range", graph.const(0), graph.op("Squeeze", size), graph.const(1))
        whole = graph.op("Expand", graph.op("Unsqueeze", count, graph.const([axis])), shape)
        whole = graph.op("Transpose", graph.op("Reshape", whole, blocks), perm=[0, 2, 1, 3])
        places.append(graph.op("Reshape", whole, graph.const([-1])))
    return places[0], places[1]


def window_mask(graph: Graph, row: str, column: str, window_patches: int) -> str:
    """`[1, 1, patches, patches]`: patches of other windows are not seen."""
    size = graph.const(window_patches)
    window = graph.op("Add", graph.op("Mul", graph.op("Div", row, size), graph.const(2**20)), graph.op("Div", column, size))
    same = graph.op("Equal", graph.op("Unsqueeze", window, graph.const([0, 1, 2])), graph.op("Unsqueeze", window, graph.const([0, 1, 3])))
    return graph.op("Where", same, graph.const(0, "float32"), graph.const(-1e9, "float32"))


def norm(graph: Graph, x: str, module: torch.nn.Module) -> str:
    return graph.layer_norm(x, module) if isinstance(module, torch.nn.LayerNorm) else graph.rms_norm(x, module)


def mlp(graph: Graph, x: str, module: torch.nn.Module) -> str:
    if hasattr(module, "fc1"):
        inner = graph.linear(x, module.fc1)
        inner = graph.op("Mul", inner, graph.op("Sigmoid", graph.op("Mul", inner, graph.const(1.702, "float32"))))
        return graph.linear(inner, module.fc2)
    gate = graph.linear(x, module.gate_proj)
    gate = graph.op("Mul", graph.op("Mul", gate, graph.op("Sigmoid", gate)), graph.linear(x, module.up_proj))
    return graph.linear(gate, module.down_proj)


def vision_graph(model: torch.nn.Module) -> onnx.ModelProto:
    """`pixel_values [patches, numbers]` and `grid_thw [1, 3]` to `image_features [tokens, hidden]`."""
    graph, vision, config = Graph(), model.model.visual, model.config.vision_config
    heads, merge = config.num_heads, config.spatial_merge_size
    patch = vision.patch_embed.proj.weight
    row, column = grid_places(graph, merge)
    inverse = graph.weight(vision.rotary_pos_emb.inv_freq)
    halves = [graph.op("Mul", graph.op("Cast", graph.op("Unsqueeze", each, graph.const([1])), to=FLOAT), inverse) for each in (row, column)]
    angles = graph.op("Concat", *halves, *halves, axis=-1)
    cos, sin = graph.op("Cos", angles), graph.op("Sin", angles)
    windows = None
    if hasattr(config, "window_size"):
        windows = window_mask(graph, row, column, config.window_size // config.patch_size // merge * merge)
    x = graph.op("MatMul", "pixel_values", graph.weight(patch.reshape(patch.shape[0], -1).T.contiguous()))
    x = graph.op("Unsqueeze", x, graph.const([0]))
    for index, block in enumerate(vision.blocks):
        attention, normed = block.attn, norm(graph, x, block.norm1)
        size = attention.head_dim
        q, k, v = (
            graph.heads(graph.op("Add", graph.op("MatMul", normed, graph.weight(weight.T.contiguous())), graph.weight(bias)), heads, size)
            for weight, bias in zip(attention.qkv.weight.chunk(3), attention.qkv.bias.chunk(3))
        )
        q, k = rotated(graph, q, cos, sin), rotated(graph, k, cos, sin)
        mask = None if index in getattr(config, "fullatt_block_indexes", [index]) else windows
        x = graph.op("Add", x, graph.linear(graph.attend(q, k, v, size**-0.5, mask), attention.proj))
        x = graph.op("Add", x, mlp(graph, norm(graph, x, block.norm2), block.mlp))
    x = norm(graph, x, vision.merger.ln_q)
    x = graph.op("Reshape", x, graph.const([-1, vision.merger.hidden_size]))
    x = graph.linear(graph.op("Gelu", graph.linear(x, vision.merger.mlp[0])), vision.merger.mlp[2])
    graph.op("Identity", x, outputs=["image_features"])
    return graph.model(
        "vision_encoder",
        [tensor("pixel_values", FLOAT, ["patches", patch[0].numel()]), tensor("grid_thw", INT64, ["pictures", 3])],
        [tensor("image_features", FLOAT, ["image_tokens", model.config.text_config.hidden_size])],
    )
