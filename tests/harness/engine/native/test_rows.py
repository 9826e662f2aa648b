import pytest
import torch
from transformers.models.llama.modeling_llama import LlamaRMSNorm, apply_rotary_pos_emb

from harness.engine.native import rows
from harness.engine.native.library import library

pytestmark = pytest.mark.skipif(library().functions is None, reason=f"no compiled operations: {library().refusal}")


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def alike(ours, theirs, inputs):
    """Values and gradients of two functions of float32 inputs, the second in float64."""
    given = [x.clone().requires_grad_() for x in inputs]
    exact = [x.double().requires_grad_() for x in inputs]
    found, truth = ours(*given), theirs(*exact)
    above = random(*truth.shape, seed=9)
    torch.testing.assert_close(found.double(), truth, rtol=1e-5, atol=1e-6)
    slopes = torch.autograd.grad(found, given, above), torch.autograd.grad(truth, exact, above.double())
    for got, wanted in zip(*slopes, strict=True):
        torch.testing.assert_close(got.double(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("width", [1, 7, 16, 33, 256])
@pytest.mark.parametrize("count", [1, 5, 200])
def test_rms_norm(width, count):
    def exact(x, weight):
        return weight * x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()

    alike(lambda x, w: rows.rms_norm(x, w, 1e-6), exact, [random(count, width), random(width, seed=1)])


def test_rms_norm_is_llamas_over_any_leading_dimensions():
    norm, x = LlamaRMSNorm(20, 1e-5), random(2, 3, 20)
    torch.testing.assert_close(rows.rms_norm(x, norm.weight, 1e-5), norm(x))


@pytest.mark.parametrize("shape", [(1, 1), (3, 17), (300, 40)])
def test_gated_silu(shape):
    alike(rows.gated_silu, lambda g, u: torch.nn.functional.silu(g) * u, [5 * random(*shape), random(*shape, seed=1)])


def test_gated_silu_of_extremes_is_finite():
    gate = torch.tensor([-1e30, -200.0, -88.5, 0.0, 88.5, 1e30], requires_grad=True)
    found = rows.gated_silu(gate, torch.ones(6))
    assert found.tolist()[3:] == [0.0, 88.5, pytest.approx(1e30)]
    assert torch.autograd.grad(found.sum(), gate)[0].isfinite().all()


@pytest.mark.parametrize("width", [2, 6, 32])
def test_rotary_turns_as_transformers_does(width):
    cosine, sine = random(5, width, seed=2), random(5, width, seed=3)

    def exact(x):
        turned, _ = apply_rotary_pos_emb(
            x.transpose(0, 1).unsqueeze(0), x.transpose(0, 1).unsqueeze(0), *(t[None].to(x) for t in (cosine, sine))
        )
        return turned[0].transpose(0, 1)

    alike(lambda x: rows.rotary(x, cosine, sine), exact, [random(5, 3, width)])


def test_rotary_takes_views_of_any_steps():
    wide = random(5, 3, 40)
    view, cosine, sine = wide[:, :, 8:24], random(5, 16), random(5, 16, seed=1)
    assert torch.equal(rows.rotary(view, cosine, sine), rows.rotary(view.contiguous(), cosine, sine))


@pytest.mark.parametrize("width", [1, 5, 16, 4096, 4097, 9001])
def test_log_sum_exp_and_its_slopes(width):
    logits, target = 20 * random(6, width), torch.arange(6) % width
    weight = random(6, seed=1)
    exact = logits.double().requires_grad_()
    logps = exact.log_softmax(-1).gather(1, target.unsqueeze(1)).squeeze(1)
    (slopes,) = torch.autograd.grad((logps * weight).sum(), exact)
    normaliser = rows.log_sum_exp(logits)
    torch.testing.assert_close(normaliser.double(), exact.logsumexp(-1), rtol=1e-6, atol=1e-6)
    found = logits.clone()
    rows.log_softmax_slopes_(found, normaliser, target, weight)
    torch.testing.assert_close(found.double(), slopes, rtol=1e-5, atol=1e-6)


def test_log_sum_exp_of_extremes():
    never = float("-inf")
    logits = torch.tensor([[1e30, 0.0, -1e30], [never, never, 2.0], [float("nan"), 0.0, 1.0], [-200.0, -200.0, -200.0]])
    found = rows.log_sum_exp(logits)
    assert found[0] == 1e30
    assert found[1] == 2.0
    assert found[2].isnan()
    assert found[3] == pytest.approx(-200 + torch.tensor(3.0).log().item())


def test_a_row_whose_first_part_is_nothing_but_minus_infinity():
    logits = torch.full((1, 5000), float("-inf"))
    logits[0, 4500] = 3.0
    assert rows.log_sum_exp(logits).tolist() == [3.0]
