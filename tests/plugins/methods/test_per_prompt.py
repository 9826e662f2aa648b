import torch
from harness_plugins.methods.per_prompt import best, cross_entropy, log_softmax_per_prompt, peaks, sum_per_prompt

SIZES = [3, 1, 4, 2]
PROMPT = torch.arange(len(SIZES)).repeat_interleave(torch.tensor(SIZES))


def some_values() -> torch.Tensor:
    return torch.randn(sum(SIZES), dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3


def test_ragged_candidates_are_as_each_prompt_alone():
    values = some_values()
    parts = values.split(SIZES)
    torch.testing.assert_close(sum_per_prompt(values, PROMPT), torch.stack([part.sum() for part in parts]))
    torch.testing.assert_close(peaks(values, PROMPT), torch.cat([part.max().expand(len(part)) for part in parts]))
    torch.testing.assert_close(
        log_softmax_per_prompt(values, PROMPT), torch.cat([part.log_softmax(0) for part in parts])
    )


def test_the_order_of_candidates_does_not_matter():
    values, order = some_values(), torch.randperm(sum(SIZES), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        log_softmax_per_prompt(values[order], PROMPT[order]), log_softmax_per_prompt(values, PROMPT)[order]
    )


def test_a_single_candidate_has_probability_one():
    assert log_softmax_per_prompt(torch.tensor([-700.0]), torch.tensor([0])).tolist() == [0.0]


def test_numbers_far_apart_do_no_harm():
    values = torch.tensor([1e4, -1e4, -1e4, 1e4], requires_grad=True)
    found = log_softmax_per_prompt(values, torch.tensor([0, 0, 1, 1]))
    assert found.tolist() == [0.0, -2e4, -2e4, 0.0]
    (slope,) = torch.autograd.grad(found.sum(), values)
    assert slope.tolist() == [-1.0, 1.0, 1.0, -1.0]


def test_the_best_share_a_tie():
    values = torch.tensor([1.0, 3.0, 3.0, -2.0, 0.0, 0.0, 0.0, -1.0])
    prompt = torch.tensor([0, 0, 0, 1, 2, 2, 2, 2])
    torch.testing.assert_close(best(values, prompt), torch.tensor([0, 0.5, 0.5, 1, 1 / 3, 1 / 3, 1 / 3, 0]))


def test_cross_entropy_is_torchs_for_each_prompt():
    values, target = some_values(), log_softmax_per_prompt(some_values().flip(0), PROMPT).exp()
    alone = [
        torch.nn.functional.cross_entropy(v / 0.7, t)
        for v, t in zip(values.split(SIZES), target.split(SIZES), strict=True)
    ]
    torch.testing.assert_close(cross_entropy(values, target, PROMPT, tau=0.7), torch.stack(alone))


def test_the_gradients_agree_with_finite_differences():
    values = some_values().requires_grad_()
    target = log_softmax_per_prompt(some_values().flip(0), PROMPT).exp()
    assert torch.autograd.gradcheck(lambda v: log_softmax_per_prompt(v, PROMPT), (values,))
    assert torch.autograd.gradcheck(lambda v: cross_entropy(v, target, PROMPT, tau=0.7), (values,))
