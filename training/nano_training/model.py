"""The model: a convolutional vision encoder of our own in front of the stock Llama decoder."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, LlamaConfig, LlamaForCausalLM

from .charset import NUM_CLASSES
from .config import ModelSizes, VisionSizes

# A token covers 16 x 32 pixels: 2 x 4 cells of the stride-8 map, 1 x 2 cells of the stride-16 map.
TOKEN_WIDTH_PX, TOKEN_HEIGHT_PX = 16, 32
FINE_STRIDE_PX = 8
# Reading targets sit on cells of 4 x 8 pixels, so that narrow letters do not share one.
READ_WIDTH_PX, READ_HEIGHT_PX = 4, 8
READ_CELLS_PER_TOKEN = (TOKEN_WIDTH_PX // READ_WIDTH_PX) * (TOKEN_HEIGHT_PX // READ_HEIGHT_PX)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attention written out: on CPUs in bfloat16 faster forwards and backwards than the fused kernel at these sizes."""
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    return (scores if bias is None else scores + bias).softmax(-1).to(v.dtype) @ v


def llama_attend(module: nn.Module, q: Tensor, k: Tensor, v: Tensor, attention_mask: Tensor | None, **_: object):
    """`attend` in the shape that transformers' Llama calls; without a mask it is causal."""
    repeat = module.num_key_value_groups
    k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
    if attention_mask is None:
        hidden = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device)
        attention_mask = torch.zeros(hidden.shape, device=q.device).masked_fill_(
            hidden.triu(1 + k.shape[-2] - q.shape[-2]), -1e9
        )
    return attend(q, k, v, attention_mask.to(q.dtype)).transpose(1, 2).contiguous(), None


AttentionInterface.register("written_out", llama_attend)


def token_grid(image_px: int) -> tuple[int, int]:
    """Rows and columns of image tokens for a square tile."""
    return image_px // TOKEN_HEIGHT_PX, image_px // TOKEN_WIDTH_PX


def tokens_per_image(image_px: int) -> int:
    """How many `<image>` tokens one tile costs."""
    rows, cols = token_grid(image_px)
    return rows * cols


class ConvNorm(nn.Module):
    """Convolution without bias, then batch norm (folded into the convolution at export)."""

    def __init__(self, cin: int, cout: int, kernel: int, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(cout, momentum=0.05)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = ConvNorm(channels, channels, 3)
        self.second = ConvNorm(channels, channels, 3)
        # A new block changes nothing at first, so that one can also be put into trained weights.
        nn.init.zeros_(self.second.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


class Stem(nn.Module):
    """Pixels to a stride-8 map (which also sees the stride-16 map) and a stride-16 map."""

    def __init__(self, sizes: VisionSizes):
        super().__init__()
        self.patch = ConvNorm(3, sizes.stem_channels, 7, 4)
        self.detail = nn.Sequential(*[ResidualBlock(sizes.stem_channels) for _ in range(sizes.detail_blocks)])
        self.to_fine = ConvNorm(sizes.stem_channels, sizes.fine_channels, 3, 2)
        self.fine = nn.Sequential(*[ResidualBlock(sizes.fine_channels) for _ in range(sizes.fine_blocks)])
        self.to_coarse = ConvNorm(sizes.fine_channels, sizes.coarse_channels, 3, 2)
        self.coarse = nn.Sequential(*[ResidualBlock(sizes.coarse_channels) for _ in range(sizes.coarse_blocks)])
        self.back = nn.Conv2d(sizes.coarse_channels, sizes.fine_channels, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.fine(F.relu(self.to_fine(self.detail(F.relu(self.patch(pixels))))))
        coarse = self.coarse(F.relu(self.to_coarse(fine)))
        return F.relu(fine + F.interpolate(self.back(coarse), scale_factor=2.0, mode="nearest")), coarse


class EncoderLayer(nn.Module):
    """Pre-norm transformer layer, every token sees every token."""

    def __init__(self, width: int, heads: int, ffn: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, ffn), nn.Linear(ffn, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = attend(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


def grid_positions(rows: int, cols: int, width: int) -> Tensor:
    """2-D sin-cos positions `[rows * cols, width]`; coordinates are fractions of the tile, so the size may change."""
    quarter = width // 4
    freqs = torch.exp(torch.arange(quarter) * (-math.log(200.0) / quarter)) * math.pi
    y = (torch.arange(rows) + 0.5)[:, None] / rows * 24 * freqs / 4
    x = (torch.arange(cols) + 0.5)[:, None] / cols * 24 * freqs / 4
    y_part = torch.cat([y.sin(), y.cos()], -1)[:, None, :].expand(rows, cols, -1)
    x_part = torch.cat([x.sin(), x.cos()], -1)[None, :, :].expand(rows, cols, -1)
    return torch.cat([y_part, x_part], -1).reshape(rows * cols, width)


def fold_cells(x: Tensor, down: int, across: int) -> Tensor:
    """`[n, c, h, w]` to tokens `[n, h/down * w/across, down*across*c]`, row by row."""
    n, c, h, w = x.shape
    cells = x.reshape(n, c, h // down, down, w // across, across)
    return cells.permute(0, 2, 4, 3, 5, 1).reshape(n, (h // down) * (w // across), down * across * c)


class VisionEncoder(nn.Module):
    """`pixels [images, 3, px, px]` (already normalised) to `image_features [images, tokens, hidden]`."""

    def __init__(self, sizes: ModelSizes):
        super().__init__()
        vision, width = sizes.vision, sizes.text.hidden
        self.stem = Stem(vision)
        self.connector = nn.Linear(8 * vision.fine_channels + 2 * vision.coarse_channels, width)
        self.layers = nn.ModuleList(
            EncoderLayer(width, vision.encoder_heads, vision.encoder_ffn) for _ in range(vision.encoder_layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the features and the stride-8 map that the reading loss looks at."""
        fine, coarse = self.stem(pixels)
        rows, cols = pixels.shape[2] // TOKEN_HEIGHT_PX, pixels.shape[3] // TOKEN_WIDTH_PX
        x = self.connector(torch.cat([fold_cells(fine, 4, 2), fold_cells(coarse, 2, 1)], -1))
        x = x + 0.5 * grid_positions(rows, cols, x.shape[-1]).to(x)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x), fine


class ReadingHeads(nn.Module):
    """Auxiliary classifiers of the character at a 4x8-pixel cell; used only while training."""

    def __init__(self, sizes: ModelSizes, width: int = 32):
        super().__init__()
        self.width = width
        self.fine = nn.Linear(sizes.vision.fine_channels, 2 * NUM_CLASSES)
        self.spread = nn.Linear(sizes.text.hidden, READ_CELLS_PER_TOKEN * width)
        self.token = nn.Linear(width, NUM_CLASSES)

    def from_fine(self, fine: Tensor, cells: Tensor) -> Tensor:
        """Logits at `cells [n, 3]` (picture, row of 8 px, column of 4 px) from the stride-8 map."""
        image, row, col = cells.unbind(1)
        both = self.fine(fine[image, :, row, col // 2]).view(len(cells), 2, -1)
        return both[torch.arange(len(cells), device=cells.device), col % 2]

    def forward(self, fine: Tensor, features: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Logits at `cells` from the stride-8 map and from the image tokens."""
        image, row, col = cells.unbind(1)
        token_cols = fine.shape[3] // 2
        token = (row // 4) * token_cols + col // 4
        spread = self.spread(features[image, token]).view(len(cells), READ_CELLS_PER_TOKEN, self.width)
        each = torch.arange(len(cells), device=cells.device)
        return self.from_fine(fine, cells), self.token(F.gelu(spread[each, (row % 4) * 4 + col % 4]))


def llama_config(sizes: ModelSizes) -> LlamaConfig:
    """Stock configuration of the decoder."""
    text = sizes.text
    return LlamaConfig(
        vocab_size=sizes.vocab, hidden_size=text.hidden, intermediate_size=text.ffn,
        num_hidden_layers=text.layers, num_attention_heads=text.heads, num_key_value_heads=text.kv_heads,
        head_dim=text.hidden // text.heads, max_position_embeddings=text.max_positions,
        rope_theta=text.rope_theta, rms_norm_eps=1e-5, hidden_act="silu", tie_word_embeddings=False,
        attention_bias=False, mlp_bias=False, bos_token_id=1, eos_token_id=5, pad_token_id=0,
        initializer_range=0.03, attn_implementation="written_out",
    )


class NanoModel(nn.Module):
    """Vision encoder, reading heads and decoder."""

    def __init__(self, sizes: ModelSizes, image_token_id: int):
        super().__init__()
        self.sizes, self.image_token_id = sizes, image_token_id
        self.vision = VisionEncoder(sizes)
        self.reading = ReadingHeads(sizes)
        self.text = LlamaForCausalLM(llama_config(sizes))
        # As large as the image features and what layers add: smaller ones drown, and copying needs to know the last character.
        nn.init.normal_(self.text.model.embed_tokens.weight, std=0.7)

    def embed(self, input_ids: Tensor, features: Tensor | None) -> Tensor:
        """Token embeddings with the `<image>` places filled by the features in order."""
        embeds = self.text.model.embed_tokens(input_ids)
        if features is None:
            return embeds
        places = input_ids == self.image_token_id
        return embeds.masked_scatter(places[..., None], features.reshape(-1, features.shape[-1]).to(embeds))

    def hidden(self, embeds: Tensor, attention: Tensor | None, position_ids: Tensor | None) -> Tensor:
        """Last hidden states; `attention` is additive `[batch, 1, query, key]` or None for plain causal."""
        return self.text.model(
            inputs_embeds=embeds, attention_mask=attention, position_ids=position_ids, use_cache=False
        ).last_hidden_state

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores over the vocabulary."""
        return self.text.lm_head(hidden)

    def forward(self, pixels: Tensor | None, input_ids: Tensor) -> Tensor:
        """Logits `[batch, length, vocab]` of plain, unpacked conversations; `pixels` lists the pictures in order."""
        features = None if pixels is None else self.vision(pixels)[0]
        return self.logits(self.hidden(self.embed(input_ids, features), None, None))
