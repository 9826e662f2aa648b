"""Every way of packed attention against float64 attention with a mask written token by token."""

import pytest
import torch

from harness.engine import flexible
from harness.engine.attention import packed_attention
from harness.engine.encoding import Encoded
from harness.engine.layout import layout
from harness.engine.native.library import library
from harness.examples import Example, Response, user_prompt

HAVE = library().functions is not None


def flat(*shapes):
    """Of examples given as the lengths of their prompts and, per response, its prompt and length."""
    made = []
    for prompts, responses in shapes:
        told = Example("e", user_prompt("?"), tuple(Response("!") for _ in responses))
        pieces = tuple((1,) * n for n in prompts)
        made.append(Encoded(told, pieces, tuple(p for p, _ in responses), tuple((1,) * n for _, n in responses)))
    return layout(made)


LAYOUTS = {
    "one token": flat(((1,), [(0, 1)])),
    "pairs": flat(((5,), [(0, 4), (0, 9)]), ((17,), [(0, 2), (0, 33)])),
    "many responses": flat(((40,), [(0, n) for n in (1, 7, 30, 64, 2)])),
    "prompts of their own": flat(((3, 20), [(0, 6), (1, 50), (0, 1), (1, 3)]), ((2,), [(0, 90)])),
}


def expected(q, k, v, packing, window):
    """(T, heads, d) in float64."""
    prompt, response = flexible.owners(packing)
    place = packing.positions
    back = place.unsqueeze(1) - place
    near = (back >= 0) & (back < (window or 10**6))
    mine = (response < 0) | (response == response.unsqueeze(1))
    seen = (prompt == prompt.unsqueeze(1)) & mine & near
    repeats = q.shape[1] // k.shape[1]
    k, v = (x.repeat_interleave(repeats, 1) for x in (k, v))
    scores = torch.einsum("qhd,khd->hqk", q, k) * q.shape[2] ** -0.5
    return torch.einsum("hqk,khd->qhd", scores.masked_fill(~seen, float("-inf")).softmax(-1), v)


class Module:
    training = True


@pytest.mark.parametrize("way", ["compiled", "blocked", "sdpa"])
@pytest.mark.parametrize("window", [None, 6])
@pytest.mark.parametrize(("heads", "key_heads", "width"), [(4, 2, 8), (2, 2, 32), (6, 1, 20), (2, 2, 80)])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_way_gives_the_attention_and_gradient_of_the_mask(way, window, heads, key_heads, width, name):
    if way == "compiled" and not HAVE:
        pytest.skip(library().refusal)
    packing = LAYOUTS[name]
    generator = torch.Generator().manual_seed(0)
    shapes = [(len(packing.tokens), n, width) for n in (heads, key_heads, key_heads)]
    exact = [torch.randn(s, generator=generator, dtype=torch.float64, requires_grad=True) for s in shapes]
    truth = expected(*exact, packing, window)
    above = torch.randn(truth.shape, generator=generator, dtype=torch.float64)
    slopes = torch.autograd.grad(truth, exact, above)
    given = [x.detach().float().requires_grad_() for x in exact]
    rows = [x.transpose(0, 1).unsqueeze(0) for x in given]
    found, _ = packed_attention(Module(), *rows, None, layout=packing, way=way, sliding_window=window)
    assert found.shape == (1, *truth.shape)
    assert (found[0] - truth).abs().max() < 1e-5
    for got, wanted in zip(torch.autograd.grad(found[0], given, above.float()), slopes, strict=True):
        assert (got - wanted).abs().max() < 2e-5


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("window", [None, 6])
def test_flex_attention_sees_what_the_mask_lets_it_see(name, window):
    packing = LAYOUTS[name]
    generator = torch.Generator().manual_seed(0)
    shapes = [(len(packing.tokens), n, 16) for n in (4, 2, 2)]
    exact = [torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes]
    rows = [x.float().transpose(0, 1).unsqueeze(0) for x in exact]
    with torch.no_grad():
        assert flexible.takes(rows[0], 0.0)
        found = flexible.attend(*rows, packing, 16**-0.5, window)
    assert (found[0] - expected(*exact, packing, window)).abs().max() < 1e-5


def test_flex_attention_leaves_gradients_on_a_cpu_to_others():
    assert not flexible.takes(torch.zeros(1, 1, 1, 16), 0.0)


@pytest.mark.skipif(not HAVE, reason="no compiled operations on this machine")
def test_the_compiled_kernel_is_the_same_for_any_number_of_threads():
    packing = LAYOUTS["prompts of their own"]
    x = torch.randn(1, 4, len(packing.tokens), 32, generator=torch.Generator().manual_seed(0))
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            given = [x.clone().requires_grad_() for _ in range(3)]
            out, _ = packed_attention(Module(), *given, None, layout=packing, way="compiled")
            found.append([out, *torch.autograd.grad(out.square().sum(), given)])
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_dropout_and_other_precisions_take_padded_blocks():
    packing = LAYOUTS["pairs"]
    x = torch.randn(1, 2, len(packing.tokens), 16, dtype=torch.float64)
    found, _ = packed_attention(Module(), x, x, x, None, layout=packing, way="compiled")
    assert found.dtype == torch.float64
    x = x.float()
    torch.manual_seed(0)
    dropped, _ = packed_attention(Module(), x, x, x, None, layout=packing, way="compiled", dropout=0.5)
    assert not torch.allclose(dropped, found.float(), atol=1e-3)


def test_values_that_are_no_numbers_stay_so():
    packing = LAYOUTS["pairs"]
    x = torch.randn(1, 2, len(packing.tokens), 16)
    x[0, 0, 2] = float("nan")
    for way in ("compiled", "blocked"):
        found, _ = packed_attention(Module(), x, x, x, None, layout=packing, way=way)
        assert found[0, 4, 0].isnan().any()
        assert not found[0, :, 1].isnan().any()


@pytest.mark.parametrize("way", ["compiled", "blocked", "sdpa"])
def test_values_narrower_than_keys_are_attended_to(way):
    packing = LAYOUTS["pairs"]
    generator = torch.Generator().manual_seed(0)
    q, v = (torch.randn(len(packing.tokens), 2, n, generator=generator) for n in (16, 8))
    rows = [x.transpose(0, 1).unsqueeze(0) for x in (q, q, v)]
    found, _ = packed_attention(Module(), *rows, None, layout=packing, way=way)
    wanted = expected(q.double(), q.double(), v.double(), packing, None)
    assert (found[0] - wanted).abs().max() < 1e-5


@pytest.mark.parametrize("asked", [{"softcap": 50.0}, {"s_aux": torch.zeros(2)}, {"is_causal": False}], ids=str)
def test_another_attention_than_ours_is_refused(asked):
    packing = LAYOUTS["pairs"]
    x = torch.zeros(1, 2, len(packing.tokens), 16)
    with pytest.raises(TypeError, match="packed attention knows no"):
        packed_attention(Module(), x, x, x, None, layout=packing, way="compiled", **asked)
    with pytest.raises(TypeError, match="packed attention knows no"):
        packed_attention(Module(), x, x, x, x[..., :1], layout=packing, way="compiled")


def test_a_row_of_another_length_than_its_layout_is_refused():
    packing = LAYOUTS["pairs"]
    x = torch.zeros(1, 2, len(packing.tokens) - 3, 16)
    with pytest.raises(TypeError, match="was given"):
        packed_attention(Module(), x, x, x, None, layout=packing, way="compiled")
