from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.host import Registry
from harness.suite import Suite, read_suite
from harness.training import Budget, Lora, Tokens, Training

Read = Callable[..., Suite]
Refusal = Callable[..., str]

METHODS = "graded, only_pull, only_taught, pull, push, shuffled"

FULL = """\
description: All there is to set.
model: {name: gpt2, revision: main}
tokens: {max: 128, min_prompt: 8, template: plain}
data: {source: dice, noise: 0}
training: {learning_rate: 1e-3, warmup: 0, lora: {r: 4}}
methods:
  - policy: base
  - policy: oracle
    label: the truth
  - pull
  - method: push
    label: harder
    options: {beta: 2}
    training: {learning_rate: 5e-4, lora: {alpha: 8}}
    seeds: [7]
  - {method: push, training: {lora: null}}
evaluators:
  - accuracy
  - {evaluator: accuracy, label: more, options: {draws: 9}}
seeds: [3, 4]
budget: {prompts: 100, epochs: 2, batch: 10}
keep: none
"""


def test_a_suite_is_read_whole(read: Read, kinds: dict[str, Any], registry: Registry) -> None:
    suite = read(FULL)
    assert (suite.name, suite.description, suite.keep) == ("suite", "All there is to set.", "none")
    assert suite.tokens == Tokens(max=128, min_prompt=8, template="plain")
    assert suite.source == kinds["Dice"](noise=0.0)
    assert suite.source_origin == registry.sources.origins["dice"]
    assert (suite.seeds, suite.budgets) == ((3, 4), (Budget(prompts=100, epochs=2, batch=10),))
    assert [(e.label, e.evaluator) for e in suite.evaluators] == [
        ("accuracy", kinds["Accuracy"]()),
        ("more", kinds["Accuracy"](draws=9)),
    ]


def test_rows_stand_in_the_order_written(read: Read, kinds: dict[str, Any], registry: Registry) -> None:
    base, oracle, pull, harder, push = read(FULL).rows
    assert (base.label, base.policy, base.method, base.origin, base.seeds) == ("base", "base", None, None, ())
    assert (oracle.label, oracle.policy) == ("the truth", "oracle")
    assert (pull.method, pull.policy, pull.seeds, pull.options) == (kinds["Pull"](), None, (3, 4), {})
    assert pull.origin == registry.methods.origins["pull"]
    assert (harder.label, harder.method, harder.seeds) == ("harder", kinds["Push"](beta=2.0), (7,))
    assert (push.label, push.options) == ("push", {})


def test_the_training_of_a_row_is_that_of_the_suite_with_its_own_on_top(read: Read) -> None:
    _, _, pull, harder, push = read(FULL).rows
    assert pull.training == Training(learning_rate=1e-3, warmup=0, lora=Lora(r=4))
    assert harder.training == Training(learning_rate=5e-4, warmup=0, lora=Lora(r=4, alpha=8))
    assert push.training == Training(learning_rate=1e-3, warmup=0, lora=None)


def test_what_is_left_out_has_its_default(read: Read, whole: str) -> None:
    suite = read(whole)
    assert (suite.model, suite.tokens, suite.budgets, suite.keep) == (None, Tokens(), (Budget(),), "all")
    assert (suite.seeds, suite.rows[0].training) == ((0, 1, 2), Training())


def test_the_suite_as_run_is_itself_a_suite_that_says_the_same(read: Read, write: Callable[..., Path]) -> None:
    suite = read(FULL + "extends: []\n")
    again = read(yaml.safe_dump(suite.as_run))
    assert again == suite
    rows: Any = suite.as_run["methods"]
    assert rows[2]["options"]["beta"] == 0.1
    assert rows[2]["training"]["learning_rate"] == 1e-3


def test_seeds_of_the_command_line_replace_all(read: Read) -> None:
    suite = read(FULL, seeds=[9])
    assert suite.seeds == (9,)
    assert [row.seeds for row in suite.rows] == [(), (), (9,), (9,), (9,)]


@pytest.mark.parametrize(
    ("seeds", "told"),
    [
        ([1, 1], "--seeds 1,1: seeds should be at least one number, and all distinct, not [1, 1]"),
        ([-1], "--seeds -1: seeds.0 should be greater than or equal to 0, not -1"),
        ([2**32], "--seeds 4294967296: seeds.0 should be less than 4294967296"),
        ([], "--seeds : seeds should be at least one number, and all distinct, not []"),
    ],
)
def test_seeds_that_are_none(refusal: Refusal, whole: str, seeds: list[int], told: str) -> None:
    assert refusal(whole, seeds=seeds).startswith(told)


def test_only_keeps_rows_by_label_in_the_suites_order(read: Read, refusal: Refusal) -> None:
    suite = read(FULL, only=["push", "the truth"])
    assert [row.label for row in suite.rows] == ["the truth", "push"]
    rows: Any = suite.as_run["methods"]
    assert [row["label"] for row in rows] == ["the truth", "push"]
    assert refusal(FULL, only=["pusch"]).startswith("--only pusch: no row is called 'pusch'; did you mean 'push'?")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("metods: []", "unknown key 'metods'; did you mean 'methods'? known: budget, data"),
        ("extend: core", "unknown key 'extend'; did you mean 'extends'?"),
        ("training: {learning_rat: 1}", "unknown key 'learning_rat' in training; did you mean 'learning_rate'?"),
        ("training: {learning_rate: '1e-4'}", 'training.learning_rate should be a number, not "1e-4"'),
        ("training: {learning_rate: 0}", "training.learning_rate should be greater than 0, not 0"),
        ("training: {lora: {rank: 3}}", "unknown key 'rank' in training.lora; known: alpha, dropout, r, targets"),
        ("training: {schedule: cosin}", "training.schedule should be 'cosine', 'linear' or 'constant', not \"cosin\""),
        ("training: null", "training should be a mapping, not null"),
        ("training: [1]", "training should be a mapping, not [1]"),
        ("tokens: {max: 1}", "tokens.max should be greater than or equal to 2, not 1"),
        ("tokens: {max: 1.0}", "tokens.max should be a whole number, not 1.0"),
        ("tokens: {templates: chat}", "unknown key 'templates' in tokens; did you mean 'template'?"),
        ("budget: {prompts: 1_000}", 'budget.prompts should be a whole number, not "1_000"'),
        ("budget: {prompts: 0}", "budget.prompts should be greater than or equal to 1, not 0"),
        ("budget: {prompts: []}", "budget.prompts should be at least one number, and all distinct, not []"),
        ("budget: {prompts: [8, 8]}", "budget.prompts should be at least one number, and all distinct, not [8, 8]"),
        ("budget: {prompts: [8, x]}", 'budget.prompts.1 should be a whole number, not "x"'),
        ("budget: {prompts: [8, null]}", "budget.prompts.1 should be a whole number, not null"),
        ("budget: {batch: true}", "budget.batch should be a whole number, not true"),
        ("budget: {epoch: 2}", "unknown key 'epoch' in budget; did you mean 'epochs'?"),
        ("seeds: 3", "seeds should be a list, not 3"),
        ("seeds: []", "seeds should be at least one number, and all distinct, not []"),
        ("seeds: [0, 0]", "seeds should be at least one number, and all distinct, not [0, 0]"),
        ("seeds: [0, x]", 'seeds.1 should be a whole number, not "x"'),
        ("keep: best", "keep should be 'all' or 'none', not \"best\""),
        ("keep: off", "keep should be 'all' or 'none', not \"off\""),
        ("description: 3", "description should be text, not 3"),
    ],
)
def test_faults_of_form_stand_at_their_line(refusal: Refusal, whole: str, line: str, told: str) -> None:
    assert refusal(f"{whole}\n# a comment\n{line}\n").startswith(f"suite.yaml:6: {told}")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("pul", "no method is called 'pul'; did you mean 'pull'? known: graded, only_pull, "),
        ("base", f"no method is called 'base'; known: {METHODS}\n  fix: write {{policy: base}}"),
        ("3", "methods.1 should be the name of a method, or a mapping with one of `method`, `policy`, "),
        ("{method: push, policy: base}", "methods.1 should be the name of a method, or a mapping with one of"),
        ("{method: push, column: length}", "methods.1 should be the name of a method, or a mapping with one of"),
        ("{label: x}", "'method' is missing in methods.1"),
        ("{method: push, lable: x}", "unknown key 'lable' in methods.1; did you mean 'label'? known: init, label, "),
        ("{policy: base, options: {}}", "unknown key 'options' in methods.1; known: label, policy"),
        ("{policy: base, seeds: [1]}", "unknown key 'seeds' in methods.1; known: label, policy"),
        ("{policy: ''}", "methods.1.policy should hold at least 1 character"),
        ("{method: push, options: [1]}", "methods.1.options should be a mapping, not [1]"),
        ("{method: push, options: {bta: 1}}", "unknown option 'bta' of push; did you mean 'beta'? known: beta"),
        ("{method: push, training: {beta3: 1}}", "unknown key 'beta3' in methods.1.training; did you mean 'beta"),
        ("{method: push, seeds: []}", "methods.1.seeds should be at least one number, and all distinct, not []"),
        ("{method: push, label: ' x'}", "methods.1.label should be 1 to 200 printable characters, with no space at"),
        ("{method: push, label: \"a\\nb\"}", "methods.1.label should be 1 to 200 printable characters"),
        ("{method: push, label: ''}", "methods.1.label should be 1 to 200 printable characters"),
        ("{method: push, label: pull}", "the label 'pull' is taken, by the entry at suite.yaml:4\n  fix: give each a"),
        ("{policy: org/pull}", "the label 'pull' is taken, by the entry at suite.yaml:4"),
    ],
)  # fmt: skip
def test_faults_of_a_row_stand_at_its_line(refusal: Refusal, row: str, told: str) -> None:
    text = f"data: {{source: dice}}\nevaluators: [accuracy]\nmethods:\n  - pull\n  - {row}\n"
    assert refusal(text).startswith(f"suite.yaml:5: {told}")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("acuracy", "no evaluator is called 'acuracy'; did you mean 'accuracy'? known: accuracy"),
        ("accuracy", "the label 'accuracy' is taken, by the entry at suite.yaml:4"),
        (
            "{evaluator: accuracy, label: x, options: {draw: 1}}",
            "unknown option 'draw' of accuracy; did you mean 'draws'?",
        ),
        ("{evaluator: accuracy, options: {draws: x}}", 'draws of accuracy should be a whole number, not "x"'),
        ("{evaluater: accuracy}", "unknown key 'evaluater' in evaluators.1; did you mean 'evaluator'?"),
        ("{evaluator: accuracy, option: {}}", "unknown key 'option' in evaluators.1; did you mean 'options'?"),
        ("[accuracy]", 'evaluators.1 should be a mapping, not ["accuracy"]'),
    ],
)
def test_faults_of_an_evaluator_stand_at_its_line(refusal: Refusal, entry: str, told: str) -> None:
    text = f"data: {{source: dice}}\nmethods: [pull]\nevaluators:\n  - accuracy\n  - {entry}\n"
    assert f"suite.yaml:5: {told}" in refusal(text)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("{source: dise}", "suite.yaml:3: no source is called 'dise'; did you mean 'dice'? known: dice, table"),
        ("{sorce: dice}", "suite.yaml:3: 'source' is missing in data"),
        ("\n  source: dice\n  nosie: 0", "suite.yaml:5: unknown option 'nosie' of dice; did you mean 'noise'?"),
        ("\n  source: dice\n  noise: x", 'suite.yaml:5: noise of dice should be a number, not "x"'),
        ("dice", 'suite.yaml:3: data should be a mapping, not "dice"'),
        ("null", "suite.yaml:1: no data to train on\n  fix: write `data: {source: NAME}`; installed: dice, table"),
    ],
)
def test_faults_of_the_data_stand_at_their_line(refusal: Refusal, data: str, told: str) -> None:
    assert told in refusal(f"methods: [pull]\nevaluators: [accuracy]\ndata: {data}\n")


def test_what_a_suite_needs_is_asked_for_all_at_once(refusal: Refusal) -> None:
    assert refusal("keep: none\nmethods: []\n").splitlines() == [
        "3 things are wrong with the suite",
        "  suite.yaml:1: no data to train on",
        "    fix: write `data: {source: NAME}`; installed: dice, table",
        "  suite.yaml:1: no evaluators, so there is nothing to compare",
        "    fix: list some; installed: accuracy",
        "  suite.yaml:2: no methods, so there is nothing to compare",
        f"    fix: list some; installed: {METHODS}",
    ]


def test_faults_of_form_and_of_options_are_told_together_by_line(refusal: Refusal) -> None:
    text = """\
data: {source: dice, noise: x}
seeds: [a]
methods:
  - {method: push, options: {bta: 1}}
  - {method: push, lable: x}
  - push
evaluators: [acuracy]
seeds: [0]
"""
    lines = refusal(text).splitlines()
    assert [line[: len("  suite.yaml:1")].strip() for line in lines if "suite.yaml" in line[:13]] == [
        f"suite.yaml:{n}" for n in (1, 2, 4, 5, 7, 8)
    ]
    assert lines[0] == "6 things are wrong with the suite"


def test_faults_within_an_alias_stand_where_the_value_was_written(refusal: Refusal) -> None:
    text = "data: {source: dice}\nevaluators: [accuracy]\nmethods:\n  - method: pull\n    options: &o\n      beta: x\n"
    told = refusal(f"{text}  - {{method: push, options: *o}}\n")
    assert 'suite.yaml:6: beta of pull should be a number, not "x"' in told
    assert 'suite.yaml:6: beta of push should be a number, not "x"' in told


def test_a_file_full_of_faults_is_told_in_part(refusal: Refusal, whole: str) -> None:
    lines = refusal(whole + "".join(f"key{n}: 1\n" for n in range(2000))).splitlines()
    assert lines[0] == "2,000 things are wrong with the suite"
    assert lines[-1] == "  and 1,950 more"
    assert len(lines) == 52


def test_a_suite_is_read_by_path_from_anywhere(
    write: Callable[..., Path], registry: Registry, whole: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write(whole, "deep/mine.yaml")
    monkeypatch.chdir(tmp_path.parent)
    assert read_suite(str(path), registry=registry).name == "mine"
    assert read_suite(f"{tmp_path.name}/deep/mine.yaml", registry=registry).name == "mine"
