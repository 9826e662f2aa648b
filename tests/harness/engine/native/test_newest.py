import pytest
import torch

from harness.engine.native import newest
from harness.engine.native.library import library

pytestmark = pytest.mark.skipif(library().functions is None, reason="no compiled operations on this machine")


@pytest.mark.parametrize("span", [(0, 1), (0, 9), (3, 20)])
@pytest.mark.parametrize("padded", [False, True])
def test_the_newest_token_sees_what_plain_attention_lets_it_see(span, padded):
    first, end = span
    rows, heads, few, width, slots = 3, 4, 2, 16, 24
    query, key, value = (torch.randn(rows, h, width) for h in (heads, few, few))
    angle = torch.randn(rows, width // 2).repeat(1, 2)
    cos, sin = angle.cos(), angle.sin()
    keys, values = (torch.randn(rows + 1, few, slots, width) for _ in range(2))
    pad = torch.zeros(rows + 1, slots)
    pad[1, : end - 1] = float("-inf")

    def turned(x):
        half = torch.cat((-x[..., width // 2 :], x[..., : width // 2]), -1)
        return x * cos.unsqueeze(1) + half * sin.unsqueeze(1)

    after_keys, after_values = keys.clone(), values.clone()
    after_keys[:rows, :, end - 1], after_values[:rows, :, end - 1] = turned(key), value
    scores = torch.einsum(
        "rhd,rhsd->rhs", turned(query).double(), after_keys[:rows].repeat_interleave(2, 1)[:, :, first:end].double()
    )
    scores = scores * 0.3 + (pad[:rows, None, first:end] if padded else 0)
    expected = torch.einsum(
        "rhs,rhsd->rhd", scores.softmax(-1), after_values[:rows].repeat_interleave(2, 1)[:, :, first:end].double()
    )
    found = newest.attend((query, key, value), (cos, sin), (keys, values), pad if padded else None, span, 0.3)
    torch.testing.assert_close(found.double(), expected.flatten(1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(keys, after_keys)
    torch.testing.assert_close(values, after_values)


@pytest.mark.parametrize("width", [5, 16, 43])
def test_states_are_added_to_and_normalised(width):
    states, more, weight = torch.randn(4, width), torch.randn(4, width), torch.randn(width)
    whole = states + more
    expected = torch.nn.functional.rms_norm(whole, (width,), weight, 1e-3)
    torch.testing.assert_close(newest.add_and_norm(states, more, weight, 1e-3), expected)
    torch.testing.assert_close(states, whole)
    torch.testing.assert_close(newest.add_and_norm(states, None, weight, 1e-3), expected)


@pytest.mark.parametrize("rows", [1, 7, 200])
@pytest.mark.parametrize(("inputs", "outputs"), [(5, 3), (32, 64), (40, 150), (9, 1000)])
@pytest.mark.parametrize("biased", [False, True])
def test_panels_are_a_linear_layer(rows, inputs, outputs, biased):
    layer = torch.nn.Linear(inputs, outputs, bias=biased)
    x = torch.randn(rows, inputs)
    with torch.no_grad():
        expected = layer.double()(x.double())
        found = newest.Panels(*(None if p is None else p.float() for p in (layer.weight, layer.bias)))(x)
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-5)


def test_other_widths_devices_and_precisions_are_left_to_torch():
    assert newest.takes(64, torch.zeros(2))
    assert not newest.takes(63, torch.zeros(2))
    assert not newest.takes(64, torch.zeros(2, dtype=torch.bfloat16))
