from dataclasses import dataclass

import pytest
from batches import Given
from harness_plugins.methods.ddo_rm import DDORM
from harness_plugins.methods.ddro import DDRO
from harness_plugins.methods.dora import DoRA
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.random_labels import RandomLabels
from harness_plugins.methods.sft import SFT

from harness import Example, ExampleSet, Label, Pair, Response, user_prompt
from harness.conversions import meet

RESPONSES = (Response("good"), Response("bad"))
PAIRED = ExampleSet(
    tuple(Example(f"e{i}", user_prompt("?"), RESPONSES, pairs=(Pair(0, 1, share=0.75),)) for i in range(2000))
)
LABELLED = ExampleSet(
    tuple(Example(f"e{i}", user_prompt("?"), RESPONSES[:1], labels=(Label(0, i % 5 == 0),)) for i in range(2000))
)


def test_half_of_the_pairs_are_swapped_and_nothing_else_changes():
    prepared = RandomLabels().prepare(PAIRED, seed=0)
    swapped = [e.pairs == (Pair(1, 0, share=0.25),) for e in prepared]
    assert all(e.pairs[0] in (Pair(0, 1, 0.75), Pair(1, 0, 0.25)) for e in prepared)
    assert sum(swapped) == pytest.approx(1000, abs=5 * 22.4)  # five standard deviations of 2,000 fair coins
    assert [(e.id, e.prompt, e.responses) for e in prepared] == [(e.id, e.prompt, e.responses) for e in PAIRED]
    assert prepared.ledger == PAIRED.ledger


def test_a_draw_depends_on_the_seed_and_the_example_alone():
    prepared = {e.id: e for e in RandomLabels().prepare(PAIRED, seed=0)}
    part = ExampleSet(tuple(reversed(PAIRED.examples[700:900])))
    assert all(prepared[e.id] == e for e in RandomLabels().prepare(part, seed=0))
    other = {e.id: e for e in RandomLabels().prepare(PAIRED, seed=1)}
    differing = sum(prepared[i] != other[i] for i in prepared)
    assert differing == pytest.approx(1000, abs=5 * 22.4)


def test_pairs_of_one_example_are_swapped_independently():
    examples = ExampleSet(
        tuple(Example(f"e{i}", user_prompt("?"), RESPONSES, pairs=(Pair(0, 1), Pair(0, 1))) for i in range(400))
    )
    prepared = RandomLabels().prepare(examples, seed=3)
    split = sum(e.pairs[0] != e.pairs[1] for e in prepared)
    assert split == pytest.approx(200, abs=5 * 10)


def test_labels_made_from_pairs_follow_the_swapped_pairs():
    method = RandomLabels(base=SFT())
    for example in method.prepare(meet(PAIRED, method.needs()), seed=0):
        (pair,) = example.pairs
        assert example.labels == (Label(pair.chosen, True), Label(pair.rejected, False))


def test_unpaired_labels_are_drawn_afresh_with_the_share_of_the_data():
    prepared = RandomLabels(base=DDRO()).prepare(LABELLED, seed=0)
    drawn = [e.labels[0].desirable for e in prepared]
    assert sum(drawn) == pytest.approx(400, abs=5 * 17.9)  # five standard deviations of 2,000 draws at 1/5
    both = sum(e.labels[0].desirable and f.labels[0].desirable for e, f in zip(prepared, LABELLED, strict=True))
    assert both == pytest.approx(80, abs=5 * 8.8)  # independent of the true label: 400 * 1/5


def test_everything_else_is_the_base_method():
    own = {name for name in vars(RandomLabels) if callable(getattr(RandomLabels, name)) and not name.startswith("_")}
    assert own == {"prepare"}
    assert RandomLabels().base == DPO()


def test_the_base_method_prepares_the_randomised_examples():
    @dataclass(frozen=True)
    class FirstOnly(DPO):
        def prepare(self, examples: ExampleSet, seed: int) -> ExampleSet:
            return ExampleSet(examples.examples[:1])

    prepared = RandomLabels(base=FirstOnly()).prepare(PAIRED, seed=0)
    assert tuple(prepared) == RandomLabels().prepare(PAIRED, seed=0).examples[:1]


def test_a_base_that_reads_rewards_is_refused():
    @dataclass(frozen=True)
    class Rewarded(DPO):
        def needs(self):
            return frozenset({"candidates", "rewards"})

    with pytest.raises(ValueError, match="reads rewards"):
        RandomLabels(base=Rewarded())


def test_a_base_that_reads_no_judgement_is_refused():
    with pytest.raises(ValueError, match="ddo_rm, which reads no pairs or labels"):
        RandomLabels(base=DDORM(reward=Given()))


def test_a_base_with_a_column_made_from_judgements_is_refused():
    @dataclass(frozen=True)
    class Judged(Given):
        def needs(self):
            return frozenset({"pairs"})

    assert RandomLabels(base=DoRA(ratio=Given())).base.name == "dora"
    with pytest.raises(ValueError, match="column 'given' is made from judgements as they are"):
        RandomLabels(base=DoRA(ratio=Judged()))
