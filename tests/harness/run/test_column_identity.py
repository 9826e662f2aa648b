"""What a stored column is the same as: everything its numbers depend on, and nothing else."""

import json
import os

import pytest
import tiny
import toy

from harness.engine import loading
from harness.run import plan as planning
from harness.run.suite_run import plan_of
from harness.suite import read_suite

TEXT = """
data: {source: toy}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
seeds: [0]
budget: {batch: 4}
evaluators: [preference]
model: policy
methods:
  - {method: dpo, label: a row}
"""


@pytest.fixture
def folder(tmp_path):
    loading.save(tiny.language_model(), tmp_path / "policy")
    return tmp_path


def columns(folder, *sets, text=TEXT):
    """Of the reference column: what rows read, and the steps that hold it."""
    suite = read_suite(str(toy.write_suite(folder, text)), registry=toy.registry(), sets=sets)
    steps = [s for s in plan_of(suite, toy.registry(), None).steps if s.kind == "column"]
    return {s.work.column.digest for s in steps}, {s.digest for s in steps}


def apart(folder, before, *sets, text=TEXT):
    """Whether no column of before is taken for one of now."""
    return all(one.isdisjoint(other) for one, other in zip(before, columns(folder, *sets, text=text), strict=True))


@pytest.mark.parametrize(
    "setting", ["tokens.max=9", "tokens.min_prompt=5", "tokens.template=tagged", "training.dtype=bf16"]
)
def test_what_decides_about_tokens_and_precision_is_identity(folder, setting):
    read, held = columns(folder)
    now_read, now_held = columns(folder, setting)
    if setting.startswith("training"):  # held-out responses are scored in float32 whatever a row trains in
        assert len(now_read - read) == 1
        assert len(now_held - held) == 1
    else:
        assert read.isdisjoint(now_read)
        assert held.isdisjoint(now_held)


def test_weights_are_identity_under_an_unchanged_name(folder):
    before = columns(folder)
    loading.save(tiny.language_model(seed=1), folder / "policy")
    assert apart(folder, before)


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_configuration_and_tokenizer_are_identity(folder, file):
    before = columns(folder)
    path = folder / "policy" / file
    path.write_text(json.dumps(json.loads(path.read_text()), indent=7))
    assert apart(folder, before)


def test_a_chat_template_is_identity(folder):
    before = columns(folder)
    (folder / "policy" / "chat_template.jinja").write_text("{{ messages }}")
    assert apart(folder, before)


def test_the_engine_is_identity(folder, monkeypatch):
    before = columns(folder)
    monkeypatch.setattr(planning, "ENGINE", planning.ENGINE + 1)
    assert apart(folder, before)


def test_the_way_of_storing_makes_columns_anew_and_nothing_that_reads_them(folder, monkeypatch):
    read, held = columns(folder)
    monkeypatch.setattr(planning, "LAYOUT", planning.LAYOUT + 1)
    now_read, now_held = columns(folder)
    assert now_read == read
    assert held.isdisjoint(now_held)


def test_the_examples_are_identity_of_what_holds_a_column_and_not_of_what_is_read(folder):
    read, held = columns(folder)
    now_read, now_held = columns(folder, "data.count=10")
    assert now_read == read
    assert held.isdisjoint(now_held)


def test_a_path_a_label_a_batch_and_the_number_of_threads_are_no_identity(folder, monkeypatch):
    before = columns(folder)
    (folder / "policy").rename(folder / "moved")
    monkeypatch.setattr("harness.engine.packed_model.TOKEN_BUDGET", {"cpu": 64})
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", "7")
    assert columns(folder, "budget.batch=2", text=TEXT.replace("policy", "moved").replace("a row", "b")) == before
