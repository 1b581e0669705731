"""Writes test/reference/tiny-llama/ and tiny-qwen2/: random language models without eyes in Hugging Face layout, each with its
ONNX graph, and vectors.json with what Python transformers answers. They share the tokenizer of tiny-idefics3.

pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 onnxruntime==1.32.0 pillow numpy
Run: python test/reference/make_tiny_text.py     # after make_tiny_idefics3.py
"""

import json
import shutil
from pathlib import Path

import onnx
import torch
import transformers
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedModel, Qwen2Config, Qwen2ForCausalLM

from idefics3_graphs import llama_graph

HERE = Path(__file__).parent
STEPS = 64
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% for part in message.content %}{{ part.text }}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZES = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 2048, "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
}
CASES = {
    "one question": [("user", "How many bars are there?")],
    "several turns": [("system", "Answer briefly."), ("user", "Hello there!"), ("assistant", "Hello."), ("user", "¿Qué hay 42?")],
    "a long conversation": [("user" if turn % 2 == 0 else "assistant", f"The highest value is {turn}. " * 9) for turn in range(9)],
}


def randomised(model: PreTrainedModel, special: int) -> PreTrainedModel:
    """Weights so large that answers differ clearly from token to token."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 1.0 if "embed" in name else parameter[0].numel() ** -0.5 * 1.3)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.3)
        model.lm_head.weight.mul_(4)
        # Special tokens keep a logit of 0, so that no answer ends before its last step.
        model.lm_head.weight[:special] = 0
    return model.eval()


@torch.no_grad()
def answer(model: PreTrainedModel, ids: list[int], special: int) -> dict:
    """The logits of some steps and the greedy tokens, each step from the whole text so far."""
    current, tokens, logits = torch.tensor([ids]), [], {}
    for step in range(STEPS):
        scores = model(input_ids=current, use_cache=False).logits[0, -1]
        if step in (0, 1, 31, STEPS - 1):
            logits[step] = [round(value, 6) for value in scores.tolist()]
        best = scores.topk(2)
        assert best.values[0] - best.values[1] > 2e-3 and int(best.indices[0]) >= special, "choose another seed"
        tokens.append(int(best.indices[0]))
        current = torch.cat([current, best.indices[None, :1]], -1)
    return {"tokens": tokens, "logits": logits}


def write(name: str, model_class: type, config: object) -> None:
    """The first seed with which no answer has a tie or a special token."""
    for seed in range(100):
        try:
            return write_with(name, model_class, config, seed)
        except AssertionError:
            print(name, "does not take the seed", seed)


def write_with(name: str, model_class: type, config: object, seed: int) -> None:
    out = HERE / name
    shutil.rmtree(out, ignore_errors=True)
    (out / "onnx").mkdir(parents=True)
    tokenizer = AutoTokenizer.from_pretrained(HERE / "tiny-idefics3")
    special = max(tokenizer.convert_tokens_to_ids(tokenizer.all_special_tokens)) + 1
    torch.manual_seed(seed)
    model = randomised(model_class(config), special)
    model.config.save_pretrained(out)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(HERE / "tiny-idefics3" / file, out / file)
    (out / "chat_template.jinja").write_text(TEMPLATE)
    (out / "generation_config.json").write_text(json.dumps({"bos_token_id": 1, "eos_token_id": 2}) + "\n")
    onnx.save(llama_graph(model.model, model.lm_head, model.config, ids=True), out / "onnx" / "model.onnx")
    cases = {}
    for case, turns in CASES.items():
        messages = [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in turns]
        prompt = tokenizer.apply_chat_template(messages, chat_template=TEMPLATE, add_generation_prompt=True, tokenize=False)
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        cases[case] = {"messages": messages, "inputIds": ids, **answer(model, ids, special)}
    vectors = {"transformers": transformers.__version__, "cases": cases}
    (out / "vectors.json").write_text(json.dumps(vectors, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    vocab = json.loads((HERE / "tiny-idefics3/config.json").read_text())["text_config"]["vocab_size"]
    write("tiny-llama", LlamaForCausalLM, LlamaConfig(vocab_size=vocab, head_dim=8, rope_theta=10000.0, **SIZES))
    write("tiny-qwen2", Qwen2ForCausalLM, Qwen2Config(vocab_size=vocab, rope_theta=1000000.0, **SIZES))
