"""What a few tokens of a new model would hardly show, but a trained one or a long prompt would."""

import pytest
import tiny
import torch
from transformers import AutoModelForCausalLM, Gemma2Config, GraniteConfig, MistralConfig, Qwen2MoeConfig

from harness.engine.loading import wrap
from harness.training import Tokens

SIZES = {**tiny.SIZES, "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}


def wrapped(config, std):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=std)
    return wrap(model, tiny.tokenizer(), Tokens(min_prompt=4))


def test_soft_capped_scores_are_refused():
    assert "TypeError" in wrapped(Gemma2Config(**SIZES, head_dim=8, final_logit_softcapping=None), 0.02).refusal


@pytest.mark.parametrize(
    "config",
    [
        Gemma2Config(**SIZES, head_dim=8, attn_logit_softcapping=None, final_logit_softcapping=30.0),
        GraniteConfig(**SIZES, logits_scaling=1.001),
    ],
    ids=["soft cap", "scale"],
)
def test_an_output_head_that_is_not_all_is_refused(config):
    assert wrapped(config, 0.02).refusal.endswith("changes what its output head gives")


def test_a_window_longer_than_the_tokens_tried_is_as_it_was_afterwards():
    model = wrapped(MistralConfig(**SIZES, sliding_window=4096), 0.2)
    assert model.refusal == ""
    assert model.bare.config.sliding_window == 4096
    assert {layer.self_attn.config.sliding_window for layer in model.bare.model.layers} == {4096}


def test_a_window_that_is_written_into_masks_alone_is_refused():
    """Qwen2-MoE's attention is not told of it."""
    experts = {"num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16}
    window = {"use_sliding_window": True, "sliding_window": 64, "layer_types": ["sliding_attention"] * 2}
    config = Qwen2MoeConfig(**SIZES, **experts, **window, shared_expert_intermediate_size=16)
    assert "differs" in wrapped(config, 0.2).refusal
