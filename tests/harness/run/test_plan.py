"""What is planned: which steps there are, what each is the same as, and what it needs."""

import json
from collections import Counter

import pytest
import toy
from harness_plugins.evaluators.preference import Preference

from harness import provenance
from harness.errors import PluginError
from harness.run.inputs import Limits
from harness.run.plan import make
from harness.run.suite_run import plan_of
from harness.suite import read_suite

HEAD = """
data: {source: toy}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
seeds: [0, 1]
budget: {batch: 4}
evaluators: [preference]
methods:
"""
TASTE = "  - {column: taste}\n"
TASTEFUL = "  - {method: tasteful}\n"


def plan(folder, text, *sets, limit=None):
    folder.mkdir(exist_ok=True)
    return plan_of(
        read_suite(str(toy.write_suite(folder, HEAD + text)), registry=toy.registry(), sets=sets), toy.registry(), limit
    )


def digests(planned, kind=None):
    return {step.title: step.digest for step in planned.steps if kind in (None, step.kind)}


def kinds(planned):
    return Counter(step.kind for step in planned.steps)


def step_of(planned, title):
    (found,) = [step for step in planned.steps if step.title == title]
    return found


def needs(planned, step):
    by_digest = {s.digest: s.title for s in planned.steps}
    return [by_digest[need] for need in step.needs]


def test_what_a_step_needs_stands_before_it(tmp_path):
    planned = plan(tmp_path, TASTE + TASTEFUL + "  - sft\n  - {method: dpo, init: sft}\n")
    seen = set()
    for step in planned.steps:
        assert set(step.needs) <= seen, step.title
        seen.add(step.digest)


# Columns that learn


def test_a_column_that_learns_is_fitted_once_per_seed_for_all_rows(tmp_path):
    planned = plan(tmp_path, TASTE + TASTEFUL + "  - {method: tasteful, label: more, options: {strength: 2}}\n")
    assert list(digests(planned, "fit")) == ["fit taste, seed 0", "fit taste, seed 1"]
    assert kinds(planned) == {"audit": 1, "model": 1, "fit": 2, "column": 5, "train": 4, "evaluate": 6}
    for seed in (0, 1):
        train = step_of(planned, f"train tasteful, seed {seed}")
        assert needs(planned, train) == ["base model", f"taste column, train split, seed {seed}"]
        column = step_of(planned, f"taste column, train split, seed {seed}")
        assert needs(planned, column) == [f"fit taste, seed {seed}"]


def test_a_row_is_scored_by_the_fit_it_was_trained_with_whatever_its_precision(tmp_path):
    planned = plan(tmp_path, TASTE + TASTEFUL, "training.dtype=bf16")
    assert kinds(planned)["fit"] == 2


def test_a_column_row_is_judged_and_not_trained(tmp_path):
    planned = plan(tmp_path, TASTE)
    assert [(cell.what, cell.seed) for cell in planned.cells] == [("preference", 0), ("preference", 1)]
    evaluate = step_of(planned, "preference of taste, seed 1")
    assert needs(planned, evaluate) == ["base model", "taste column, test split, seed 1"]
    assert "toy" in {origin.plugin for origin in evaluate.plugins.values()}


def test_a_column_that_does_not_learn_is_judged_once(tmp_path):
    planned = plan(tmp_path, "  - {column: reference}\n")
    assert [(cell.what, cell.seed) for cell in planned.cells] == [("preference", None)]
    assert kinds(planned) == {"audit": 1, "model": 1, "column": 1, "evaluate": 1}


def test_a_column_row_that_the_data_cannot_serve_is_skipped_with_that_reason(tmp_path):
    planned = plan(tmp_path, "  - {column: data_reward}\n")
    (cell,) = planned.cells
    assert cell.step is None
    assert "data_reward needs rewards" in cell.reason


def test_limit_reaches_fits(tmp_path):
    whole, trial = plan(tmp_path, TASTEFUL), plan(tmp_path, TASTEFUL, limit=5)
    assert trial.limits == Limits(5)
    assert {step.work.limit for step in trial.steps if step.kind in ("fit", "column", "train")} == {5}
    for kind in ("fit", "column", "train", "evaluate"):
        assert not set(digests(whole, kind).values()) & set(digests(trial, kind).values())
    assert digests(whole, "model") == digests(trial, "model")


def test_several_numbers_of_prompts_fit_and_train_apart(tmp_path):
    planned = plan(tmp_path, TASTE + TASTEFUL + "  - policy: base\n", "budget.prompts=[4, 8]", "seeds=[0]")
    assert kinds(planned) == {"audit": 1, "model": 1, "fit": 2, "column": 5, "train": 2, "evaluate": 5}
    alone = plan(tmp_path, TASTE + TASTEFUL, "budget.prompts=8", "seeds=[0]")
    assert {s.digest for s in alone.steps} <= {s.digest for s in planned.steps}
    assert sorted(planned.inputs.ledgers) == ["test", "train, seed 0, 4 prompts", "train, seed 0, 8 prompts"]


# Identities


def changed(folder, text, *sets):
    """Kinds of steps of which one is another one now."""
    before, after = plan(folder, text), plan(folder, text, *sets)
    known = {s.digest for s in before.steps}
    return {s.kind for s in after.steps if s.digest not in known}


@pytest.mark.parametrize("row", [TASTE, "  - {method: tasteful, options: {reward: taste}}\n"])
def test_a_label_is_no_identity(tmp_path, row):
    name = "taste" if row == TASTE else "tasteful"
    assert changed(tmp_path, row, f"methods.{name}.label=other") == set()


def test_an_option_at_its_default_is_no_identity(tmp_path):
    assert changed(tmp_path, TASTE, "methods.taste.options={scale: 1, words: ''}") == set()
    assert changed(tmp_path, TASTEFUL, "methods.tasteful.options={reward: taste}") == set()
    assert (
        changed(tmp_path, TASTEFUL, "methods.tasteful.options={reward: {column: taste, options: {scale: 1}}}") == set()
    )


def test_an_option_of_a_column_makes_it_and_what_reads_it_anew(tmp_path):
    scaled = "{column: taste, options: {scale: 2}}"
    assert changed(tmp_path, TASTE, f"methods.taste={scaled}") == {"fit", "column", "evaluate"}
    assert changed(tmp_path, TASTEFUL, f"methods.tasteful.options={{reward: {scaled}}}") == {
        "fit",
        "column",
        "train",
        "evaluate",
    }


def test_an_option_of_a_method_leaves_its_column_as_it_is(tmp_path):
    assert changed(tmp_path, TASTEFUL, "methods.tasteful.options={strength: 2}") == {"train", "evaluate"}


def test_the_version_of_a_library_is_identity_where_an_evaluator_or_a_column_names_it(tmp_path, monkeypatch):
    def kinds_made_anew(version):
        before = {s.digest for s in plan(tmp_path, TASTE + TASTEFUL).steps}
        monkeypatch.setattr(provenance, "version", lambda package: version)
        return {s.kind for s in plan(tmp_path, TASTE + TASTEFUL).steps if s.digest not in before}

    monkeypatch.setattr(Preference, "libraries", ())
    assert kinds_made_anew("1.0") == set()
    monkeypatch.setattr(Preference, "libraries", ("scikit-learn",))
    assert kinds_made_anew("1.1") == {"evaluate"}
    monkeypatch.setattr(toy.Taste, "libraries", ("scikit-learn",))
    assert kinds_made_anew("1.2") == {"fit", "column", "train", "evaluate"}


def test_the_content_of_a_named_file_is_identity_and_its_path_is_not(tmp_path):
    row = "  - {method: tasteful, options: {reward: {column: taste, options: {words: words.txt}}}}\n" + TASTE
    found = []
    for folder, content in (("a", "w1"), ("b", "w1"), ("c", "w2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "words.txt").write_text(content)
        found.append(plan(tmp_path / folder, row))
    first, moved, edited = ({s.digest for s in planned.steps} for planned in found)
    assert first == moved
    differing = {s.title for s in found[2].steps if s.digest not in first}
    assert "fit taste, seed 0" in differing
    assert "train tasteful, seed 0" in differing
    assert "preference of taste, seed 0" not in {s.title for s in found[2].steps if s.digest in edited - first}
    assert str(tmp_path) not in json.dumps([s.identity for s in found[0].steps], default=dict)


def test_a_named_file_that_is_not_there_skips_its_row_alone(tmp_path):
    planned = plan(tmp_path, "  - {column: taste, label: lost, options: {words: gone.txt}}\n" + TASTE)
    reasons = {(cell.row, cell.reason) for cell in planned.cells}
    assert reasons == {("taste", ""), ("lost", f"{tmp_path / 'gone.txt'} is neither a file nor a folder")}


def test_two_columns_of_one_name_cannot_be_read_by_one_method(tmp_path, monkeypatch):
    other = toy.Taste(scale=2.0)
    monkeypatch.setattr(toy.Tasteful, "train_columns", lambda self: (self.reward, other))
    with pytest.raises(PluginError, match="row 'tasteful' reads two columns called 'taste'"):
        plan(tmp_path, TASTEFUL)


# init


CHAIN = "  - sft\n  - {method: dpo, init: sft}\n  - {method: dpo, label: further, init: dpo}\n"


def test_a_row_starts_from_the_policy_of_another_at_the_same_seed(tmp_path):
    planned = plan(tmp_path, CHAIN)
    for seed in (0, 1):
        column, other = (s for s in planned.steps if s.title == f"reference column, train split, seed {seed}")
        assert needs(planned, step_of(planned, f"train dpo, seed {seed}")) == [f"train sft, seed {seed}", column.title]
        assert needs(planned, column) == [f"train sft, seed {seed}"]
        assert needs(planned, other) == [f"train dpo, seed {seed}"]
        evaluate = step_of(planned, f"preference of further, seed {seed}")
        assert set(needs(planned, evaluate)) == {
            "base model",
            f"train dpo, seed {seed}",
            f"train further, seed {seed}",
            "reference column, test split",
        }


def test_what_a_row_starts_from_is_identity_and_its_label_is_not(tmp_path):
    before = plan(tmp_path, CHAIN)
    renamed = plan(
        tmp_path, CHAIN.replace("- sft", "- {method: sft, label: start}").replace("init: sft", "init: start")
    )
    assert {s.digest for s in before.steps} == {s.digest for s in renamed.steps}
    other = plan(tmp_path, CHAIN.replace("- sft", "- {method: sft, training: {learning_rate: 2e-3}}"))
    unchanged = {s.title for s in other.steps if s.digest in {s.digest for s in before.steps}}
    assert unchanged == {"audit of the data", "base model"}


def test_to_start_from_the_base_row_is_to_start_from_the_base(tmp_path):
    rows = "  - policy: base\n  - {method: dpo, init: base}\n"
    planned = plan(tmp_path, rows)
    assert {s.digest for s in planned.steps} == {
        s.digest for s in plan(tmp_path, rows.replace(", init: base", "")).steps
    }


def test_adapters_on_adapters_stand_on_the_first_whole_model(tmp_path):
    planned = plan(tmp_path, CHAIN, "training.lora={r: 2}")
    work = step_of(planned, "preference of further, seed 0").work
    base = planned.base
    assert (work.subject.adapter_on, work.reference.adapter_on) == (base, base)


def test_a_whole_model_under_an_adapter_is_needed_with_it(tmp_path):
    rows = (
        "  - sft\n"
        "  - {method: dpo, init: sft, training: {lora: {r: 2}}}\n"
        "  - {method: dpo, label: further, init: dpo, training: {lora: {r: 2}}}\n"
    )
    planned = plan(tmp_path, rows, "seeds=[0]")
    assert "train sft, seed 0" in needs(planned, step_of(planned, "preference of further, seed 0"))


def test_a_row_whose_start_cannot_be_had_is_skipped_with_that_reason(tmp_path):
    (tmp_path / "empty").mkdir()
    planned = plan(
        tmp_path, "  - {policy: ./empty, label: gone}\n  - {method: sft, init: gone}\n  - {method: dpo, init: sft}\n"
    )
    reasons = {cell.row: cell.reason for cell in planned.cells}
    assert "config.json is missing" in reasons["gone"]
    assert reasons["sft"].startswith("it starts from 'gone': ")
    assert "'gone'" in reasons["dpo"] or "'sft'" in reasons["dpo"]
    assert {s.kind for s in planned.steps} == {"audit", "model"}


def test_the_audit_comes_first_and_only_where_rows_are_judged_on_the_test_split(tmp_path):
    planned = plan(tmp_path, "  - dpo\n")
    first = planned.steps[0]
    assert (first.kind, first.digest, first.needs) == ("audit", planned.audit, ())
    assert (first.work.seeds, first.work.train, first.work.limit) == ((0, 1), None, None)
    validated = make(planned.suite, toy.registry(), planned.inputs, planned.limits, "validation")
    assert validated.audit is None
    assert "audit" not in kinds(validated)


def test_an_audit_is_of_the_data_the_tokens_and_the_largest_budget_alone(tmp_path):
    one = plan(tmp_path, "  - dpo\n")
    assert plan(tmp_path, "  - policy: base\n  - {method: sft, training: {learning_rate: 1.0}}\n").audit == one.audit
    for changed in ("seeds=[0]", "tokens.max=30", "data.count=9", "budget.prompts=5"):
        assert plan(tmp_path, "  - dpo\n", changed).audit != one.audit
    several = plan(tmp_path, "  - dpo\n", "budget.prompts=[4, 8]")
    assert several.steps[0].work.train == 8
