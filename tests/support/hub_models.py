"""Tiny random models of the architecture of real ones, under the real ones' names on a Hub of one's own."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from loopback_hub import LoopbackHub
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
MORE = {
    "gpt_neox": {"hidden_dropout": 0.0, "attention_dropout": 0.0},
    "llama": {"num_key_value_heads": 2},
    "qwen2": {"num_key_value_heads": 2},
    "qwen3": {"num_key_value_heads": 2, "head_dim": 8},
    "mistral": {"num_key_value_heads": 2},
}

CHAT = (
    "{% for turn in messages %}<{{ turn.role }}> {{ turn.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)


def publish_model(
    hub: LoopbackHub, name: str, architecture: str = "gpt_neox", *, positions: int = 1024, revision: str = "main"
) -> str:
    """A causal model of that architecture (as `model_type` in its configuration), with a token for every byte.

    A model that is called "Instruct" has a chat template.

    Returns:
        Its commit.
    """
    tokenizer = bytes_tokenizer()
    if "instruct" in name.lower():
        tokenizer.chat_template = CHAT
    with torch.random.fork_rng(), TemporaryDirectory() as folder:
        torch.manual_seed(0)
        config = AutoConfig.for_model(
            architecture,
            **SIZES,
            **MORE.get(architecture, {}),
            vocab_size=len(tokenizer),
            max_position_embeddings=positions,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return hub.publish("model", name, Path(folder), revision=revision)


def bytes_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte: it reads any text, and tells any two texts apart."""
    special = ["<pad>", "<s>", "</s>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate([*special, *letters])}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>")
