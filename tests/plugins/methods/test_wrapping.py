from dataclasses import dataclass

import pytest
import torch
from batches import Given, batch
from harness_plugins.methods.ddro import DDRO
from harness_plugins.methods.dora import DoRA
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.hypo import HyPO
from harness_plugins.methods.kl_dro import KLDRO
from harness_plugins.methods.random_labels import RandomLabels
from harness_plugins.methods.reweighting import Reweighting
from harness_plugins.methods.wrapping import Wrapping, is_mean

import harness
from harness import Example, ExampleSet, Pair, Response, user_prompt


@dataclass(frozen=True)
class Unusual(DPO):
    """Answers every question in a way of its own."""

    def needs(self):
        return frozenset({"pairs", "shares"})

    def unit(self):
        return "label"

    def batch_statistic(self):
        return True

    def train_columns(self):
        return ("reference", Given())

    def score_columns(self):
        return ("other",)

    def sampling(self):
        return harness.Sampling(2, 8)

    def prepare(self, examples, seed):
        return ExampleSet(examples.examples[seed:])

    def reduce(self, terms, batch):
        return 2 * terms.sum()


@dataclass(frozen=True)
class Coupled(DPO):
    def batch_statistic(self):
        return True


@dataclass(frozen=True)
class Summed(DPO):
    def reduce(self, terms, batch):
        return terms.sum()


@dataclass(frozen=True)
class Bare(Wrapping):
    name = "bare"
    source = "test"


def test_what_is_not_overridden_is_as_the_base_has_it():
    base, made = Unusual(beta=0.3), batch([-1.0, -2.0, -4.0], [-2.0, -2.0, -2.0], pairs=[(0, 1), (0, 2)])
    wrapped = Bare(base=base)
    for name in ("needs", "unit", "batch_statistic", "linear_reduce", "train_columns", "score_columns", "sampling"):
        assert getattr(wrapped, name)() == getattr(base, name)()
    examples = ExampleSet(tuple(Example(str(i), user_prompt("?"), (Response(""),)) for i in range(3)))
    assert wrapped.prepare(examples, 1) == base.prepare(examples, 1)
    assert torch.equal(wrapped.terms(made), base.terms(made))
    assert torch.equal(wrapped.reduce(wrapped.terms(made), made), base.reduce(base.terms(made), made))
    assert torch.equal(wrapped.score(made), base.score(made))
    assert wrapped.diagnostics(made) == base.diagnostics(made)


def test_nothing_that_a_method_may_define_is_forgotten():
    own = {name for name, value in vars(harness.Method).items() if not name.startswith("_") and callable(value)}
    assert own <= set(vars(Wrapping))


def test_the_base_is_dpo_where_none_is_named():
    assert Bare().base == DPO()


def test_it_is_known_which_objectives_are_means():
    assert all(is_mean(m) for m in (DPO(), Reweighting(ratio=Given()), RandomLabels(), Bare(base=Bare())))
    assert not any(is_mean(m) for m in (DDRO(), KLDRO(), DoRA(ratio=Given()), RandomLabels(base=KLDRO()), Summed()))


@pytest.mark.parametrize("kind", [KLDRO, Reweighting, DoRA])
@pytest.mark.parametrize(
    ("base", "reason"),
    [
        (DDRO(), "ddro, whose loss is per label"),
        (Coupled(), "depends on other pairs"),
        (HyPO(), "hypo, whose terms hold a part for fresh samples"),
        (Summed(), "not the mean"),
    ],
    ids=lambda x: x.name if isinstance(x, harness.Method) else None,
)
def test_a_base_whose_pairs_cannot_be_weighted_is_refused(kind, base: harness.Method, reason: str):
    options = {} if kind is KLDRO else {"ratio": Given()}
    with pytest.raises(ValueError, match=reason):
        kind(base=base, **options)


def test_a_control_of_dora_and_dora_of_a_control_are_the_same():
    made = batch([-1.0, -2.0], [-2.0, -2.0], columns={"given": [1.8, 0.4]}, pairs=[(0, 1)])
    one, other = RandomLabels(base=DoRA(ratio=Given())), DoRA(base=RandomLabels(), ratio=Given())
    assert torch.equal(one.terms(made), other.terms(made))
    answers = (Response("a"), Response("b"))
    examples = ExampleSet(tuple(Example(str(i), user_prompt("?"), answers, (Pair(0, 1),)) for i in range(20)))
    assert one.prepare(examples, 0) == other.prepare(examples, 0) != examples
