"""Which trials there are and what is made of them; outcomes are given here, so nothing is trained."""

import json
import math

import pytest
import toy
from given_trials import Given, nearest

from harness.reporter import Reporter
from harness.run.inputs import Limits
from harness.run.suite_run import plan_of
from harness.store import Store
from harness.suite import read_suite
from harness.tuning import tuned
from harness.tuning.search import Outcome

SUITE = """
data: {source: toy}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
methods:
  - policy: base
  - dpo
  - {method: random_labels, label: random}
evaluators: [preference]
seeds: [0, 1]
budget: {batch: 4}
tune: {trials: 6, metric: preference/accuracy}
"""


def read(folder, *sets, text=SUITE, **kwargs):
    return read_suite(str(toy.write_suite(folder, text)), registry=toy.registry(), sets=sets, **kwargs)


@pytest.fixture
def study(tmp_path, monkeypatch):
    def run(*sets, value=None, text=SUITE, only=(), limit=None, **kwargs):
        given = Given(monkeypatch, value or nearest(5e-3))
        suite = read(tmp_path, *sets, text=text, **kwargs)
        return tuned(suite, toy.registry(), Limits(limit), Store(tmp_path / "results"), Reporter(), only), given

    return run


def labels(found):
    return [row.label for row in found.suite.rows]


def row_of(found, label):
    return next(row for row in found.suite.rows if row.label == label)


def test_every_row_has_as_many_trials_and_the_same_design(study):
    found, given = study()
    assert {s.row: len(s.trials) for s in found.record.studies} == {"dpo": 6, "random": 6}
    assert given.asked[:2] == ["tune dpo, trial 1 of 6", "tune dpo, trial 2 of 6"]
    assert (found.record.design.trials, found.record.design.split) == (6, "validation")
    assert all(s.trials[0].settings["training.learning_rate"] == 1e-3 for s in found.record.studies)


def test_the_best_and_the_row_as_it_was_stand_side_by_side(study):
    found, _ = study()
    assert labels(found) == ["base", "dpo", "dpo (default)", "random", "random (default)"]
    best, default = row_of(found, "dpo"), row_of(found, "dpo (default)")
    record = found.record.studies[0]
    assert default.training.learning_rate == 1e-3
    assert default.default_of == "dpo"
    assert best.training.learning_rate == record.trials[record.best].settings["training.learning_rate"]
    assert abs(math.log(best.training.learning_rate / 5e-3)) < abs(math.log(1e-3 / 5e-3))
    assert best.seeds == default.seeds == (0, 1)


def test_where_the_default_is_best_it_stands_alone(study):
    found, _ = study(value=lambda row, _: 1.0)
    assert labels(found) == ["base", "dpo", "random"]
    assert [s.best for s in found.record.studies] == [0, 0]


def test_a_row_of_which_every_trial_fails_stays_as_it_is(study):
    found, _ = study(value=lambda row, _: Outcome("failed", "x", reason="on purpose"))
    assert labels(found) == ["base", "dpo", "random"]
    assert [(s.best, s.chosen, s.trials[0].reason) for s in found.record.studies] == [(None, None, "on purpose")] * 2
    plan = plan_of(found.suite, toy.registry())
    assert found.rows(plan.inputs, Limits(None)) == frozenset()


def test_trials_are_trained_with_a_seed_that_no_row_has(study):
    assert study()[0].record.design.training_seed == 10_000
    assert study("tune.seed=5")[0].record.design.training_seed == 10_005
    assert study("seeds=[10000, 10001]")[0].record.design.training_seed == 10_002


def test_another_seed_proposes_other_settings_and_a_label_does_not(study):
    def proposed(found):
        return [[t.settings for t in s.trials] for s in found.record.studies]

    first = proposed(study()[0])
    assert proposed(study("methods.dpo.label=renamed")[0]) == first
    assert proposed(study("tune.seed=1")[0])[0][1:] != first[0][1:]


STARTED = SUITE.replace("  - dpo\n", "  - {method: dpo, init: sft}\n  - sft\n")


def test_a_row_is_tuned_from_the_best_of_what_it_starts_from(study):
    found, given = study(text=STARTED)
    assert given.asked[0].startswith("tune sft")
    assert labels(found) == ["base", "dpo", "dpo (default)", "sft", "sft (default)", "random", "random (default)"]
    sft, plain = row_of(found, "sft"), row_of(found, "sft (default)")
    assert row_of(found, "dpo").initial.training == sft.training != plain.training
    assert row_of(found, "dpo (default)").initial.training == plain.training
    assert set(given.forgotten) == {"sft"}


def test_a_repeated_row_repeats_the_best(study):
    found, given = study(text=SUITE.replace("  - dpo\n", "  - dpo\n  - again: dpo\n"))
    assert not any("again" in title for title in given.asked)
    assert row_of(found, "dpo again").training == row_of(found, "dpo").training
    assert row_of(found, "dpo again").seeds == (2, 3)
    assert "dpo again" in found.rows(plan_of(found.suite, toy.registry()).inputs, Limits(None))


def test_a_row_that_is_left_alone_is_left_alone(study):
    found, given = study("methods.random.tune=false")
    assert labels(found) == ["base", "dpo", "dpo (default)", "random"]
    assert not any("random" in title for title in given.asked)
    plan = plan_of(found.suite, toy.registry())
    assert found.rows(plan.inputs, Limits(None)) == {"dpo"}


def test_every_number_of_prompts_has_a_study_of_its_own(study):
    found, _ = study("budget.prompts=[4, 8]", "methods.random.tune=false")
    assert [(s.row, s.budget["prompts"]) for s in found.record.studies] == [
        ("dpo[prompts=4]", 4),
        ("dpo[prompts=8]", 8),
    ]
    assert labels(found)[1:3] == ["dpo[prompts=4]", "dpo (default)[prompts=4]"]
    assert row_of(found, "dpo (default)[prompts=4]").unsized == "dpo (default)"


def test_rows_that_are_not_asked_for_are_looked_up_and_not_tuned(study):
    found, given = study(only=["dpo"])
    assert all("dpo" in title for title in given.asked)
    assert found.unfinished == {"random": "'random' is not tuned yet: 0 of 6 trials are done"}
    assert labels(found) == ["base", "dpo", "dpo (default)", "random"]


def test_what_a_row_starts_from_is_tuned_with_it(study):
    _, given = study(text=STARTED, only=["dpo"])
    assert {title.split(",")[0] for title in given.asked} == {"tune sft", "tune dpo"}


def test_a_row_that_the_data_cannot_serve_has_no_study(study):
    found, given = study("data.kind=labels", "methods.random.options.base=sft")
    assert {title.split(",")[0] for title in given.asked} == {"tune random"}
    assert [s.row for s in found.record.studies] == ["random"]
    assert found.unfinished == {}


def test_a_plan_runs_no_trial_and_says_what_is_not_known(study, tmp_path):
    plan = plan_of(read(tmp_path), toy.registry())
    assert plan.inputs.unmet["dpo"] == "'dpo' is not tuned yet: 0 of 6 trials are done"
    assert not any(step.kind == "train" for step in plan.steps)


def test_the_record_is_written_after_every_trial(study, tmp_path):
    def value(row, count):
        if count == 4:
            raise KeyboardInterrupt
        return float(count)

    with pytest.raises(KeyboardInterrupt):
        study(value=value)
    written = json.loads((tmp_path / "results" / "toy" / "studies.json").read_text())
    assert [len(s["trials"]) for s in written["studies"]] == [3]


def test_fewer_examples_are_a_study_apart(study, tmp_path):
    found, _ = study(limit=6)
    assert found.record.limit == 6
    assert (tmp_path / "results" / "toy.trial" / "studies.json").is_file()
