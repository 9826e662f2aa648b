"""`statistics`: how rows are compared."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from harness.suite import Suite

Read = Callable[..., Suite]
Refusal = Callable[..., str]

GRID = (
    "data: {source: dice}\nevaluators: [accuracy, {evaluator: accuracy, label: long}]\nmethods:\n  - {policy: base}\n"
)
TEXT = GRID + "  - {method: pull, options: {beta: [1, 2]}}\n"


def test_own_spread_is_the_default_and_nothing_else_is_said(read: Read) -> None:
    stated = read(TEXT).statistics
    assert (stated.baseline, stated.seed_spread, stated.score) == (None, "own", {})


def test_what_is_stated_is_kept_as_run(read: Read) -> None:
    stated = "statistics: {baseline: 'pull[beta=2]', seed_spread: pooled, score: {accuracy/a: 2, long/b: 0.5}}\n"
    suite = read(TEXT + stated)
    assert suite.statistics.score == {"accuracy/a": 2, "long/b": 0.5}
    assert read(yaml.safe_dump(suite.as_run)) == suite


def test_with_several_numbers_of_prompts_a_baseline_is_named_with_or_without(read: Read) -> None:
    for name in ("pull[beta=2]", "pull[beta=2][prompts=5]"):
        suite = read(TEXT + f"budget: {{prompts: [5, 6]}}\nstatistics: {{baseline: '{name}'}}\n")
        assert suite.statistics.baseline == name


def test_rows_of_its_own_free_a_suite_from_the_baseline_of_the_one_it_extends(
    read: Read, write: Callable[..., object]
) -> None:
    write(TEXT + "statistics: {baseline: base, seed_spread: pooled}\n", "other.yaml")
    assert read("extends: other.yaml\n").statistics.baseline == "base"
    free = read("extends: other.yaml\nmethods: [pull]\n").statistics
    assert (free.baseline, free.seed_spread) == (None, "pooled")
    assert read("extends: other.yaml\nmethods: [pull, {policy: base}]\n").statistics.baseline == "base"


def test_only_keeps_what_rows_are_compared_with(read: Read) -> None:
    suite = read(TEXT + "statistics: {baseline: 'pull[beta=2]'}\n", only=["base"])
    assert [row.label for row in suite.rows] == ["base", "pull[beta=2]"]
    assert suite.asked == {"base"}


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("baseline: bas", "suite.yaml:6: statistics.baseline: no row is called 'bas'; did you mean 'base'?"),
        ("baseline: pull", "suite.yaml:6: statistics.baseline: no row is called 'pull'; did you mean 'pull[beta=2]'?"),
        ("seed_spread: both", "suite.yaml:6: statistics.seed_spread should be 'own' or 'pooled', not \"both\""),
        ("score: {accuracy: 1}", "suite.yaml:6: statistics.score: no evaluator gives 'accuracy'; did you mean"),
        ("score: {acuracy/a: 1}", "suite.yaml:6: statistics.score: no evaluator gives 'acuracy/a'; did you mean"),
        ("score: {accuracy/a: 0}", "suite.yaml:6: statistics.score.accuracy/a should be greater than 0, not 0"),
        ("base: x", "suite.yaml:6: unknown key 'base' in statistics; did you mean 'baseline'?"),
    ],
)  # fmt: skip
def test_what_cannot_be(refusal: Refusal, stated: str, told: str) -> None:
    assert refusal(TEXT + f"statistics: {{{stated}}}\n").startswith(told)
