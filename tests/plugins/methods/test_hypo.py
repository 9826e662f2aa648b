import math
from typing import Any

import pytest
import tiny
import torch
from batches import batch, gradient, samples
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.hypo import HyPO, kl_surrogate
from steps import partitions, step_of

import harness
from harness.engine.collate import collate, facts
from harness.engine.fresh import FreshResponses


def test_the_loss_of_one_pair_is_the_number_worked_out_by_hand():
    # DPO: l_w = 1, l_l = -2, beta h = 0.3, log(1 + exp(-0.3)) = 0.5543552444685271
    # samples: l = 1 and -0.5, each less the other 1.5 and -1.5; (-3 * 1.5 + -5 * -1.5) / 2 = 1.5, times lam 0.15
    drawn = samples([-3.0, -5.0], [-4.0, -4.5])
    made = batch([-10.0, -12.0], [-11.0, -10.0], pairs=[(0, 1)], samples=drawn)
    assert HyPO(beta=0.1, lam=0.1).terms(made).item() == pytest.approx(0.5543552444685271 + 0.15, rel=1e-12)


def test_a_prompt_may_have_one_sample_many_or_none():
    # l = 2, -1, 0.5 less the means of the other two, -0.25, 1.25, 0.5: 2.25, -2.25, 0; (-2.25 + 4.5 + 0) / 3 = 0.75
    # one sample, l = -0.5, has no baseline: -4 * -0.5 = 2
    policy = torch.tensor([-1.0, -4.0, -2.0, -3.0], dtype=torch.float64, requires_grad=True)
    reference = torch.tensor([-3.0, -3.5, -1.0, -3.5], dtype=torch.float64)
    found = kl_surrogate(policy, reference, torch.tensor([0, 2, 0, 0]), prompts=4)
    assert found.tolist() == pytest.approx([0.75, 0.0, 2.0, 0.0])
    (slope,) = torch.autograd.grad(found.sum(), policy)
    assert slope.tolist() == pytest.approx([2.25 / 3, -0.5, -2.25 / 3, 0.0])


@pytest.mark.parametrize("sizes", [(1, 1), (2, 2), (4, 1, 3)], ids=str)
def test_the_gradient_agrees_with_finite_differences_while_the_advantage_is_held(sizes: tuple[int, ...]):
    policy, reference = torch.randn(2, sum(sizes), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    prompt = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))

    def moved(by: torch.Tensor) -> torch.Tensor:  # the reference moves along, so that l stays
        return kl_surrogate(policy + by, reference + by.detach(), prompt, len(sizes))

    assert torch.autograd.gradcheck(moved, torch.zeros(sum(sizes), dtype=torch.float64, requires_grad=True))


def test_every_pair_carries_the_kl_of_its_prompt():
    drawn = samples([-3.0, -5.0, -2.0, -2.0], [-4.0, -4.5, -2.0, -3.0], prompt=[0, 0, 1, 1])
    made = batch(
        [-1.0, -2.0, -4.0, -1.0, -2.0],
        [-2.0] * 5,
        prompt=[0, 0, 0, 1, 1],
        pairs=[(0, 1), (3, 4), (0, 2)],
        samples=drawn,
    )
    more = HyPO(lam=1.0).terms(made) - DPO().terms(made)
    assert more.tolist() == pytest.approx([1.5, 0.0, 1.5])  # prompt 1: l = 0 and 1, equal lp


def test_without_weight_it_is_dpo():
    made = batch([-10.0, -12.0], [-11.0, -10.0], pairs=[(0, 1)], samples=samples([-3.0, -5.0], [-4.0, -4.5]))
    assert torch.equal(HyPO(lam=0.0).terms(made), DPO().terms(made))
    assert torch.equal(HyPO(lam=0.7).score(made), DPO().score(made))
    assert torch.equal(gradient(HyPO(lam=0.7), made), gradient(DPO(), made))


def test_at_the_reference_samples_have_no_gradient():
    drawn = samples([-3.0, -5.0], [-3.0, -5.0])
    made = batch([-1.0, -1.0], [-1.0, -1.0], pairs=[(0, 1)], samples=drawn)
    (found,) = torch.autograd.grad(HyPO(lam=3.0).terms(made).sum(), drawn.policy.total)
    assert found.tolist() == [0.0, 0.0]


def test_the_kl_is_logged_beside_what_dpo_logs():
    drawn = samples([-3.0, -5.0, -6.0], [-4.0, -4.5, -5.0])
    made = batch([-10.0, -12.0], [-11.0, -10.0], pairs=[(0, 1)], samples=drawn)
    found = HyPO().diagnostics(made)
    assert found["kl"].item() == pytest.approx((1 - 0.5 - 1) / 3)
    assert found.keys() - DPO().diagnostics(made).keys() == {"kl"}


def test_it_asks_the_trainer_for_its_samples():
    assert HyPO(k=3, max_tokens=7).sampling() == harness.Sampling(each=3, max_tokens=7)
    with pytest.raises(harness.HarnessError, match="no samples"):
        HyPO().terms(batch([-1.0, -2.0], [-1.0, -2.0], pairs=[(0, 1)]))


@pytest.mark.parametrize("options", [{"beta": 0.0}, {"lam": -1.0}, {"lam": math.inf}, {"k": 0}, {"max_tokens": 0}])
def test_options_outside_their_range_are_refused(options: dict[str, Any]):
    with pytest.raises(ValueError, match=f"{next(iter(options))} is"):
        HyPO(**options)


@pytest.mark.parametrize("k", [1, 2])
def test_the_gradient_of_a_step_is_that_of_one_big_batch_for_every_split(k: int):
    method = HyPO(lam=0.5, k=k, max_tokens=5)
    whole, whole_gradient = step_of(method, (), count=4)
    for cuts in partitions(4):
        split, split_gradient = step_of(method, cuts, count=4)
        assert split == pytest.approx(whole, rel=1e-9)
        assert torch.linalg.norm(split_gradient - whole_gradient) < 1e-9 * torch.linalg.norm(whole_gradient)


class Enumerated:
    """One prompt whose answers are these and no others: a policy away from its reference, through the engine."""

    answers = ("w1", "w2 w3", "w2 w4", "w5 w6 w7", "w8", "w9 w10")

    def __init__(self) -> None:
        policy, reference = (tiny.language_model(seed=seed, dtype=torch.float64) for seed in (0, 1))
        encoded = policy.encoder.examples([tiny.example("w11 w12", *self.answers)])
        self.logp = policy.forward(encoded).total.log_softmax(0)
        parameters = list(policy.model.parameters())
        self.reference = reference.forward(encoded).total.detach().log_softmax(0)
        kl = (self.logp.exp() * (self.logp - self.reference)).sum()
        scores = torch.stack([_flat(one, parameters) for one in self.logp])
        span, _ = torch.linalg.qr(scores.T)  # all gradients lie in it, so that lengths are those over all parameters
        self.kl, self.gradient, self.scores = kl.item(), span.T @ _flat(kl, parameters), scores @ span

    def draw(self, groups: int, k: int, seed: int) -> torch.Tensor:
        """(groups, k) answers drawn from the policy."""
        generator = torch.Generator().manual_seed(seed)
        return torch.multinomial(self.logp.exp().detach(), groups * k, True, generator=generator).view(groups, k)

    def estimates(self, drawn: torch.Tensor) -> torch.Tensor:
        """(groups, answers) in the span of the answers' scores, the surrogate's gradient on each group of samples."""
        at = drawn.flatten()
        policy = self.logp.detach()[at].requires_grad_()
        prompt = torch.arange(len(drawn)).repeat_interleave(drawn.shape[1])
        total = kl_surrogate(policy, self.reference[at], prompt, len(drawn)).sum()
        (weights,) = torch.autograd.grad(total, policy)
        by_answer = torch.zeros(drawn.shape[0], len(self.answers), dtype=torch.float64)
        return by_answer.scatter_add(1, drawn, weights.view_as(drawn)) @ self.scores


def _flat(value: torch.Tensor, parameters: list[torch.Tensor]) -> torch.Tensor:
    found = torch.autograd.grad(value, parameters, retain_graph=True)
    return torch.cat([g.flatten() for g in found])


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_estimate_converges_to_the_gradient_of_the_kl_as_the_root_of_the_samples(k: int):
    exact = Enumerated()
    assert exact.kl > 0.5
    groups = exact.estimates(exact.draw(4096, k, seed=k))
    spread = groups.var(0).sum().sqrt()  # of one group, over all parameters
    assert torch.linalg.norm(groups.mean(0) - exact.gradient) < 3 * spread / math.sqrt(len(groups))
    for size in (1, 16, 256):
        means = groups.view(-1, size, groups.shape[1]).mean(1)
        error = (means - exact.gradient).square().sum(1).mean().sqrt()
        assert 0.7 < error / (spread / math.sqrt(size)) < 1.3


def test_the_logged_kl_is_unbiased():
    exact = Enumerated()
    at = exact.draw(20_000, 1, seed=3).flatten()
    drawn = samples(exact.logp.detach()[at], exact.reference[at].tolist())
    made = batch([-1.0, -2.0], [-1.0, -2.0], pairs=[(0, 1)], samples=drawn)
    error = drawn.log_ratio.std() / math.sqrt(20_000)
    assert abs(HyPO().diagnostics(made)["kl"] - exact.kl) < 3 * error


def test_the_logged_kl_is_that_of_the_capped_process_that_the_trainer_samples():
    """All texts of up to two tokens, enumerated, against 6,000 samples drawn, scored and collated by the engine."""
    policy, reference = (tiny.language_model(seed=seed) for seed in (0, 1))
    encoded = policy.encoder.examples([tiny.example("w11 w12", "w1", "w2")])
    (prompt,) = encoded[0].prompts
    rows = torch.tensor([[*prompt, token] for token in range(64)])
    with torch.no_grad():
        first, second = zip(
            *(
                (logits[0, -2].log_softmax(-1), logits[:, -1].log_softmax(-1))
                for logits in (model.causal(input_ids=rows).logits.double() for model in (policy, reference))
            ),
            strict=True,
        )
    later = (second[0].exp() * (second[0] - second[1])).sum(1)
    later[policy.tokenizer.eos_token_id] = 0.0
    exact = (first[0].exp() * (first[0] - first[1] + later)).sum()

    drawing = FreshResponses(policy, reference, harness.Sampling(6000, 2), encoded, seed=0)
    joined = drawing.join(0, [0])
    with torch.no_grad():
        made = collate(joined, policy.forward(joined), {}, facts([encoded[0].example]))
    assert made.samples is not None
    error = made.samples.log_ratio.std() / math.sqrt(6000)
    assert abs(made.samples.log_ratio.mean() - exact) < 3 * error
    stops = second[0].exp()[:, policy.tokenizer.eos_token_id]
    stops[policy.tokenizer.eos_token_id] = 1.0
    ended = (first[0].exp() * stops).sum()
    share = made.samples.finished.double().mean()
    assert abs(share - ended) < 3 * math.sqrt(ended * (1 - ended) / 6000)
