import math

import pytest
import torch
from batches import batch, gradient, measured
from harness_plugins.methods.kto import KTO, MISMATCHED, kto_loss, other_prompts, reference_point
from objectives import data
from steps import partitions, step_of

import harness
from harness import Example, ExampleSet, Label, Ledger, Pair, Response, user_prompt
from harness.conversions import meet


def some(labels=((0, True), (1, False)), kl=(0.5, 1.5), **options):
    """l = 2 and -1; z0 = 1."""
    aside = measured(kl, [0.0] * len(kl))
    return KTO(**options), batch([-10.0, -12.0], [-12.0, -11.0], labels=list(labels), measured=aside)


def test_the_losses_are_the_numbers_worked_out_by_hand():
    method, made = some(beta=0.5)
    # desirable: 1 - sigma(0.5 (2 - 1)) = 1 / (1 + e^0.5); undesirable: 1 - sigma(0.5 (1 - -1)) = 1 / (1 + e)
    assert method.terms(made).tolist() == pytest.approx([0.3775406687981454, 0.2689414213699951], rel=1e-12)
    assert method.reduce(method.terms(made), made).item() == pytest.approx(0.32324104508407027, rel=1e-12)


def test_weights_are_per_class():
    method, made = some(beta=0.5, desirable_weight=2.0, undesirable_weight=0.5)
    expected = [2 * 0.3775406687981454, 0.5 * 0.2689414213699951]
    assert method.terms(made).tolist() == pytest.approx(expected, rel=1e-12)


def test_at_the_reference_every_loss_is_a_half_and_every_gradient_a_quarter_of_beta():
    made = batch([-5.0, -7.0], [-5.0, -7.0], labels=[(0, True), (1, False)], measured=measured([-9.0], [-9.0]))
    assert KTO(beta=0.4).terms(made).tolist() == [0.5, 0.5]
    assert gradient(KTO(beta=0.4), made).tolist() == pytest.approx([-0.05, 0.05])  # a quarter of 0.4, over two labels


@pytest.mark.parametrize("far", [-1000.0, 1000.0])
@pytest.mark.parametrize("desirable", [True, False])
def test_a_response_far_from_the_reference_point_costs_all_or_nothing_and_is_left_alone(far: float, desirable: bool):
    made = batch([far], [0.0], labels=[(0, desirable)], measured=measured([0.0], [0.0]))
    assert KTO().terms(made).item() == pytest.approx(float((far > 0) != desirable))
    assert gradient(KTO(), made).tolist() == pytest.approx([0.0], abs=1e-12)


def test_a_response_at_the_reference_point_costs_a_half_and_is_pulled_hardest():
    def slope(log_ratio: float) -> float:
        made = batch([log_ratio], [0.0], labels=[(0, True)], measured=measured([3.0], [0.0]))
        return gradient(KTO(beta=1.0), made).item()

    at = batch([3.0], [0.0], labels=[(0, True)], measured=measured([3.0], [0.0]))
    assert KTO(beta=1.0).terms(at).item() == 0.5
    assert min((slope(x), x) for x in (0.0, 2.0, 2.9, 3.0, 3.1, 4.0, 6.0))[1] == 3.0


def test_a_policy_that_seems_nearer_than_the_reference_has_reference_point_zero():
    assert reference_point(torch.tensor([-2.0, 1.0])).item() == 0.0
    assert reference_point(torch.tensor([-2.0, 3.0])).item() == 0.5
    method, made = some(kl=(-4.0, 1.0), beta=0.5)
    zero = KTO(beta=0.5).terms(some(kl=(0.0,))[1])
    assert torch.equal(method.terms(made), zero)


def test_the_gradient_agrees_with_finite_differences_and_none_reaches_the_reference_point():
    log_ratio = torch.randn(6, dtype=torch.float64, requires_grad=True)
    kl = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    desirable = torch.tensor([True, False, True, True, False, False])
    assert torch.autograd.gradcheck(lambda x: kto_loss(3 * x, desirable, kl, beta=0.7), (log_ratio,))
    (found,) = torch.autograd.grad(kto_loss(log_ratio, desirable, kl, beta=0.7).sum(), kl, allow_unused=True)
    assert found is None


def pairs(*prompts: str) -> ExampleSet:
    answers = [(Response(f"good {i}", "human"), Response(f"bad {i}")) for i in range(len(prompts))]
    examples = [Example(str(i), user_prompt(p), answers[i], (Pair(0, 1),)) for i, p in enumerate(prompts)]
    return meet(ExampleSet(tuple(examples), Ledger(read=len(prompts), kept=len(prompts))), KTO().needs())


def test_every_labelled_response_is_put_to_the_next_prompt_as_well():
    given = pairs("a", "b", "c")
    prepared = KTO().prepare(given, seed=0)
    assert [[r.prompt for r in e.responses[2:]] for e in prepared] == [[user_prompt(p)] * 2 for p in "bca"]
    for before, after in zip(given, prepared, strict=True):
        assert after.responses[:2] == before.responses
        assert [(r.text, r.source) for r in after.responses[2:]] == [(r.text, r.source) for r in before.responses]
        assert (after.labels, after.pairs, after.prompt, after.id) == (
            before.labels,
            before.pairs,
            before.prompt,
            before.id,
        )
        assert list(KTO().learns_from(after)) == [0, 1]
        assert list(KTO().measures(after)) == [2, 3]
    assert prepared.ledger.counted == {MISMATCHED: 6}
    assert KTO().prepare(given, seed=1) == prepared  # only the order of the examples says


def test_the_next_prompt_is_another_one_however_many_examples_share_one():
    assert other_prompts(pairs("a", "a", "b", "b", "a", "a")) == [user_prompt(p) for p in "bbaabb"]


def test_one_prompt_alone_is_refused():
    with pytest.raises(harness.DataError, match="same prompt"):
        KTO().prepare(pairs("a", "a"), seed=0)
    assert not len(KTO().prepare(ExampleSet(()), seed=0))


def test_a_response_without_a_label_is_neither_learnt_from_nor_put_to_another_prompt():
    one = Example("0", user_prompt("a"), (Response("x"), Response("y")), labels=(Label(1, True), Label(1, True)))
    other = Example("1", user_prompt("b"), (Response("z"),), labels=(Label(0, False),))
    prepared = KTO().prepare(ExampleSet((one, other)), seed=0)
    assert [[r.text for r in e.responses] for e in prepared] == [["x", "y", "y"], ["z", "z"]]
    assert [set(KTO().learns_from(e)) for e in prepared] == [{1}, {0}]
    assert [list(KTO().measures(e)) for e in prepared] == [[2], [1]]


def test_examples_that_were_not_prepared_are_refused():
    made = batch([-1.0], [-1.0], labels=[(0, True)])
    with pytest.raises(harness.HarnessError, match="no responses under other prompts"):
        KTO().terms(made)


@pytest.mark.parametrize("lead", [0.7, -0.7])
def test_a_step_is_one_computation_for_every_split(lead: float):
    """With the reference point above zero, and with it held at zero."""
    method = KTO(beta=0.5, desirable_weight=1.5)
    whole, whole_gradient = step_of(method, (), count=4, lead=lead)
    # every l is `lead`, and so is the estimate of the KL
    gain = 0.5 * (lead - max(lead, 0.0))
    good, bad = 1.5 / (1 + math.exp(gain)), 1 / (1 + math.exp(-gain))
    labels = [label.desirable for example in data(4) for label in example.labels]
    expected = sum(good if desirable else bad for desirable in labels) / len(labels)
    assert whole == pytest.approx(expected, rel=1e-6)  # the reference is stored in float32
    for cuts in partitions(4):
        split, split_gradient = step_of(method, cuts, count=4, lead=lead)
        assert split == pytest.approx(whole, rel=1e-9)
        assert torch.linalg.norm(split_gradient - whole_gradient) < 1e-9 * torch.linalg.norm(whole_gradient)


def test_the_score_is_beta_times_the_log_ratio():
    assert KTO(beta=0.1).score(batch([-10.0, -12.0], [-11.0, -10.0])).tolist() == pytest.approx([0.1, -0.2])


def test_diagnostics_show_the_reference_point_and_both_classes():
    method, made = some()
    found = {name: value.item() for name, value in method.diagnostics(made).items()}
    assert found == {"reference_point": 1.0, "desirable_log_ratio": 2.0, "undesirable_log_ratio": -1.0}


@pytest.mark.parametrize(
    "options",
    [{"beta": 0.0}, {"beta": math.inf}, {"desirable_weight": -1.0}, {"undesirable_weight": math.nan}],
    ids=str,
)
def test_options_outside_their_range_are_refused(options: dict[str, float]):
    with pytest.raises(ValueError, match=f"{next(iter(options))} is "):
        KTO(**options)
