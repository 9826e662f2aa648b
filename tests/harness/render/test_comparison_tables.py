import dataclasses

import boards
import numpy as np
import pytest

from harness.board import make_board
from harness.records import StatisticsRecord
from harness.render.comparison_tables import comparison_tables
from harness.render.markdown import markdown
from harness.render.table_csv import csv_text

ITEMS = np.random.default_rng(0).normal(0.5, 0.2, 50)


def table(centre, key, seeds=3):
    drawn = ITEMS + np.random.default_rng(key).normal(0, 0.02, (seeds, 50))
    return drawn - drawn.mean() + centre


TABLES = {
    "base": ITEMS - ITEMS.mean() + 0.5,
    "oracle": ITEMS - ITEMS.mean() + 0.9,
    **{f"row {i}": table(0.5 + 0.02 * i, i) for i in range(5)},
    "row 4 again": table(0.575, 9),
}


def board(**statistics):
    stated = StatisticsRecord(**statistics)
    return make_board(*boards.one_metric(TABLES, again={"row 4 again": "row 4"}, statistics=stated))


def by_row(drawn):
    titles = [column.title for column in drawn.columns]
    return {line.cells[0]: dict(zip(titles, line.cells, strict=True)) for line in drawn.lines}


def test_a_line_tells_verdict_difference_p_what_is_detectable_and_the_noise():
    (drawn,) = comparison_tables(board())
    assert drawn.title == "Against base: truth/score ↑"
    line = by_row(drawn)["row 4"]
    assert line["verdict"] == "better"
    assert line["difference"].startswith("+0.08")
    assert line["A/A"].startswith("-0.005")
    assert 0 < float(line["p"]) < 0.05
    assert float(line["detectable"]) > 0
    assert "●" in list(line.values())[-1]


def test_rows_that_do_not_compete_have_their_p_in_brackets():
    rows = by_row(comparison_tables(board())[0])
    assert rows["oracle"]["p"] == "(< 0.001)"
    assert rows["row 4 again"]["p"].startswith("(")
    assert rows["row 0"]["verdict"] == "not told apart"


def test_the_notes_name_what_is_covered_the_noise_floor_and_each_comparison():
    found = board()
    (drawn,) = comparison_tables(found)
    assert drawn.notes[0].startswith("95 % intervals ")
    assert (
        "for new items like these and a fresh training run: over items (N=50) and training seeds (S=3" in drawn.notes[0]
    )
    assert any(note.startswith("A/A, the noise floor: row 4 again minus row 4") for note in drawn.notes)
    assert any("corrected by Holm over 5 contenders" in note for note in drawn.notes)
    assert set(drawn.notes) >= {one.sentence for one in found.comparisons[0].comparisons}


def test_own_stands_beside_pooled_with_the_ratio_of_spreads_where_that_was_declared():
    (drawn,) = comparison_tables(board(seed_spread="pooled"))
    assert {"difference, pooled", "difference, own"} <= set(by_row(drawn)["row 4"])
    assert any(note.startswith("Pooled intervals take all trained contenders") for note in drawn.notes)
    assert not any("Pooled" in note for note in comparison_tables(board())[0].notes)


def test_the_primary_metric_is_told_in_full_and_the_others_in_numbers():
    found = make_board(*boards.core(items=30))
    first, *others = comparison_tables(found)
    assert first.title == "Against base: truth/win_rate_behaviour ↑"
    (primary,) = (family for family in found.comparisons if family.metric == found.primary_metric)
    assert set(first.notes) >= {one.sentence for one in primary.comparisons}
    assert len(others) == 2
    for table in others:
        assert "●" not in "".join(cell for line in table.lines for cell in line.cells)
        assert not set(table.notes) & set(first.notes)


def test_what_a_reader_must_know_of_a_comparison_stands_below_every_table():
    manifest, records = boards.core(items=30)
    for name, record in records.items():
        if name.startswith("train "):
            kept = 3000 if " dpo " in name else 3072
            dropped = {"no candidate preferred": 72} if kept == 3000 else {}
            ledger = {"read": 3072, "kept": kept, "dropped": dropped}
            records[name] = record.model_copy(update={"notes": {"ledger": ledger}})
    stated = StatisticsRecord(baseline="sft")
    first, *others = comparison_tables(make_board(manifest.model_copy(update={"statistics": stated}), records))
    for table in [first, *others]:
        assert any("trained on other examples than sft (groups " in note for note in table.notes), table.title


def test_rows_that_differ_in_degrees_of_freedom_alone_are_not_listed_one_by_one():
    stated = StatisticsRecord(seed_spread="pooled", baseline="row 0")
    found = make_board(*boards.one_metric(TABLES, statistics=stated))
    (drawn,) = comparison_tables(found)
    degrees = {f"{one.pooled.df:.3g}" for one in found.comparisons[0].comparisons}
    assert len(degrees) == 2
    assert any(f"df={' to '.join(pair)}," in drawn.notes[0] for pair in (sorted(degrees, key=float),))
    assert "(row " not in drawn.notes[0]


def test_it_is_said_where_a_correction_alone_keeps_a_difference_from_being_one():
    found = make_board(*boards.one_metric({"base": ITEMS, **{f"row {i}": table(ITEMS.mean(), i) for i in range(3)}}))
    assert not any("may leave 0 out" in note for note in comparison_tables(found)[0].notes)
    (family,) = found.comparisons
    least = min(one.own.p for one in family.comparisons)
    assert least > 0.05
    close = [dataclasses.replace(one, own=dataclasses.replace(one.own, p=0.03)) for one in family.comparisons]
    changed = dataclasses.replace(found, comparisons=(dataclasses.replace(family, comparisons=tuple(close)),))
    assert any("may leave 0 out where p is above 0.05" in note for note in comparison_tables(changed)[0].notes)


def test_markdown_draws_the_intervals():
    page = markdown(board())
    assert "## Against base: truth/score ↑" in page
    assert "┤" in page


def test_the_csv_has_the_comparison_on_the_line_of_the_metric():
    found = board(seed_spread="pooled")
    header, *lines = (line.split(",") for line in csv_text(found).splitlines())
    rows = {line[0]: dict(zip(header, line, strict=True)) for line in lines}
    one = next(one for one in found.comparisons[0].comparisons if one.row == "row 4")
    line = rows["row 4"]
    assert (line["baseline"], line["verdict"]) == ("base", "better")
    assert (float(line["difference"]), float(line["difference_low"])) == (one.difference, one.pooled.low)
    assert float(line["aa_difference"]) == one.aa_difference
    assert rows["base"]["difference"] == ""


@pytest.mark.parametrize("label", ["a | b", "<img src=x>", "new\nline"])
def test_hostile_labels_stay_on_their_line(label):
    found = make_board(*boards.one_metric({"base": ITEMS, label: table(0.6, 1)}))
    (drawn,) = comparison_tables(found)
    assert all("\n" not in text for text in [*drawn.lines[0].cells, *drawn.notes, drawn.title])
    assert "<img" not in markdown(found).replace("\\<img", "")
