import json
import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from benchmark import load
from scores import trained, untrained

from harness.statistics import contrast, holm, pool_of

coverage = load("coverage")
known_truth = sys.modules["known_truth"]
Cell = known_truth.Cell

CELLS = [
    Cell("continuous", 3, 100, 0.0, False),
    Cell("continuous", 3, 100, 3.0, False),
    Cell("binary", 5, 100, 1.0, True),
]


@pytest.fixture(scope="module")
def found():
    cells = [*CELLS, *coverage.beyond(CELLS), *coverage.unequal(CELLS)]
    one_row = slice(0, 1)
    return [
        one
        for n, cell in enumerate(cells)
        for one in coverage.measure(cell, 400, n, one_row if cell.ratio != 1 else slice(None))
    ]


def test_a_corner_of_the_grid_keeps_to_its_bands(found):
    missed = [check for check in coverage.checks(found) if not check.ok]
    assert not missed


def test_the_bands_are_not_empty(found):
    """Figures of the item-only interval under the name of own are noticed: in coverage and in false positives."""
    forged = [replace(one, interval="own") for one in found if one.interval == "items only" and one.cell.ratio == 1]
    missed = [check.what for check in coverage.checks(forged) if not check.ok]
    assert any("own, S=3: coverage" in what for what in missed)
    assert any("own, S=3: false positives, mean" in what for what in missed)
    assert any("own, S=3: false positives in the worst" in what for what in missed)


def test_a_wrong_interval_that_passes_is_a_failure(found):
    harmless = [replace(one, coverage=0.95) if one.interval == "items only" else one for one in found]
    assert [check.ok for check in coverage.checks(harmless) if "items only" in check.what] == [False]


def test_a_wide_interval_is_noticed(found):
    wide = [replace(one, width=2.5) if one.interval == "own" else one for one in found]
    assert [c.what for c in coverage.checks(wide) if not c.ok] == [
        "own, S=3: width at most 2.00 of the oracle's",
        "own, S=5: width at most 1.40 of the oracle's",
    ]


@pytest.mark.parametrize("checkpoint", [False, True])
def test_what_is_simulated_is_what_boards_print(checkpoint):
    cell = Cell("binary", 3, 40, 1.0, False, checkpoint=checkpoint)
    (scores,) = known_truth.draw(cell, 2, np.random.default_rng(0))
    made = coverage.intervals(cell, scores)
    for study in range(2):
        rows = [trained(table) for table in scores[study]]
        apart = [trained(table, seeds=(7, 8, 9)) for table in scores[study]]
        baseline = untrained(scores[study, 0, 0]) if checkpoint else rows[0]
        pool = pool_of(rows[1:] if checkpoint else rows)
        for name, parts in made.items():
            if name == "items only":
                continue
            for contender in range(8):
                row = apart[contender + 1] if name == "unshared seeds" else rows[contender + 1]
                spread = "pooled" if name.startswith("pooled") else "own"
                printed = contrast(row, baseline, seed_spread=spread, pool=pool)
                assert printed.formula == name.partition(",")[0]
                for alpha in (0.05, 0.05 / 8):
                    simulated = np.broadcast_to(parts.half(alpha), (2, 8))[study, contender]
                    assert printed.half(alpha) == pytest.approx(simulated, rel=1e-9)


def test_holm_rejects_a_true_family_exactly_if_its_first_step_does():
    cell = Cell("continuous", 3, 30, 3.0, False)
    (scores,) = known_truth.draw(cell, 60, np.random.default_rng(0))
    parts = coverage.intervals(cell, scores)["items only"]
    off = np.abs(scores[:, 1:].mean((2, 3)) - scores[:, :1].mean((2, 3)))
    first = (off >= parts.half(0.05 / 8)).any(1)
    p = 2 * (1 - 0.5 * (1 + np.vectorize(math.erf)(off / np.sqrt(parts.item) / math.sqrt(2))))
    assert [min(holm(row)) <= 0.05 for row in p] == first.tolist()
    assert 0 < first.sum() < 60


def test_the_true_error_of_continuous_scores_is_as_by_hand():
    cell = Cell("continuous", 3, 200, 3.0, True)
    without = 2 * 0.09 / 200 + 2 * 0.25 / 600
    assert known_truth.seed_variance(cell) * 2 * 0.3 == pytest.approx(9 * without)
    assert known_truth.true_errors(cell) == pytest.approx(np.full(8, math.sqrt(without * (1 + 9 / 3))))
    assert known_truth.truth(cell).tolist() == [0.0] * 8


@pytest.mark.parametrize(
    "cell",
    [
        Cell("binary", 3, 50, 3.0, True),
        Cell("binary", 3, 50, 3.0, False, ratio=3.0),
        Cell("binary", 3, 50, 3.0, True, checkpoint=True),
        Cell("continuous", 3, 50, 3.0, True, checkpoint=True),
    ],
)
def test_studies_are_as_their_truth_says(cell):
    differences = np.concatenate(
        [
            scores[:, 1:].mean((2, 3)) - (scores[:, :1, :1] if cell.checkpoint else scores[:, :1]).mean((2, 3))
            for scores in known_truth.draw(cell, 4000, np.random.default_rng(0))
        ]
    )
    errors = known_truth.true_errors(cell)
    assert differences.std(0) == pytest.approx(errors, rel=0.06)
    assert np.abs(differences.mean(0) - known_truth.truth(cell)).max() < 4.5 * errors.max() / math.sqrt(4000)


def test_the_grid_is_the_one_that_was_agreed():
    cells = known_truth.grid()
    assert len(set(cells)) == 64
    assert {c.k for c in cells} == {0, 0.5, 1, 3}
    assert {(c.seeds, c.items) for c in cells} == {(3, 200), (3, 1000), (5, 200), (5, 1000)}


def test_the_command_writes_every_figure_and_fails_where_a_band_is_missed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(coverage, "grid", lambda: CELLS[:2])
    monkeypatch.setattr(coverage, "BANDS", {("own", 3): coverage.Band((0.94, 0.98), 0.5)})
    monkeypatch.setattr(coverage, "outside", lambda found, _: found.interval != "own")
    monkeypatch.setattr(sys, "argv", ["coverage.py", "--replicates", "50", "--json", str(tmp_path / "found.json")])
    assert coverage.main() == 1
    assert "MISSED own, S=3: width at most 0.50" in capsys.readouterr().out
    written = json.loads((tmp_path / "found.json").read_text())
    assert written["passed"] is False
    assert written["settings"]["replicates"] == 50
    assert {"coverage", "coverage_error", "width", "false_positives", "cell"} <= written["cells"][0].keys()
