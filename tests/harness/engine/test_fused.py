import contextlib

import pytest
import tiny
import torch
from transformers.models.llama import modeling_llama

from harness.engine.fused import fused, fusions_of
from harness.engine.native.library import library

pytestmark = pytest.mark.skipif(library().functions is None, reason=f"no compiled operations: {library().refusal}")


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("llama", ("LlamaMLP", "LlamaRMSNorm", "apply_rotary_pos_emb")),
        ("qwen3", ("Qwen3MLP", "Qwen3RMSNorm", "apply_rotary_pos_emb")),
        ("mistral", ("MistralMLP", "MistralRMSNorm", "apply_rotary_pos_emb")),
        ("gpt2", ()),
    ],
)
def test_what_is_computed_otherwise_is_found_by_trying(family, names):
    assert tiny.language_model(family).fusions.names == names


def test_what_gives_other_numbers_is_left_alone():
    """Gemma's norm multiplies by 1 + weight, and its gate is a GELU."""
    assert tiny.language_model("gemma").fusions.names == ("apply_rotary_pos_emb",)


def test_a_norm_that_was_changed_is_left_alone(monkeypatch):
    model = tiny.language_model()
    plain = modeling_llama.LlamaRMSNorm.forward
    monkeypatch.setattr(modeling_llama.LlamaRMSNorm, "forward", lambda self, x: 2 * plain(self, x))
    assert "LlamaRMSNorm" not in fusions_of(model.model).names


def test_the_model_is_as_it_was_afterwards():
    model = tiny.language_model()
    ids = torch.tensor([[1, 5, 6]])
    turn = modeling_llama.apply_rotary_pos_emb
    with torch.no_grad():
        before = model.bare(input_ids=ids).logits
        with contextlib.suppress(KeyError), fused(model.fusions):
            assert modeling_llama.apply_rotary_pos_emb is not turn
            raise KeyError
        assert torch.equal(model.bare(input_ids=ids).logits, before)
    assert modeling_llama.apply_rotary_pos_emb is turn
    assert not any("forward" in vars(module) for module in model.model.modules())


def test_in_another_precision_the_models_own_modules_run():
    model = tiny.language_model().model.double()
    found = fusions_of(tiny.language_model().model)
    for module, _ in found.modules:
        assert module.weight.dtype == torch.float32 if hasattr(module, "weight") else True
    assert fusions_of(model).names == ()
