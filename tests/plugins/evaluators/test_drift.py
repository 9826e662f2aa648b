from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from harness_plugins.evaluators.drift import Drift
from harness_plugins.evaluators.prompts import distinct_prompts

import harness
from harness import Example, ExampleSet, Figure, Message, Prompt, Sample, user_prompt


@dataclass
class Speaker:
    """A policy whose answers are written down, by prompt id."""

    held_out: ExampleSet
    says: Mapping[str, list[tuple[str, float, float, int, bool]]]
    asked: list[tuple[tuple[str, ...], int, int, int]] = field(default_factory=list)

    def examples(self) -> ExampleSet:
        return self.held_out

    def sample(self, prompts: Mapping[str, Prompt], *, each: int, max_tokens: int, seed: int) -> list[Sample]:
        self.asked.append((tuple(prompts), each, max_tokens, seed))
        return [Sample(item, *said) for item in prompts for said in self.says[item][:each]]


def examples(*prompts: Prompt) -> ExampleSet:
    return ExampleSet(tuple(Example(f"e{i}", prompt, ()) for i, prompt in enumerate(prompts)))


TWO = examples(user_prompt("one"), user_prompt("two"))
SAYS = {
    "e0": [("yes", -2.0, -5.0, 3, True), ("no", -4.0, -3.0, 5, True)],
    "e1": [("", -1.0, -1.0, 1, True), ("well well", -8.0, -12.0, 4, False)],
}


def judge(speaker: Speaker, **options: int) -> tuple[dict[str, Figure], harness.Evaluation]:
    found = Drift(**options).evaluate(speaker)
    return {f.metric: f for f in found.figures}, found


def by_item(figure: Figure) -> dict[str, float]:
    return dict(zip(figure.items, figure.values or (), strict=True))


def test_figures_are_means_over_the_samples_of_each_prompt():
    figures, _ = judge(Speaker(TWO, SAYS), samples=2)
    assert by_item(figures["drift/kl"]) == {"e0": 1.0, "e1": 2.0}  # (3 - 1) / 2, (0 + 4) / 2
    assert by_item(figures["drift/length"]) == {"e0": 4.0, "e1": 2.5}
    assert by_item(figures["drift/entropy"]) == {"e0": 3.0, "e1": 4.5}
    assert by_item(figures["drift/unfinished"]) == {"e0": 0.0, "e1": 0.5}
    assert figures["drift/kl"].value == 1.5
    assert {name: (f.unit, f.higher_is_better) for name, f in figures.items()} == {
        "drift/kl": ("nats", None),
        "drift/length": ("tokens", None),
        "drift/entropy": ("nats", None),
        "drift/unfinished": ("fraction", False),
    }


def test_texts_are_kept_and_counted():
    _, found = judge(Speaker(TWO, SAYS), samples=2)
    assert {(g.item, g.prompt, g.response, g.finished) for g in found.generations} == {
        ("e0", "one", "yes", True),
        ("e0", "one", "no", True),
        ("e1", "two", "", True),
        ("e1", "two", "well well", False),
    }
    assert found.counted == {"samples": 4, "unfinished": 1, "empty responses": 1}


def test_options_reach_the_sampler():
    speaker = Speaker(TWO, SAYS)
    judge(speaker, samples=2, max_tokens=7, seed=5)
    ((items, *rest),) = speaker.asked
    assert sorted(items) == ["e0", "e1"]
    assert rest == [2, 7, 5]


def test_each_prompt_is_asked_once_under_its_first_id():
    held_out = examples(user_prompt("one"), user_prompt("two"), user_prompt("one"))
    assert sorted(distinct_prompts(held_out, 9)) == ["e0", "e1"]


def test_which_prompts_are_asked_does_not_depend_on_their_order():
    prompts = [user_prompt(f"prompt {i}") for i in range(50)]
    some = list(distinct_prompts(examples(*prompts), 10).values())
    assert len(some) == 10
    assert list(distinct_prompts(examples(*reversed(prompts)), 10).values()) == some
    assert list(distinct_prompts(examples(*prompts), 20).values())[:10] == some
    assert some != prompts[:10]


def test_conversations_are_shown_with_their_roles():
    turns = (Message("system", "Be brief."), Message("user", "Hi"))
    _, found = judge(Speaker(examples(turns), {"e0": SAYS["e0"]}))
    assert [g.prompt for g in found.generations] == ["system: Be brief.\n\nuser: Hi"]


def test_a_row_that_cannot_speak_is_skipped_with_its_reason():
    class Oracle(Speaker):
        def sample(self, prompts, *, each, max_tokens, seed):
            raise harness.Unavailable("the oracle has no language model")

    with pytest.raises(harness.Unavailable, match="no language model"):
        Drift().evaluate(Oracle(TWO, {}))
    with pytest.raises(harness.Unavailable, match="no held-out prompts"):
        Drift().evaluate(Speaker(examples(), {}))


def test_a_policy_without_numbers_fails():
    broken = SAYS | {"e1": [("x", float("nan"), -1.0, 1, True)]}
    with pytest.raises(harness.HarnessError, match="'e1' has log-prob nan"):
        Drift().evaluate(Speaker(TWO, broken))


@pytest.mark.parametrize("option", ["samples", "max_tokens", "prompts"])
def test_options_outside_their_range_are_refused(option: str):
    with pytest.raises(ValueError, match=f"{option} is 0; it must be at least 1"):
        Drift(**{option: 0})


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed is -1"):
        Drift(seed=-1)
