import numpy as np
import pytest
from harness_plugins.sources.world import World

import harness

LOUD = World(noise=0.4, raters=2, length_bias=0.5)
CYCLES = World(structure="cycles")


def verdict(first, second, prompt=None, world=None):
    asked = World().oracle().prompts("test")[0].prompt if prompt is None else prompt
    (found,) = (world or World()).judge().preferences([harness.Comparison(asked, first, second)])
    return found


@pytest.mark.parametrize("world", [World(), LOUD, CYCLES])
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_legitimate_answers_are_compared_by_the_enumerated_truth(world, split):
    for truth in world.oracle().prompts(split)[:4]:
        pairs = [(a, b) for a in range(len(truth.answers)) for b in range(len(truth.answers))]
        asked = [harness.Comparison(truth.prompt, truth.answers[a], truth.answers[b]) for a, b in pairs]
        expected = [truth.beats[b, a] for a, b in pairs]
        assert np.abs(np.array(world.judge().preferences(asked)) - expected).max() < 1e-12


def test_the_answer_order_turns_the_verdict_round():
    a, b = World().oracle().prompts("test")[0].answers[:2]
    assert verdict(a, b) == pytest.approx(1 - verdict(b, a), abs=1e-12)
    assert verdict(a, b) != 0.5
    assert verdict(a, a) == 0.5


def test_a_legitimate_answer_beats_all_other_text():
    truth = World().oracle().prompts("test")[0]
    other = next(t for t in World().oracle().prompts("test") if t.answers != truth.answers)
    for text in (
        "",
        "here",
        "\N{COLLISION SYMBOL}",
        truth.answers[0] + " indeed",
        truth.answers[0].upper(),
        other.answers[0],
    ):
        assert verdict(truth.answers[0], text) == 0.0
        assert verdict(text, truth.answers[0]) == 1.0


def test_two_illegitimate_texts_are_equals():
    assert verdict("", "tides " * 5000) == 0.5
    assert verdict("no", "yes") == 0.5


def test_white_space_makes_no_difference():
    truth = World().oracle().prompts("test")[0]
    spaced = "\n " + truth.answers[3].replace(" ", "  ") + "\t\n"
    assert verdict(spaced, truth.answers[5]) == verdict(truth.answers[3], truth.answers[5])
    asked = harness.user_prompt(f"  {truth.prompt[0].content}\n\n")
    assert verdict(truth.answers[3], truth.answers[5], asked) == verdict(truth.answers[3], truth.answers[5])


def test_the_judge_tells_what_no_rater_disturbs():
    a, b = World().oracle().prompts("test")[0].answers[:2]
    assert verdict(a, b, world=LOUD) == verdict(a, b)


@pytest.mark.parametrize(
    "prompt",
    [
        harness.user_prompt("please explain quarks to a child in detail"),
        harness.user_prompt("what does fred paint"),
        (harness.Message("system", "be brief"), *World().oracle().prompts("test")[0].prompt),
        (),
    ],
)
def test_an_unknown_prompt_is_refused_and_shown(prompt):
    with pytest.raises(harness.DataError, match="does not know the prompt") as error:
        verdict("a", "b", prompt)
    assert not prompt or prompt[0].content in str(error.value)


def test_nothing_to_compare_is_no_verdict():
    assert World().judge().preferences([]) == []
