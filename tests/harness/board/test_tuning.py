import math

import pytest

from harness.board.tuning import best_so_far, edge_of, tuning
from harness.render.tuning_table import milestones, sparkline, tuning_table
from harness.study_records import Circumstances, Design, RowSettings, StudiesRecord, StudyRecord, TrialRecord

LOG = {"low": 0.01, "high": 1.0, "log": True, "source": "our choice"}
OWN = RowSettings(method="dpo", options={}, training={}, init=None)


def study(*values, row="dpo", planned=None, best=None, betas=None, higher=True):
    betas = betas or [0.1] * len(values)
    trials = [
        TrialRecord(
            number=number,
            settings={"beta": beta},
            state="failed" if value is None else "done",
            value=value,
            reason="it broke" if value is None else "",
            digest=str(number),
        )
        for number, (value, beta) in enumerate(zip(values, betas, strict=True))
    ]
    return StudyRecord(
        row=row,
        space={"beta": LOG},
        budget={},
        higher_is_better=higher,
        trials=trials,
        planned=planned or len(values),
        best=best,
        own=OWN,
        chosen=OWN if best is not None else None,
    )


def record(*studies):
    design = Design(
        trials=4, metric="a/b", split="validation", seed=0, training_seed=10_000, sampler="TPE", library="optuna 0"
    )
    around = Circumstances(data={}, model={}, tokens={})
    return StudiesRecord(
        suite="one", suite_digest="0", limit=None, design=design, circumstances=around, studies=list(studies)
    )


def test_the_best_so_far_never_gets_worse():
    assert best_so_far([None, 0.2, 0.1, 0.3, None], higher_is_better=True) == (None, 0.2, 0.2, 0.3, 0.3)
    assert best_so_far([0.2, 0.3, 0.1], higher_is_better=False) == (0.2, 0.2, 0.1)


@pytest.mark.parametrize(
    ("value", "edge"), [(0.01, "low"), (0.0125, "low"), (0.013, None), (0.1, None), (0.75, None), (0.8, "high")]
)
def test_the_edge_of_a_range_is_on_the_scale_of_its_search(value, edge):
    assert edge_of(LOG, value) == edge
    assert edge_of({"choices": [1, 2]}, 1) is None


def test_a_board_without_a_study_has_no_table():
    assert tuning(None) is None
    assert tuning_table(None) is None


@pytest.mark.parametrize(("trials", "marks"), [(0, []), (1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_the_curve_is_told_at_powers_of_two(trials, marks):
    assert milestones(trials) == marks


def test_bars_rise_from_the_least_to_the_most():
    assert sparkline([None, 0.0, 0.5, 1.0]) == " ▁▅█"
    assert sparkline([0.3, 0.3]) == "▁▁"
    assert sparkline([None]) == ""


def test_the_table_tells_what_was_chosen_and_what_to_beware_of():
    made = tuning(
        record(
            study(0.0, 0.5, None, 1.0, best=3, betas=[0.1, 0.2, 0.3, 0.99]),
            study(0.5, 0.4, 0.3, 0.2, row="sft", best=0),
            study(None, None, None, None, row="rpo"),
            study(0.5, row="late", planned=4, best=0),
        )
    )
    table = tuning_table(made)
    cells = {line.cells[0]: line.cells[1:] for line in table.lines}
    assert [column.title for column in table.columns][1:4] == ["as it was", "best of 2", "best of 4"]
    assert cells["dpo"] == ("0.0000", "0.5000", "1.0000", "▁▅▅█", "trial 4 of 4", "beta 0.99")
    assert cells["sft"][-2] == "as it was"
    assert cells["rpo"][-2:] == ("–", "–")
    assert cells["late"][1:] == ("–", "–", "▁", "1 of 4 done", "beta 0.1")
    assert any("dpo: beta is at the edge of its range, near the upper bound" in note for note in table.notes)
    assert "dpo: trial 3 has no value (failed: it broke)." in table.notes
    assert math.isclose(made.studies[0].best_so_far[-1], 1.0)
