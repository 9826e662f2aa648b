import math

import pytest
import torch
from batches import Given, batch, gradient
from harness_plugins.methods.ddo_rm import DDORM
from harness_plugins.methods.reward_argmax import RewardArgmax, reward_argmax_loss

PROMPT = [0, 0, 1, 1, 1, 1, 2, 3, 3, 3]


def some_batch(seed: int = 0):
    draw = torch.Generator().manual_seed(seed)
    scores, rewards = (torch.randn(len(PROMPT), dtype=torch.float64, generator=draw) for _ in range(2))
    return batch(
        scores.requires_grad_(),
        tokens=[2, 5] * 5,
        columns={"given": rewards.tolist()},
        prompt=PROMPT,
        dtype=scores.dtype,
    )


def test_the_loss_of_one_prompt_is_the_number_worked_out_by_hand():
    # mean log-probs -1, -2 and -1; the second has the largest reward: log(1 + 2 e)
    made = batch([-4.0, -6.0, -2.0], tokens=[4, 3, 2], columns={"given": [0.5, 1.5, -7.0]})
    assert RewardArgmax(reward=Given()).terms(made).tolist() == pytest.approx([math.log1p(2 * math.e)], rel=1e-12)


def test_candidates_that_tie_for_the_largest_reward_share():
    made = batch([-1.0, -2.0, -3.0], columns={"given": [1.5, 1.5, 0.0]})
    first, second = (batch([-1.0, -2.0, -3.0], columns={"given": given}) for given in ([1.5, 0, 0], [0, 1.5, 0]))
    method = RewardArgmax(reward=Given())
    assert method.terms(made).item() == pytest.approx((method.terms(first).item() + method.terms(second).item()) / 2)


@pytest.mark.parametrize("target", ["detached", "released"])
@pytest.mark.parametrize("tau", [1.0, 0.4])
def test_it_is_the_limit_of_ddo_rm_for_large_steps(target: str, tau: float):
    made, limit = some_batch(), RewardArgmax(tau=tau, reward=Given())
    gaps = []
    for eta in (1.0, 10.0, 1e4):
        method = DDORM(eta=eta, tau=tau, target=target, reward=Given())
        gaps.append((gradient(method, made) - gradient(limit, made)).abs().max().item())
    assert gaps[0] > 1e-2
    assert gaps[-1] < 1e-12
    torch.testing.assert_close(method.terms(made), limit.terms(made))


def test_only_the_order_of_rewards_matters():
    made = some_batch()
    scores, rewards = made.policy.mean, made.column("given")
    once, other = (reward_argmax_loss(scores, r, made.prompt, tau=1.0) for r in (rewards, (3 * rewards).exp()))
    assert torch.equal(once, other)


def test_the_gradient_agrees_with_finite_differences():
    made = some_batch()
    rewards, prompt = made.column("given"), made.prompt
    assert torch.autograd.gradcheck(lambda s: reward_argmax_loss(s, rewards, prompt, tau=0.7), (made.policy.total,))


def test_it_is_scored_as_ddo_rm_is():
    made = some_batch()
    assert torch.equal(RewardArgmax(reward=Given()).score(made), DDORM(reward=Given()).score(made))
    assert RewardArgmax(reward=Given()).train_columns() == (Given(),)
    assert RewardArgmax(reward=Given()).score_columns() == ()


def test_its_diagnostics_are_ddo_rms_of_the_policy():
    made = some_batch()
    found, other = RewardArgmax(reward=Given()).diagnostics(made), DDORM(reward=Given()).diagnostics(made)
    assert set(found) == {"best_first", "policy_reward"}
    assert all(torch.equal(value, other[name]) for name, value in found.items())


@pytest.mark.parametrize("tau", [0.0, -1.0, math.inf, math.nan])
def test_a_tau_outside_its_range_is_refused(tau: float):
    with pytest.raises(ValueError, match=r"tau is .* positive and finite"):
        RewardArgmax(tau=tau, reward=Given())
