"""`tune` and `tuned` of a suite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from harness.host import Registry
from harness.search_space import Choices, Range
from harness.suite import Suite, read_suite

TUNED = "tune: {metric: accuracy/share}\n"


def space(suite: Suite, label: str) -> Any:
    return dict(next(row for row in suite.rows if row.label == label).space)


def suite_of(methods: str, more: str = TUNED) -> str:
    return f"data: {{source: dice}}\nevaluators: [accuracy]\nmethods:\n{methods}{more}"


RATE = Range(1e-4 / 8, 1e-4 * 8, log=True)


def test_the_learning_rate_is_searched_around_the_rows_own(read: Callable[..., Suite]) -> None:
    suite = read(suite_of("  - pull\n  - {method: push, training: {learning_rate: 8e-6}}\n  - policy: base\n"))
    assert space(suite, "pull") == {"training.learning_rate": RATE}
    assert space(suite, "push") == {"training.learning_rate": Range(1e-6, 6.4e-5, log=True)}
    assert space(suite, "base") == {}


def test_a_suite_that_does_not_tune_searches_nothing(read: Callable[..., Suite]) -> None:
    suite = read(suite_of("  - {method: pull, tune: {beta: {low: 0.1, high: 1}}}\n", ""))
    assert (suite.tune, space(suite, "pull")) == (None, {})


def test_a_row_adds_to_its_space_changes_it_or_stays_out_of_it(read: Callable[..., Suite]) -> None:
    suite = read(
        suite_of(
            "  - {method: pull, tune: {beta: {low: 0.1, high: 1}, form: {choices: [log, square]}}}\n"
            "  - {method: push, tune: {training.learning_rate: {low: 1e-5, high: 1e-3}}}\n"
            "  - method: shuffled\n"
            "    tune: {base.beta: {low: 0.1, high: 1, log: true}, training.warmup: {choices: [0, 0.1]}}\n"
            "  - {method: graded, tune: false}\n"
        )
    )
    assert space(suite, "pull") == {
        "training.learning_rate": RATE,
        "beta": Range(0.1, 1, source="the suite"),
        "form": Choices(("log", "square"), source="the suite"),
    }
    assert space(suite, "push") == {"training.learning_rate": Range(1e-5, 1e-3, source="the suite")}
    assert space(suite, "shuffled").keys() == {"training.learning_rate", "base.beta", "training.warmup"}
    assert space(suite, "graded") == {}


@dataclass(frozen=True)
class Declared:
    """What a method declares."""

    space: ClassVar[dict[str, Any]] = {"training.learning_rate": RATE, "beta": Range(0.01, 1.0)}


@pytest.fixture
def declares(kinds: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], None]:
    """Makes `pull` declare a search space."""
    return lambda found: monkeypatch.setattr(kinds["Pull"], "search_space", lambda _: found, raising=False)


def test_what_a_grid_compares_is_not_searched(read: Callable[..., Suite], declares: Any) -> None:
    declares(Declared.space)
    suite = read(
        suite_of("  - {method: pull, options: {beta: [0.1, 0.2]}}\n  - {method: pull, options: {beta: 0.3}}\n")
    )
    assert space(suite, "pull[beta=0.1]").keys() == {"training.learning_rate"}
    assert space(suite, "pull").keys() == {"training.learning_rate", "beta"}


def test_what_is_read_as_run_is_searched_alike(
    read: Callable[..., Suite], write: Callable[..., Path], registry: Registry, declares: Any
) -> None:
    declares(Declared.space)
    rows = "  - {method: pull, options: {beta: [0.1, 0.2]}}\n  - {method: push, tune: false}\n"
    suite = read(suite_of(rows, "tune: {metric: accuracy/share, trials: 3, seed: 4}\n"))
    again = read_suite(str(write(yaml.safe_dump(suite.as_run), "again.yaml")), registry=registry)
    assert again.tune == suite.tune
    bounds = [[{k: (d.low, d.high) for k, d in row.space.items()} for row in s.rows] for s in (suite, again)]  # pyright: ignore
    assert bounds[0] == bounds[1]
    assert again.as_run == suite.as_run


def test_a_method_whose_space_lacks_the_learning_rate_is_refused(refusal: Callable[..., str], declares: Any) -> None:
    declares({"beta": Range(0.01, 1.0)})
    text = refusal(suite_of("  - pull\n"))
    assert "search space of 'pull' lacks training.learning_rate" in text
    assert "LEARNING_RATE_ALONE" in text


@pytest.mark.parametrize(
    ("tune", "said"),
    [
        ("3", "methods.0.tune should be false, or a mapping"),
        ("{beta: 3}", "methods.0.tune.beta should be {low, high, log}, {choices} or false"),
        ("{beta: {low: 1}}", "'high' is missing in methods.0.tune.beta"),
        ("{beta: {low: 1, hihg: 2}}", "did you mean 'high'"),
        ("{beta: {choices: 3}}", "methods.0.tune.beta.choices should be a list"),
        ("{bete: false}", "there is no option 'bete'; did you mean 'beta'"),
        ("{training.rate: false}", "there is no training setting 'rate'"),
        ("{beta.x: false}", "there is no option 'x'"),
        ("{training.learning_rate: false}", "training.learning_rate is in every search space"),
        ("{beta: {low: 0.2, high: 0.5}}", "the row's own value 0.1 is not in 0.2 to 0.5"),
        ("{beta: {low: -1, high: 0.5}}", "beta is -1.0; it must be positive"),
        ("{beta: {low: 0.5, high: 0.2}}", "from a finite low to a larger high"),
        ("{form: {choices: [square, cube]}}", "the row's own value 'log' is not in ['square', 'cube']"),
        ("{form: {choices: [log]}}", "at least two distinct values"),
        ("{training.warmup: {low: 0, high: 2}}", "less than or equal to 1"),
    ],
)
def test_a_space_that_cannot_be_is_refused_at_its_line(refusal: Callable[..., str], tune: str, said: str) -> None:
    text = refusal(suite_of(f"  - {{method: pull, tune: {tune}}}\n"))
    assert said in text
    assert "suite.yaml:4" in text


@pytest.mark.parametrize(
    ("tune", "said"),
    [
        ("{}", "it is not said by which metric"),
        ("{metric: acuracy/share}", "no evaluator of the suite gives 'acuracy/share'; did you mean 'accuracy'"),
        ("{metric: accuracy}", "no evaluator of the suite gives 'accuracy'"),
        ("{metric: accuracy/share, split: test}", "tune.split should be 'validation'"),
        ("{metric: accuracy/share, trials: 1}", "tune.trials should be greater than or equal to 2"),
        ("{metric: accuracy/share, trails: 9}", "did you mean 'trials'"),
    ],
)
def test_a_tuning_that_cannot_be_is_refused(refusal: Callable[..., str], tune: str, said: str) -> None:
    assert said in refusal(suite_of("  - pull\n", f"tune: {tune}\n"))


def test_settings_are_not_chosen_by_data_that_an_evaluator_brings(
    refusal: Callable[..., str], kinds: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds["Accuracy"], "follows_split", lambda _: False, raising=False)
    text = refusal(suite_of("  - pull\n"))
    assert "suite.yaml:5: tune.metric: settings may not be chosen by 'accuracy/share'" in text


def test_the_label_of_the_default_row_must_be_free(refusal: Callable[..., str]) -> None:
    text = refusal(suite_of("  - pull\n  - {method: push, label: pull (default)}\n"))
    assert "the label 'pull (default)' is taken" in text


def test_a_record_is_a_file_relative_to_the_suite(
    read: Callable[..., Suite], write: Callable[..., Path], refusal: Callable[..., str], whole: str
) -> None:
    record = write("{}", "studies/one.json")
    assert read(f"{whole}tuned: studies/one.json\n").tuned == record
    assert read(whole).tuned is None
    assert "tuned: there is no file 'studies/two.json'" in refusal(f"{whole}tuned: studies/two.json\n")
