import copy
import itertools

import pytest
import tiny
import torch
from plain_sampling import KEYS, PROMPTS, one_by_one
from transformers import AutoModelForCausalLM, Gemma2Config, LlamaConfig

from harness.engine.decoder import Decoder, choose_decoder
from harness.engine.language_model import engine_facts
from harness.engine.loading import wrap
from harness.engine.native import newest
from harness.engine.sampler import answers, closed_up, draw
from harness.training import Tokens

LEAN = ("llama", "mistral", "qwen2", "qwen3", "gemma")


def wide(family="llama", **settings):
    """Heads as wide as the compiled operations take them."""
    config = copy.deepcopy(tiny.CONFIGS[family])
    for name, value in {"hidden_size": 64, "head_dim": 16, **settings}.items():
        setattr(config, name, value)
    return made(config)


def made(config):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.2)
    return wrap(model, tiny.tokenizer(), Tokens(min_prompt=4))


def expected(model, each=2, tokens=9):
    named = zip(PROMPTS, KEYS, strict=True)
    return [[one_by_one(model, prompt, key, place, tokens) for place in range(each)] for prompt, key in named]


def drawn(model, each=2, tokens=9):
    return [[d.tokens for d in group] for group in draw(model, PROMPTS, each=each, max_tokens=tokens, keys=KEYS)]


@pytest.mark.parametrize("family", tiny.CONFIGS)
def test_each_family_is_decoded_as_fast_as_it_can_be(family):
    model = tiny.language_model(family)
    answers(model, PROMPTS, max_tokens=1)
    assert model.decoder.way == ("lean" if family in LEAN else "buffered")
    assert ("is not one of" in model.decoder.refusal) == (family not in LEAN)
    facts = engine_facts(model)
    assert (facts["decoding"], facts["decoding_fallback"]) == (model.decoder.way, model.decoder.refusal)


@pytest.mark.parametrize(("family", "way"), itertools.product(tiny.CONFIGS, ("buffered", "plain")))
def test_slower_ways_write_the_same(family, way):
    model = tiny.language_model(family)
    model.decoder = Decoder(way)
    assert drawn(model) == expected(model)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("family", LEAN)
def test_lean_decoding_is_exact_with_and_without_compiled_operations(family, compiled, monkeypatch):
    if compiled and newest.functions() is None:
        pytest.skip("no compiled operations on this machine")
    if not compiled:
        monkeypatch.setattr(newest, "takes", lambda width, weight: False)
    model = wide(family)
    assert drawn(model) == expected(model)
    assert model.decoder == Decoder("lean")
    assert [d.tokens for d in answers(model, PROMPTS, max_tokens=9)] == [
        one_by_one(model, prompt, None, 0, 9) for prompt in PROMPTS
    ]


def test_weights_that_are_too_many_to_copy_are_read_as_they_lie(monkeypatch):
    model = wide()
    copied = drawn(model)
    monkeypatch.setattr("harness.engine.lean_decoding.COPIED", 0)
    assert drawn(model) == copied


@pytest.mark.parametrize("way", ["lean", "buffered", "plain"])
def test_long_and_short_prompts_share_a_pass(way):
    model = wide("qwen2")
    model.decoder = Decoder(way)
    prompts = [tuple(3 + (7 * i + j) % 50 for i in range(n)) for j, n in enumerate((90, 2, 88, 30, 70, 1, 31))]
    found = answers(model, prompts, max_tokens=6)
    assert [d.tokens for d in found] == [one_by_one(model, p, None, 0, 6) for p in prompts]


def test_an_update_of_the_weights_is_seen_by_the_next_draw():
    model = wide()
    before = drawn(model)
    with torch.no_grad():
        for parameter in model.causal.parameters():
            parameter.mul_(1.1)
    assert drawn(model) == expected(model) != before


def test_adapters_are_part_of_what_is_sampled():
    from peft import LoraConfig, get_peft_model

    model = wide()
    base = drawn(model)
    config = LoraConfig(r=2, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM")
    adapted = get_peft_model(model.model, config)
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    policy = wrap(adapted, model.tokenizer, model.encoder.tokens)
    assert drawn(policy) == expected(policy) != base
    assert policy.decoder == Decoder("lean")


def test_modules_with_hooks_are_called_themselves():
    model = wide()
    base = drawn(model)
    model.causal.base_model.layers[0].mlp.register_forward_hook(lambda module, inputs, output: -output)
    assert drawn(model) == expected(model) != base
    model.decoder = None
    assert drawn(model) == expected(model)
    assert model.decoder == Decoder("buffered", "lean: its modules have hooks")


def test_what_does_not_equal_the_models_own_pass_is_refused():
    model = wide()
    mlp = model.causal.base_model.layers[1].mlp
    plain = type(mlp).forward
    mlp.__class__ = type("Doubled", (type(mlp),), {"forward": lambda self, x: 2 * plain(self, x)})
    assert drawn(model) == expected(model)
    assert model.decoder.way == "buffered"
    assert model.decoder.refusal.startswith("lean: it differs by")


def test_attention_that_is_not_known_is_left_to_transformers():
    model = made(Gemma2Config(**tiny.SIZES, num_key_value_heads=2, head_dim=8, sliding_window=5))
    assert drawn(model) == expected(model)
    assert model.decoder.way == "plain"
    assert "buffered: Gemma2ForCausalLM cannot take it: NotImplementedError" in model.decoder.refusal


def test_rotations_that_grow_with_the_sequence_are_not_tabulated():
    rope = {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}
    model = made(LlamaConfig(**tiny.SIZES, rope_parameters=rope))
    answers(model, PROMPTS, max_tokens=2)
    assert "'dynamic'" in model.decoder.refusal


def test_bfloat16_is_not_decoded_by_what_computes_in_float32():
    model = tiny.language_model()
    model.dtype = "bf16"
    answers(model, PROMPTS, max_tokens=2)
    assert model.decoder.way == "buffered"
    assert "precision" in model.decoder.refusal


def test_choosing_changes_nothing_of_the_model():
    model = wide()
    attention, setting = model.causal.config._attn_implementation, torch.get_float32_matmul_precision()
    with torch.no_grad():
        assert choose_decoder(model.causal, exact=True) == Decoder("lean")
    drawn(model)
    assert model.causal.config._attn_implementation == attention
    assert torch.get_float32_matmul_precision() == setting


def test_rows_that_go_on_close_up_and_as_few_as_can_be_move():
    order = closed_up(torch.tensor([True, False, True, False, False, True, True]))
    assert order.tolist() == [0, 5, 2, 6]
    assert closed_up(torch.tensor([True, True, False])).tolist() == [0, 1]
    assert closed_up(torch.tensor([False])).tolist() == []
