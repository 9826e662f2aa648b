"""Tiny random models of several families, and a word-level tokenizer, for tests."""

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AutoModelForCausalLM,
    GemmaConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from harness.engine.loading import wrap
from harness.examples import Example, Response, user_prompt
from harness.training import Tokens

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48, "vocab_size": 64}
CONFIGS = {
    "llama": LlamaConfig(**SIZES, num_key_value_heads=2),
    "gpt-neox": GPTNeoXConfig(**SIZES, rotary_pct=0.25, hidden_dropout=0.0, attention_dropout=0.0),
    "gpt2": GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=64, n_positions=128),
    "qwen2": Qwen2Config(**SIZES, num_key_value_heads=2),
    "qwen3": Qwen3Config(**SIZES, num_key_value_heads=2, head_dim=8),
    "mistral": MistralConfig(**SIZES, num_key_value_heads=2, sliding_window=5),
    "gemma": GemmaConfig(**SIZES, num_key_value_heads=1, head_dim=8),
}


def tokenizer(words=60, *, backwards=False):
    vocabulary = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3}
    for i in reversed(range(words)) if backwards else range(words):
        vocabulary[f"w{i}"] = len(vocabulary)
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )


def language_model(family="llama", seed=0, dtype=torch.float32, tokens=None):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(CONFIGS[family], dtype=torch.float32)
        for parameter in model.parameters():  # larger than the usual initialisation, so that errors would show
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.2)
    return wrap(model.to(dtype), tokenizer(), tokens or Tokens(min_prompt=4))


def example(prompt, *responses):
    return Example(prompt, user_prompt(prompt), tuple(Response(r) for r in responses))
