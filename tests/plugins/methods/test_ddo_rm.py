import math

import pytest
import torch
from batches import Given, batch, gradient
from harness_plugins.methods.ddo_rm import DDORM, log_improved
from harness_plugins.methods.per_prompt import cross_entropy, log_softmax_per_prompt, sum_per_prompt

SIZES = [2, 4, 1, 3]
PROMPT = torch.arange(len(SIZES)).repeat_interleave(torch.tensor(SIZES))


def method(**options) -> DDORM:
    return DDORM(**{"reward": Given(), **options})


def two_candidates():
    # s = -4 / 4 and -6 / 3, so the margin s_w - s_l is 1; rewards differ by d = -1
    return batch([-4.0, -6.0], tokens=[4, 3], columns={"given": [0.5, 1.5]})


def some_numbers(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(sum(SIZES), dtype=torch.float64, generator=draw) for _ in range(2))


def improved(scores: torch.Tensor, rewards: torch.Tensor, **options: float) -> torch.Tensor:
    return log_improved(scores, rewards, PROMPT, **{"eta": 1.0, "tau": 1.0, **options})


def test_the_loss_of_one_prompt_is_the_number_worked_out_by_hand():
    # p = sigmoid(1), q = sigmoid(1 + d) = 1/2: (log(1 + e^-1) + log(1 + e)) / 2
    by_hand = (math.log1p(math.exp(-1)) + math.log1p(math.e)) / 2
    assert method().terms(two_candidates()).tolist() == pytest.approx([by_hand], rel=1e-12)
    assert method(target="released").terms(two_candidates()).tolist() == pytest.approx([by_hand], rel=1e-12)


def test_the_gradient_of_a_margin_is_p_minus_q_detached_and_has_the_sharpening_term_as_released():
    p, q, s = 1 / (1 + math.exp(-1)), 0.5, 1.0
    for target, slope in (("detached", p - q), ("released", p - q - q * (1 - q) * s)):
        # s_w is total / 4, s_l is total / 3
        found = gradient(method(target=target), two_candidates()).tolist()
        assert found == pytest.approx([slope / 4, -slope / 3], rel=1e-12)


@pytest.mark.parametrize("target", ["detached", "released"])
def test_the_closed_form_of_the_gradient_holds_for_any_pair(target: str):
    draw = torch.Generator().manual_seed(0)
    s, rewards = (2 * torch.randn(2, 20, dtype=torch.float64, generator=draw) for _ in range(2))
    margin, d = s[0] - s[1], rewards[0] - rewards[1]
    p, q = margin.sigmoid(), (margin + d).sigmoid()
    expected = p - q if target == "detached" else p - q - q * (1 - q) * margin
    made = batch(
        s.T.flatten().requires_grad_(),
        columns={"given": rewards.T.flatten().tolist()},
        prompt=[i for i in range(20) for _ in range(2)],
    )
    torch.testing.assert_close(gradient(method(target=target), made)[::2] * 20, expected)


def test_the_released_gradient_pushes_the_margin_out_on_either_side_where_rewards_are_equal():
    for s in (-0.5, 0.5):
        made = batch([s, 0.0], columns={"given": [2.0, 2.0]})
        assert gradient(method(), made).abs().max() < 1e-15
        assert math.copysign(1, gradient(method(target="released"), made)[0].item()) == -math.copysign(1, s)


def test_the_gradients_agree_with_finite_differences():
    scores, rewards = some_numbers()
    scores.requires_grad_()
    q = improved(scores, rewards, eta=1.3, tau=0.7).exp()
    fixed = q.detach()

    def detached(s):
        return cross_entropy(s, fixed, PROMPT, tau=0.7)

    def released(s):
        return cross_entropy(s, improved(s, rewards, eta=1.3, tau=0.7).exp(), PROMPT, tau=0.7)

    assert torch.autograd.gradcheck(detached, (scores,))
    assert torch.autograd.gradcheck(released, (scores,))


def test_detached_and_released_are_the_methods_of_those_gradients():
    scores, rewards = some_numbers()
    made = batch(scores.requires_grad_(), columns={"given": rewards.tolist()}, prompt=PROMPT.tolist())
    q = improved(scores, rewards, eta=1.3, tau=0.7).exp()
    for target, used in (("detached", q.detach()), ("released", q)):
        (expected,) = torch.autograd.grad(
            cross_entropy(scores, used, PROMPT, tau=0.7).mean(), scores, retain_graph=True
        )
        torch.testing.assert_close(gradient(method(eta=1.3, tau=0.7, target=target), made), expected)


def test_the_target_is_the_policy_tilted_by_the_reward_and_centring_it_changes_nothing():
    scores, rewards = some_numbers()
    log_q = improved(scores, rewards, eta=1.3, tau=0.7)
    plain = log_softmax_per_prompt((scores + 1.3 * rewards) / 0.7, PROMPT)
    torch.testing.assert_close(log_q, plain)
    torch.testing.assert_close(improved(scores, rewards + 500.0, eta=1.3, tau=0.7), log_q)
    tilted = (scores / 0.7).exp() * (1.3 * rewards / 0.7).exp()
    torch.testing.assert_close(log_q.exp(), tilted / sum_per_prompt(tilted, PROMPT)[PROMPT])


def test_large_rewards_do_not_drown_the_policy_in_float32():
    scores, rewards = (x.float() for x in some_numbers())
    torch.testing.assert_close(
        improved(scores, (64 * rewards).round() / 64 + 4096),
        improved(scores, (64 * rewards).round() / 64),
        atol=1e-5,
        rtol=0,
    )


def test_the_target_maximises_reward_less_kl_to_the_policy():
    scores, rewards = some_numbers()
    eta, tau = 1.3, 0.7
    log_p = log_softmax_per_prompt(scores / tau, PROMPT)

    def value(log_q: torch.Tensor) -> torch.Tensor:
        return sum_per_prompt(log_q.exp() * (rewards - tau / eta * (log_q - log_p)), PROMPT)

    top = value(improved(scores, rewards, eta=eta, tau=tau))
    for seed in range(20):
        other, _ = some_numbers(seed + 1)
        assert (value(log_softmax_per_prompt(other, PROMPT)) <= top + 1e-12).all()


def test_without_a_step_the_target_is_the_policy_and_detached_training_stands_still():
    scores, rewards = some_numbers()
    made = batch(scores.requires_grad_(), columns={"given": rewards.tolist()}, prompt=PROMPT.tolist())
    torch.testing.assert_close(improved(scores, rewards, eta=0.0), log_softmax_per_prompt(scores, PROMPT))
    assert gradient(method(eta=0.0), made).abs().max() < 1e-15


def test_a_small_step_is_the_policy_gradient_of_the_expected_reward():
    scores, rewards = some_numbers()
    made = batch(scores.requires_grad_(), columns={"given": rewards.tolist()}, prompt=PROMPT.tolist())
    expected_reward = sum_per_prompt(log_softmax_per_prompt(scores, PROMPT).exp() * rewards, PROMPT).mean()
    (ascent,) = torch.autograd.grad(expected_reward, scores)
    torch.testing.assert_close(gradient(method(eta=1e-5), made) / 1e-5, -ascent, atol=1e-5, rtol=1e-4)


def test_a_prompt_with_one_candidate_costs_nothing():
    made = batch([-3.0, -2.0, -9.0], columns={"given": [1.0, 0.0, 5.0]}, prompt=[0, 0, 1])
    assert method().terms(made)[1].item() == 0.0
    assert gradient(method(), made)[2].item() == 0.0


def test_the_score_is_the_mean_log_prob_and_the_reward_is_the_only_column():
    assert method().score(two_candidates()).tolist() == [-1.0, -2.0]
    assert method().train_columns() == (Given(),)
    assert method().score_columns() == ()


def test_diagnostics_describe_policy_and_target():
    made = batch(
        [-4.0, -6.0, -5.0, -5.0], tokens=[4, 3, 5, 5], columns={"given": [0.5, 1.5, 2.0, 0.0]}, prompt=[0, 0, 1, 1]
    )
    found = {name: value.item() for name, value in method().diagnostics(made).items()}
    p, q = 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(-2))  # of the first prompt, where q = 1/2; of the second, p = 1/2
    entropy = -q * math.log(q) - (1 - q) * math.log(1 - q)
    kl = [-math.log(2) - (math.log(p) + math.log(1 - p)) / 2, math.log(2) - entropy]
    assert found == pytest.approx(
        {
            "target_kl": sum(kl) / 2,
            "target_entropy": (math.log(2) + entropy) / 2,
            "best_first": 0.25,  # wrong in the first prompt, a tie in the second
            "policy_reward": (0.5 * p + 1.5 * (1 - p) + 1.0) / 2,
            "target_reward": (1.0 + 2.0 * q) / 2,
        }
    )


def test_options_outside_their_range_are_refused():
    for options in ({"eta": -0.1}, {"eta": math.inf}, {"tau": 0.0}, {"tau": math.nan}, {"target": "frozen"}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} is "):
            method(**options)
