import boards
import gates
import numpy as np
import pytest

from harness.errors import HarnessError, StoreError
from harness.gate.baseline import baseline_of
from harness.gate.check import check
from harness.gate.history import accepted, read_history, write_history

NOW = "2026-02-03T04:05:06+00:00"


def accept(run, old=None, history=None, message="why", commit="abc"):
    new = baseline_of(*run)
    return accepted(history, old, new, *run, message, commit, NOW), new


def test_the_first_acceptance_has_every_figure_and_no_change():
    history, new = accept(boards.core())
    (one,) = history.acceptances
    assert history.suite == "core"
    assert (one.accepted, one.message, one.commit, one.changes) == (NOW, "why", "abc", [])
    assert one.board_digest == new.board_digest
    kept = {(figure.row, figure.metric): figure for figure in one.figures}
    assert len(kept) == sum(len(row.figures) for row in new.rows)
    dpo = next(row for row in new.rows if row.label == "dpo").figures[0]
    assert kept["dpo", dpo.metric].mean == dpo.mean
    assert kept["dpo", dpo.metric].per_seed == dpo.per_seed


def test_the_same_run_changes_nothing():
    history, old = accept(boards.core())
    later, _ = accept(boards.core(), old, history)
    assert [len(one.changes) for one in later.acceptances] == [0, 0]
    assert later.acceptances[0] == history.acceptances[0]


def test_an_acceptance_that_never_became_the_baseline_is_replaced():
    first, old = accept(boards.one_metric({"dpo": gates.table()}))
    run = boards.one_metric({"dpo": gates.table(draw=1)})
    killed, _ = accept(run, old, first, message="killed before its baseline was written")
    again, _ = accept(run, old, killed, message="again")
    assert [one.message for one in again.acceptances] == ["why", "again"]


@pytest.mark.parametrize("higher", [True, False, None])
def test_a_change_is_after_minus_before_with_the_interval_of_the_gate(higher):
    before, after = ({"dpo": gates.table(draw=n)} for n in (0, 1))
    run = boards.one_metric(before, higher=higher)
    history, old = accept(run)
    later = boards.one_metric(after, higher=higher)
    (change,) = accept(later, old, history)[0].acceptances[-1].changes
    assert (change.row, change.metric) == ("dpo", "truth/score")
    assert change.difference == pytest.approx(after["dpo"].mean() - before["dpo"].mean())
    assert change.after - change.before == pytest.approx(change.difference)
    figure = gates.only(check(old, *later, gates.EXACT))
    assert change.high - change.low == pytest.approx(figure.high - figure.low)
    assert change.low < change.difference < change.high


def test_new_and_lost_figures_are_changes():
    both = {"dpo": gates.table(), "rpo": gates.table(draw=1)}
    history, old = accept(boards.one_metric({"dpo": both["dpo"]}))
    added, new = accept(boards.one_metric(both), old, history)
    (change,) = added.acceptances[-1].changes
    assert (change.row, change.before, change.difference) == ("rpo", None, None)
    assert change.after == pytest.approx(both["rpo"].mean())
    removed, _ = accept(boards.one_metric({"dpo": both["dpo"]}), new, added)
    (change,) = removed.acceptances[-1].changes
    assert (change.row, change.after) == ("rpo", None)
    assert len(removed.acceptances) == 3


def test_a_change_that_cannot_be_had_off_has_no_interval():
    before, after = boards.one_metric({"dpo": gates.table(1)}), boards.one_metric({"dpo": gates.table(1, draw=1)})
    history, old = accept(before)
    (change,) = accept(after, old, history)[0].acceptances[-1].changes
    assert change.difference is not None
    assert (change.low, change.high) == (None, None)


def test_other_data_have_no_difference_but_their_settings_are_told():
    (manifest, records), later = (
        boards.one_metric({"dpo": gates.table()}),
        boards.one_metric({"dpo": gates.table(draw=1)}),
    )
    before = manifest.model_copy(update={"as_run": {"data": {"noise": 0.1}}}), records
    after = later[0].model_copy(update={"as_run": {"data": {"noise": 0.2}}}), later[1]
    history, old = accept(before)
    last = accept(after, old, history)[0].acceptances[-1]
    assert last.settings_changed == ["data.noise: 0.1 in the baseline, 0.2 now"]
    assert [(one.difference, one.low) for one in last.changes] == [(None, None)]
    assert last.changes[0].after == pytest.approx(float(np.mean(gates.table(draw=1))))


def test_another_suite_is_refused():
    history, old = accept(boards.core())
    manifest, records = boards.core()
    other = manifest.model_copy(update={"suite": "other"}), records
    with pytest.raises(HarnessError, match="the history is of the suite 'core'"):
        accept(other, None, history)
    with pytest.raises(HarnessError, match="the old baseline is of the suite 'core'"):
        accept(other, old)


def test_a_history_comes_back_from_its_file(tmp_path):
    history, _ = accept(boards.core())
    write_history(history, tmp_path / "core.history.json")
    assert read_history(tmp_path / "core.history.json") == history


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 2}', '{"schema_version": 1}', "\x00"])
def test_a_damaged_history_says_so(tmp_path, text):
    path = tmp_path / "core.history.json"
    path.write_text(text)
    with pytest.raises(StoreError) as caught:
        read_history(path)
    assert caught.value.where == str(path)
    assert caught.value.fix
