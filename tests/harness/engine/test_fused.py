import contextlib
import copy

import pytest
import tiny
import torch
from torch import nn
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


class Gated(nn.Module):
    def __init__(self, act, *, dropout=None):
        super().__init__()
        self.gate_proj, self.up_proj, self.down_proj = nn.Linear(8, 12), nn.Linear(8, 12), nn.Linear(12, 8, bias=False)
        self.act_fn = act
        if dropout is not None:
            self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = self.down_proj(self.act_fn(self.gate_proj(x)) * self.up_proj(x))
        return self.dropout(x) if hasattr(self, "dropout") else x


class ShiftedRMSNorm(nn.Module):
    """Perhaps with a shift, which is zero before training."""

    def __init__(self, weight, bias=None):
        super().__init__()
        self.weight, self.eps = nn.Parameter(weight), 1e-6
        if bias is not None:
            self.bias = nn.Parameter(bias)

    def forward(self, x):
        x = self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)
        return x + self.bias if hasattr(self, "bias") else x


def test_what_a_trial_before_training_cannot_tell_apart_is_left_alone():
    zero = Gated(nn.GELU())
    nn.init.zeros_(zero.down_proj.weight)
    different = [zero, Gated(nn.GELU()), Gated(nn.SiLU(), dropout=0.5).eval()]
    different += [ShiftedRMSNorm(torch.ones(8), torch.zeros(8)), ShiftedRMSNorm(torch.tensor(1.0))]
    assert [fusions_of(module).names for module in different] == [()] * len(different)
    alike = nn.Sequential(Gated(nn.SiLU()), ShiftedRMSNorm(torch.ones(8)))
    assert fusions_of(alike).names == ("Gated", "ShiftedRMSNorm")


def test_a_forward_pass_of_a_modules_own_is_put_back():
    model = tiny.language_model()
    norm = model.bare.model.norm
    own = norm.forward = lambda x: x
    with fused(model.fusions), fused(model.fusions):
        assert norm.forward is not own
    assert norm.forward is own


def test_a_copied_model_computes_with_its_own_weights():
    gated = Gated(nn.SiLU())
    mlp, fusions = copy.deepcopy((gated, fusions_of(gated)))
    with torch.no_grad():
        mlp.down_proj.weight.mul_(2)
        x = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0))
        expected = mlp(x)
        with fused(fusions):
            assert torch.allclose(mlp(x), expected, atol=1e-5)


def test_weights_of_another_precision_are_left_to_the_module():
    model = tiny.language_model()
    norm = model.bare.model.norm.bfloat16()
    x = torch.randn(1, 3, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), fused(model.fusions):
        found = norm(x)
    with torch.no_grad():
        assert torch.equal(found, norm(x))
