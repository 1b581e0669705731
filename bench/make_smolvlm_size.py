"""Writes bench/.models/smolvlm-size: a model with random weights in the sizes of SmolVLM-256M, fp32 and q4 (4 bits, blocks
of 32), for timing where the real weights cannot be downloaded. Its answers mean nothing.

pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 onnxruntime==1.32.0
Run: python bench/make_smolvlm_size.py FOLDER     # FOLDER: configuration, processor and tokenizer files of SmolVLM-256M-Instruct
"""

import json
import shutil
import sys
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from transformers import AutoConfig, Idefics3ForConditionalGeneration

sys.path.insert(0, str(Path(__file__).parents[1] / "test/reference"))
from idefics3_graphs import decoder_graph, embed_graph, vision_graph  # noqa: E402

OUT = Path(__file__).parent / ".models/smolvlm-size"
FILES = ["config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json",
         "tokenizer_config.json", "chat_template.json", "special_tokens_map.json"]


def make_model(folder: Path) -> Idefics3ForConditionalGeneration:
    """Random weights; special tokens keep a logit of 0, so that no answer ends early."""
    config = AutoConfig.from_pretrained(folder)
    config.tie_word_embeddings = config.text_config.tie_word_embeddings = False
    torch.manual_seed(5)
    model = Idefics3ForConditionalGeneration(config).float().eval()
    special = [token["id"] for token in json.loads((folder / "tokenizer.json").read_text())["added_tokens"]]
    with torch.no_grad():
        model.lm_head.weight.normal_(0, 0.2)
        model.lm_head.weight[special] = 0
    return model


def main() -> None:
    folder = Path(sys.argv[1])
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "onnx").mkdir(parents=True)
    for name in FILES:
        if (folder / name).exists():
            shutil.copy(folder / name, OUT / name)
    model = make_model(folder)
    for name, write in {"vision_encoder": vision_graph, "embed_tokens": embed_graph, "decoder_model_merged": decoder_graph}.items():
        graph = write(model)
        onnx.save(graph, OUT / "onnx" / f"{name}.onnx")
        if name != "embed_tokens":
            quantizer = MatMulNBitsQuantizer(graph, bits=4, block_size=32, is_symmetric=True, accuracy_level=4)
            quantizer.process()
            graph = quantizer.model.model
        onnx.save(graph, OUT / "onnx" / f"{name}_q4.onnx")
        print(name, *(f"{path.name} {path.stat().st_size / 1e6:.0f} MB" for path in sorted((OUT / "onnx").glob(f"{name}*"))))


if __name__ == "__main__":
    main()
