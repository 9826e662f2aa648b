from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest
import tiny

import harness
from harness.errors import HarnessError
from harness.run import columns as module
from harness.run.column_store import Table
from harness.run.columns import Columns
from harness.run.steps import ColumnRef, ColumnStep, Step
from harness.store import Store

EXAMPLES = [tiny.example(f"w{i % 5}", f"w{i} w1", "w2", f"w{i + 1} w1 w1") for i in range(23)]


@dataclass(frozen=True)
class Words(harness.Column):
    name: ClassVar[str] = "words"
    source: ClassVar[str] = "test"
    asked: list = field(default_factory=list, compare=False)
    short: bool = False

    def compute(self, examples, bench):
        self.asked.append(sum(len(e.responses) for e in examples))
        if bench.progress:
            bench.progress(len(examples), len(examples))
        found = [np.array([len(r.text.split()) for r in e.responses], dtype=np.float32) for e in examples]
        return found[1:] if self.short else found


def held(column, digest="held"):
    work = ColumnStep(ColumnRef(column, "words", None, "fp32"), "train", 0, None)
    return Step("column", {}, digest, (), digest, {}, work)


def made(store, column, *, told=lambda done, total: None, steps=()):
    columns = Columns(steps or [held(column)], store, models=None)
    ref = ColumnRef(column, "words", None, "fp32")
    return columns, ref, columns.table(ref, EXAMPLES, tiny.language_model().encoder, told)


def finish(store, digest, table):
    folder = store.folder(digest)
    folder.mkdir(parents=True)
    table.write(folder)
    (folder / "record.json").write_text("{}")


def test_a_column_of_many_examples_is_computed_part_by_part_to_the_same_table(tmp_path, monkeypatch):
    whole, parts, told = Words(), Words(), []
    _, _, (first, computed) = made(Store(tmp_path), whole)
    monkeypatch.setattr(module, "CHUNK", 4)
    _, _, (second, again) = made(Store(tmp_path), parts, told=lambda done, total: told.append((done, total)))
    assert computed == again == len(first) == len({(e.prompt, r.text) for e in EXAMPLES for r in e.responses})
    assert first.keys.tolist() == second.keys.tolist()
    assert first.values.tolist() == second.values.tolist()
    assert max(parts.asked) <= 12 < max(whole.asked)
    assert sum(parts.asked) == sum(whole.asked) == computed  # nothing twice, whichever part it is in
    assert told == sorted(told)
    assert told[-1] == (23, 23)


def test_what_a_finished_step_holds_is_not_computed_again_and_gives_way_in_memory(tmp_path):
    store, first, later = Store(tmp_path), Words(), Words()
    columns, ref, (table, _) = made(store, first)
    assert len(columns.stored(ref).fresh) == len(table)
    finish(store, "held", table)
    assert columns.stored(ref).fresh == {}
    steps = [held(later), held(later, "another")]
    columns, ref, (_, computed) = made(store, later, steps=steps)
    assert computed == 0
    assert later.asked == []
    encoded = tiny.language_model().encoder.examples(EXAMPLES[:2])
    assert [v.tolist() for v in columns.of(ref, encoded)] == [[2.0, 1.0, 3.0], [2.0, 1.0, 3.0]]
    finish(store, "another", Table.of([], np.empty(0, np.float32)))
    columns.stored(ref)
    assert len(columns.stored(ref).stored) == 2


def test_a_column_that_gives_too_few_numbers_is_told(tmp_path):
    with pytest.raises(HarnessError, match="not one number per response"):
        made(Store(tmp_path), Words(short=True))


def test_a_step_reads_what_it_needs_whatever_else_has_ended_or_was_computed_before(tmp_path):
    store, column = Store(tmp_path), Words()
    ref, encoded = ColumnRef(column, "words", None, "fp32"), tiny.language_model().encoder.examples(EXAMPLES[:2])
    steps = [held(column, name) for name in ("first", "second", "third")]
    for step in steps:
        finish(store, step.digest, Table.of([], np.empty(0, np.float32)))
    columns = Columns(steps, store, models=None)
    trained = Step("train", {}, "trained", ("second",), "trained", {}, None)
    assert [len(columns.stored(ref).stored), columns.begin(trained), len(columns.stored(ref).stored)] == [3, None, 1]
    columns.begin(steps[2])  # its table is made from those before it, in the plan's order
    assert len(columns.stored(ref).stored) == 2
    for _ in range(2):
        columns.begin(trained)
        columns.of(ref, encoded)
    assert column.asked == [6, 6]
