import dataclasses
from pathlib import Path

import numpy as np
import pytest
from harness_plugins.evaluators.truth import bayes_ceiling
from harness_plugins.sources.world import World
from harness_plugins.sources.world.base import FACTS_PER_STEP, STEPS, random_llama
from harness_plugins.sources.world.facts import FACTS, exposures, fact_words, facts
from harness_plugins.sources.world.language import answers, prompt_texts, words
from harness_plugins.sources.world.task import documents

from harness.digest import digest

PAGE = (Path(__file__).parents[4] / "docs" / "world.md").read_text()


@pytest.mark.parametrize("option", dataclasses.fields(World), ids=lambda option: option.name)
def test_every_option_stands_in_the_table_with_its_default(option):
    default = str(option.default).lower() if isinstance(option.default, bool) else str(option.default)
    assert f"\n| `{option.name}` | {default} |" in PAGE


def mean(world, figure):
    return np.mean([figure(truth) for truth in world.oracle().prompts("test")])


@pytest.mark.parametrize(
    ("row", "figure", "digits"),
    [
        ("win rate of mu~ against mu", lambda t: t.pooled @ t.beats @ t.behaviour, 3),
        ("win rate of p+ against mu", lambda t: t.preferred @ t.beats @ t.behaviour, 3),
        ("best win rate against mu", lambda t: (t.beats @ t.behaviour).max(), 3),
        ("Bayes ceiling of pair accuracy", bayes_ceiling, 3),
        ("KL(p+ to mu~), nats", lambda t: t.preferred @ np.log(t.preferred / t.pooled), 3),
    ],
)
def test_the_stated_figures_are_those_of_the_world(row, figure, digits):
    both = [f"{mean(world, figure):.{digits}f}" for world in (World(), World(structure="cycles"))]
    assert f"\n| {row} | {both[0]} | {both[1]} |" in PAGE


def test_the_stated_rewards_are_those_of_the_world():
    shares = (lambda t: t.pooled @ t.reward, lambda t: t.preferred @ t.reward, lambda t: t.dispreferred @ t.reward)
    stated = ", ".join(f"{mean(World(), share):.2f}" for share in (*shares, lambda t: t.reward.max()))
    assert f"the best answers | {stated} |" in PAGE
    assert f"that of illegitimate text | {World().oracle().worst_reward:.3f} |" in PAGE


def test_the_shown_texts_are_said():
    said = {answer for prompt in range(1920) for answer in answers(prompt)} | set(prompt_texts())
    said |= {fact.question for fact in facts(0)}
    shown = [line[4:].split("   ")[0] for line in PAGE.splitlines() if line.startswith("    ")]
    assert len(shown) == 5
    assert set(shown) <= said


def test_the_stated_sizes_are_those_of_the_world():
    assert f"there are {len(words())} words" in PAGE
    assert f"{sum(p.numel() for p in random_llama().parameters()):,} parameters" in PAGE
    assert f"(below) add {len(fact_words() - set(words()))}" in PAGE


def test_the_stated_capability_is_that_of_the_world():
    told = np.sort(exposures(0, STEPS * FACTS_PER_STEP))
    assert f"{FACTS} facts" in PAGE
    assert f"taught {told.sum():,} times in all" in PAGE
    assert f"the most frequent {told[-1]} times, half of them {np.median(told):.0f} times or less" in PAGE
    assert f"the rarest\n{told[0]} times" in PAGE


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("the three splits", lambda: [World().examples(s, 0).examples for s in ("train", "validation", "test")]),
        ("what the base is trained on", lambda: World().base_model().examples().examples),
        ("questions, choices and answers", lambda: documents(0)),
        ("the references", lambda: list(World().references("test").values())),
    ],
)
def test_the_stated_digests_are_those_of_the_world(what, content):
    """Another digest means another world: boards recorded before cannot be compared with those after."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {what}")]
    assert row.endswith(f"| `{digest(content())}` |")


def test_the_stated_win_rate_of_the_references_is_theirs():
    references = World().references("test")
    wins = mean(World(), lambda t: t.beats[t.answers.index(references[t.prompt])] @ t.behaviour)
    assert f"references win {wins:.3f} against mu" in PAGE
