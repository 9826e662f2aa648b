from harness.baseline_records import Acceptance, AcceptedChange, AcceptedFigure
from harness.render.gate_changes import change_sentence, changes_table


def change(row, before, after, half=None, metric="truth/reward"):
    difference = None if before is None or after is None else after - before
    low, high = (None, None) if half is None else (difference - half, difference + half)
    return AcceptedChange(row=row, metric=metric, before=before, after=after, difference=difference, low=low, high=high)


def acceptance(*changes):
    figures = [
        AcceptedFigure(
            row=row, metric="truth/reward", unit="reward", higher_is_better=True, mean=1.0, ci95=None, per_seed=None
        )
        for row in ("dpo", "sft")
    ]
    return Acceptance(
        accepted="2026-01-01T00:00:00+00:00", message="", commit="", version="1", suite_digest="0", board_digest="0",
        figures=figures, changes=list(changes),
    )  # fmt: skip


def test_every_change_is_a_line():
    changes = (
        change("dpo", 1.0, 1.25, 0.05),
        change("dpo", None, 0.5, metric="a"),
        change("sft", 0.5, None, metric="b"),
    )
    table = changes_table(acceptance(*changes))
    assert [line.cells for line in table.lines] == [
        ("dpo", "truth/reward ↑", "1.000", "1.250", "+0.250 [0.200, 0.300]"),
        ("dpo", "a", "new", "0.500", "–"),
        ("sft", "b", "0.500", "gone", "–"),
    ]
    assert [line.tone for line in table.lines] == ["plain", "plain", "trouble"]


def test_a_row_that_came_or_went_is_one_line():
    changes = (change("sft", None, 1.0), change("gone", 0.5, None), change("gone", 0.5, None, metric="a"))
    table = changes_table(acceptance(*changes))
    assert [line.cells for line in table.lines] == [
        ("sft", "truth/reward", "new", "–", "–"),
        ("gone", "all 2", "–", "gone", "–"),
    ]


def test_no_change_is_no_table():
    assert changes_table(acceptance()) is None


def test_the_sentence_counts_them():
    changes = (change("dpo", 1.0, 1.25), change("new", None, 0.5), change("gone", 0.5, None), change("g", 0.5, None))
    assert change_sentence("core", acceptance(*changes), first=False) == (
        "core: 2 figures of 2 rows are the baseline: 1 changed, 1 new, 2 gone."
    )
    assert change_sentence("core", acceptance(), first=True).endswith("are the baseline, the first one.")
