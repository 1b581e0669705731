"""ONNX graphs of an Idefics3 of Python transformers, written node by node: the tensors that published exports take and
give, and by choice those in which exporters differ."""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import Idefics3ForConditionalGeneration, PreTrainedConfig

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


class Graph:
    """Collects nodes and weights; every method gives the name of what it adds."""

    def __init__(self):
        self.nodes, self.weights, self.count = [], [], 0

    def op(self, kind: str, *inputs: str, outputs: int | list[str] = 1, **attributes: object):
        self.count += 1
        names = outputs if isinstance(outputs, list) else [f"{kind}_{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, f"{kind}_{self.count}", **attributes))
        return names[0] if len(names) == 1 else names

    def const(self, values, kind=np.int64) -> str:
        self.count += 1
        self.weights.append(numpy_helper.from_array(np.array(values, kind), f"const_{self.count}"))
        return f"const_{self.count}"

    def weight(self, value: torch.Tensor) -> str:
        return self.const(value.detach().numpy(), np.float32)

    def linear(self, x: str, layer: torch.nn.Linear) -> str:
        y = self.op("MatMul", x, self.weight(layer.weight.T.contiguous()))
        return y if layer.bias is None else self.op("Add", y, self.weight(layer.bias))

    def layer_norm(self, x: str, norm: torch.nn.LayerNorm) -> str:
        return self.op("LayerNormalization", x, self.weight(norm.weight), self.weight(norm.bias), epsilon=norm.eps)

    def rms_norm(self, x: str, norm: torch.nn.Module) -> str:
        mean = self.op("ReduceMean", self.op("Mul", x, x), self.const([-1]), keepdims=1)
        root = self.op("Sqrt", self.op("Add", mean, self.const(norm.variance_epsilon, np.float32)))
        return self.op("Mul", self.op("Div", x, root), self.weight(norm.weight))

    def heads(self, x: str, heads: int, size: int) -> str:
        """`[batch, tokens, heads * size]` to `[batch, heads, tokens, size]`."""
        return self.op("Transpose", self.op("Reshape", x, self.const([0, 0, heads, size])), perm=[0, 2, 1, 3])

    def attend(self, q: str, k: str, v: str, scale: float, mask: str | None = None) -> str:
        scores = self.op("MatMul", q, self.op("Transpose", k, perm=[0, 1, 3, 2]))
        scores = self.op("Mul", scores, self.const(scale, np.float32))
        weights = self.op("Softmax", scores if mask is None else self.op("Add", scores, mask), axis=-1)
        mixed = self.op("Transpose", self.op("MatMul", weights, v), perm=[0, 2, 1, 3])
        return self.op("Reshape", mixed, self.const([0, 0, -1]))

    def model(self, name: str, inputs: list, outputs: list) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.weights)
        domains = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=domains, ir_version=9)
        onnx.checker.check_model(model)
        return model


def tensor(name: str, kind: int, shape: list):
    return helper.make_tensor_value_info(name, kind, shape)


def vision_graph(model: Idefics3ForConditionalGeneration) -> onnx.ModelProto:
    """Whole tiles only: `pixel_values [batch, images, 3, px, px]` to `image_features [images, tokens, hidden]`."""
    graph, vision, config = Graph(), model.model.vision_model, model.config
    tile_px, patch_px, scale = config.vision_config.image_size, config.vision_config.patch_size, config.scale_factor
    side, width = tile_px // patch_px, config.vision_config.hidden_size
    pixels = graph.op("Reshape", "pixel_values", graph.const([-1, 3, tile_px, tile_px]))
    mask = graph.op("Cast", graph.op("Reshape", "pixel_attention_mask", graph.const([-1, tile_px**2])), to=TensorProto.INT32)
    real = graph.op("Cast", graph.op("ReduceMax", mask, graph.const([1]), keepdims=0), to=BOOL)
    pixels = graph.op("Compress", pixels, real, axis=0)
    patch = vision.embeddings.patch_embedding
    x = graph.op("Conv", pixels, graph.weight(patch.weight), graph.weight(patch.bias), strides=[patch_px, patch_px])
    x = graph.op("Transpose", graph.op("Reshape", x, graph.const([0, 0, side * side])), perm=[0, 2, 1])
    x = graph.op("Add", x, graph.weight(vision.embeddings.position_embedding.weight))
    for layer in vision.encoder.layers:
        attention, normed = layer.self_attn, graph.layer_norm(x, layer.layer_norm1)
        q, k, v = (
            graph.heads(graph.linear(normed, part), attention.num_heads, attention.head_dim)
            for part in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        x = graph.op("Add", x, graph.linear(graph.attend(q, k, v, attention.scale), attention.out_proj))
        inner = graph.linear(graph.layer_norm(x, layer.layer_norm2), layer.mlp.fc1)
        x = graph.op("Add", x, graph.linear(graph.op("Gelu", inner, approximate="tanh"), layer.mlp.fc2))
    x = graph.layer_norm(x, vision.post_layernorm)
    few = side // scale
    x = graph.op("Reshape", x, graph.const([0, few, scale, few, scale * width]))
    x = graph.op("Reshape", graph.op("Transpose", x, perm=[0, 1, 3, 2, 4]), graph.const([0, few * few, scale**2 * width]))
    x = graph.linear(x, model.model.connector.modality_projection.proj)
    graph.op("Identity", x, outputs=["image_features"])
    return graph.model(
        "vision_encoder",
        [tensor("pixel_values", FLOAT, ["batch", "images", 3, tile_px, tile_px]),
         tensor("pixel_attention_mask", BOOL, ["batch", "images", tile_px, tile_px])],
        [tensor("image_features", FLOAT, ["pictures", few * few, config.text_config.hidden_size])],
    )


def embed_graph(model: Idefics3ForConditionalGeneration) -> onnx.ModelProto:
    graph = Graph()
    graph.op("Gather", graph.weight(model.model.text_model.embed_tokens.weight), "input_ids", outputs=["inputs_embeds"])
    return graph.model(
        "embed_tokens", [tensor("input_ids", INT64, ["batch", "tokens"])],
        [tensor("inputs_embeds", FLOAT, ["batch", "tokens", model.config.text_config.hidden_size])],
    )


def rotated(graph: Graph, x: str, cos: str, sin: str) -> str:
    first, second = graph.op("Split", x, outputs=2, axis=-1, num_outputs=2)
    turned = graph.op("Concat", graph.op("Neg", second), first, axis=-1)
    return graph.op("Add", graph.op("Mul", x, cos), graph.op("Mul", turned, sin))


def sectioned_angles(graph: Graph, place: str, inverse: torch.Tensor, sections: list[int]) -> str:
    """Rotary angles `[batch, 1, tokens, head_dim]` of positions `[3, batch, tokens]`."""
    angles = graph.op("Mul", graph.op("Cast", graph.op("Unsqueeze", place, graph.const([3])), to=FLOAT), graph.weight(inverse))
    parts, start = [], 0
    for index, size in enumerate(sections):
        axis = graph.op("Gather", angles, graph.const(index % 3), axis=0)
        parts.append(graph.op("Slice", axis, graph.const([start]), graph.const([start + size]), graph.const([2])))
        start += size
    return graph.op("Unsqueeze", graph.op("Concat", *parts, *parts, axis=-1), graph.const([1]))


def past_of(graph: Graph, name: str, cache_branch: bool) -> str:
    """The past as given, or, where the graph has a branch without cache, only in the branch with it."""
    if not cache_branch:
        return name
    kept, dropped = f"{name}.kept", f"{name}.dropped"
    with_cache = helper.make_graph([helper.make_node("Identity", [name], [kept])], "with_cache", [], [tensor(kept, FLOAT, None)])
    nothing = helper.make_node("Slice", [name, graph.const([0]), graph.const([0]), graph.const([2])], [dropped])
    without = helper.make_graph([nothing], "without_cache", [], [tensor(dropped, FLOAT, None)])
    return graph.op("If", "use_cache_branch", then_branch=with_cache, else_branch=without)


def grouped_lengths(graph: Graph) -> tuple[str, str]:
    """What GroupQueryAttention wants: the last place of each row, and the length of the longest."""
    last = graph.op("Sub", graph.op("ReduceSum", "attention_mask", graph.const([1]), keepdims=0), graph.const(1))
    total = graph.op("Squeeze", graph.op("Shape", "attention_mask", start=1, end=2), graph.const([0]))
    return graph.op("Cast", last, to=TensorProto.INT32), graph.op("Cast", total, to=TensorProto.INT32)


def decoder_graph(
    model: Idefics3ForConditionalGeneration, *, positions: bool = True, keep: bool = False, cache_branch: bool = False,
    padding: bool = True, grouped: bool = False,
) -> onnx.ModelProto:
    """The Llama decoder; the options decide in what exporters differ: the tensors it takes, whether it leaves out places
    whose attention mask is 0 (`padding`), and whether attention is one GroupQueryAttention (`grouped`)."""
    return llama_graph(
        model.model.text_model, model.lm_head, model.config.text_config, positions=positions, keep=keep,
        cache_branch=cache_branch, padding=padding, grouped=grouped,
    )


def llama_graph(
    llama: torch.nn.Module, lm_head: torch.nn.Linear, text: PreTrainedConfig, *, positions: bool = True, keep: bool = False,
    cache_branch: bool = False, padding: bool = True, grouped: bool = False, ids: bool = False,
    sections: list[int] | None = None,
) -> onnx.ModelProto:
    """A decoder built like Llama's. With `ids` it takes token ids, and embeds them itself. With `sections` positions are
    `[3, batch, tokens]`, and each section of the rotary angles takes the next of the three."""
    graph = Graph()
    heads, kv_heads = text.num_attention_heads, text.num_key_value_heads
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // heads
    tokens = "input_ids" if ids else "inputs_embeds"
    length = graph.op("Shape", tokens, start=1, end=2)
    total = graph.op("Shape", "attention_mask", start=1, end=2)
    last = graph.op("Slice", graph.op("CumSum", "attention_mask", graph.const(1)), graph.op("Neg", length), total, graph.const([1]))
    place = "position_ids" if positions else graph.op("Sub", last, graph.const(1))
    inverse = llama.rotary_emb.inv_freq
    if sections is None:
        angles = graph.op("Cast", graph.op("Unsqueeze", place, graph.const([1, 3])), to=FLOAT)
        angles = graph.op("Mul", angles, graph.weight(torch.cat([inverse, inverse])))
    else:
        angles = sectioned_angles(graph, place, inverse, sections)
    cos, sin = graph.op("Cos", angles), graph.op("Sin", angles)
    keys = graph.op("Range", graph.const(0), graph.op("Squeeze", total), graph.const(1))
    rows = graph.op("Add", graph.op("Range", graph.const(0), graph.op("Squeeze", length), graph.const(1)), graph.op("Sub", total, length))
    seen = graph.op("LessOrEqual", graph.op("Unsqueeze", keys, graph.const([0])), graph.op("Unsqueeze", rows, graph.const([1])))
    if padding:
        real = graph.op("Cast", graph.op("Unsqueeze", "attention_mask", graph.const([1, 2])), to=BOOL)
        seen = graph.op("And", graph.op("Unsqueeze", seen, graph.const([0, 1])), real)
    mask = graph.op("Where", seen, graph.const(0, np.float32), graph.const(-1e4, np.float32))
    lengths = grouped_lengths(graph) if grouped else ()
    x = graph.op("Gather", graph.weight(llama.embed_tokens.weight), tokens) if ids else tokens
    for index, layer in enumerate(llama.layers):
        attention, normed = layer.self_attn, graph.rms_norm(x, layer.input_layernorm)
        q = rotated(graph, graph.heads(graph.linear(normed, attention.q_proj), heads, head_dim), cos, sin)
        k = rotated(graph, graph.heads(graph.linear(normed, attention.k_proj), kv_heads, head_dim), cos, sin)
        v = graph.heads(graph.linear(normed, attention.v_proj), kv_heads, head_dim)
        spread = []
        pasts = [f"past_key_values.{index}.{name}" for name in ("key", "value")]
        presents = [f"present.{index}.{name}" for name in ("key", "value")]
        if grouped:
            flat = [graph.op("Reshape", graph.op("Transpose", each, perm=[0, 2, 1, 3]), graph.const([0, 0, -1])) for each in (q, k, v)]
            mixed, _, _ = graph.op(
                "GroupQueryAttention", *flat, *pasts, *lengths, outputs=[f"mixed_{index}", *presents], domain="com.microsoft",
                num_heads=heads, kv_num_heads=kv_heads, do_rotary=0, scale=head_dim**-0.5,
            )
        for name, new in () if grouped else (("key", k), ("value", v)):
            past = past_of(graph, f"past_key_values.{index}.{name}", cache_branch)
            whole = graph.op("Concat", past, new, axis=2, outputs=[f"present.{index}.{name}"])
            each = graph.op("Unsqueeze", whole, graph.const([2]))
            each = graph.op("Concat", *[each] * (heads // kv_heads), axis=2)
            spread.append(graph.op("Reshape", each, graph.const([0, heads, -1, head_dim])))
        if not grouped:
            mixed = graph.attend(q, *spread, head_dim**-0.5, mask)
        x = graph.op("Add", x, graph.linear(mixed, attention.o_proj))
        normed, mlp = graph.rms_norm(x, layer.post_attention_layernorm), layer.mlp
        gate = graph.linear(normed, mlp.gate_proj)
        gate = graph.op("Mul", graph.op("Mul", gate, graph.op("Sigmoid", gate)), graph.linear(normed, mlp.up_proj))
        x = graph.op("Add", x, graph.linear(gate, mlp.down_proj))
    x = graph.rms_norm(x, llama.norm)
    if keep:
        start = graph.op("Unsqueeze", graph.op("Neg", "num_logits_to_keep"), graph.const([0]))
        x = graph.op("Slice", x, start, graph.const([2**31]), graph.const([1]))
    graph.op("Identity", graph.linear(x, lm_head), outputs=["logits"])
    return graph.model("decoder_model_merged", *decoder_tensors(text, head_dim, ids, positions, keep, cache_branch, sections))


def decoder_tensors(
    text: PreTrainedConfig, head_dim: int, ids: bool, positions: bool, keep: bool, cache_branch: bool,
    sections: list[int] | None,
) -> tuple[list, list]:
    cache = lambda prefix, tokens: [
        tensor(f"{prefix}.{index}.{part}", FLOAT, ["batch", text.num_key_value_heads, tokens, head_dim])
        for index in range(text.num_hidden_layers) for part in ("key", "value")
    ]
    inputs = [
        tensor("input_ids", INT64, ["batch", "tokens"]) if ids else tensor("inputs_embeds", FLOAT, ["batch", "tokens", text.hidden_size]),
        tensor("attention_mask", INT64, ["batch", "total"]),
        *([tensor("position_ids", INT64, [*([3] if sections else []), "batch", "tokens"])] if positions else []),
        *([tensor("num_logits_to_keep", INT64, [])] if keep else []),
        *([tensor("use_cache_branch", BOOL, [1])] if cache_branch else []),
        *cache("past_key_values", "past"),
    ]
    return inputs, [tensor("logits", FLOAT, ["batch", "kept", text.vocab_size]), *cache("present", "total")]
