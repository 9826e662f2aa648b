import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from benchmark import load

from harness.gate.baseline import baseline_of
from harness.gate.check import check
from harness.gate.margins import Margins, Settings
from harness.gate.power import detectable
from harness.statistics import ItemPart, Parts

gate = load("gate")
Kind = gate.Kind

KINDS = [
    Kind("continuous", 5, 1.0, "own", 60),
    Kind("binary", 5, 0.0, "own", 60),
    Kind("continuous", 3, 3.0, "all", 60),
]


@pytest.fixture(scope="module")
def found():
    return [one for number, kind in enumerate(KINDS) for one in gate.measure(kind, 20, number)]


def test_a_corner_keeps_to_the_bar(found):
    assert not [check for check in gate.checks(found) if not check.ok]


def test_a_test_that_forgets_seeds_is_noticed(monkeypatch):
    monkeypatch.setattr(gate, "formulas", lambda a, b: {"own": forgetful(a, b)})
    found = gate.measure(Kind("continuous", 5, 3.0, "own", 60), 40, 0)
    assert [check.what for check in gate.checks(found) if not check.ok] == [
        "own, S=5: false alarms, all kinds together, at most 11.9%",
        "own, S=5: false alarms, worst kind, at most 11.9%",
        "own, S=5: a drop of the size printed is found, at least 75%",
    ]


def forgetful(a, b):
    items = (a.mean(-2) - b.mean(-2)).var(-1, ddof=1) / a.shape[-1]
    return Parts(np.zeros_like(items), np.asarray(1.0), (ItemPart(items, np.asarray(a.shape[-1] - 1.0)),))


def test_drops_that_are_found_too_seldom_are_noticed(found):
    for field, what in (("caught", "the size printed"), ("caught_fresh", "the size printed"), ("caught_twice", "twice"),
                        ("caught_fresh_twice", "twice")):  # fmt: skip
        poor = [replace(one, **{field: 0.7}) for one in found if one.kind.seeds == 5 and one.formula == "own"]
        missed = [check.what for check in gate.checks(poor) if not check.ok]
        assert len(missed) == 1
        assert what in missed[0]


def test_few_seeds_are_not_held_to_power_and_other_formulas_to_nothing(found):
    poor = [replace(one, caught=0.0) for one in found if one.kind.seeds == 3]
    assert all(check.ok for check in gate.checks(poor))
    loud = [replace(one, false_alarms=1.0) for one in found if one.formula == "seed by seed"]
    assert gate.checks(loud) == []


@pytest.mark.parametrize("pooled", [False, True])
def test_what_is_simulated_is_what_the_gate_does(pooled):
    ((a, b),) = gate.pairs(Kind("continuous", 3, 1.0, "run", 30), 1, np.random.default_rng(0))
    manifest, records = gate.run_of(a[0], "continuous")
    if pooled:
        manifest = manifest.model_copy(update={"as_run": {"statistics": {"seed_spread": "pooled"}}})
    exact = Settings(margins=Margins(fraction=0.0, share=0.0))
    later = gate.run_of(b[0], "continuous")[0].model_copy(update={"as_run": manifest.as_run})
    outcome = check(baseline_of(manifest, records), later, gate.run_of(b[0], "continuous")[1], exact)
    parts = gate.formulas(a, b)["pooled" if pooled else "own"]
    half = np.broadcast_to(parts.half(0.05), (1, gate.METRICS, gate.ROWS))[0]
    flat = gate.part_of(parts, (1, gate.METRICS, gate.ROWS), gate.METRICS)
    least = detectable(flat, level=0.05 / gate.FAMILY, margin=np.zeros(gate.FAMILY)).reshape(gate.METRICS, gate.ROWS)
    drop = (a.mean((-1, -2)) - b.mean((-1, -2)))[0]
    assert outcome.tests == len(outcome.figures) == gate.FAMILY
    for one in outcome.figures:
        place = int(one.metric.removeprefix("known/")), int(one.row.removeprefix("row "))
        assert one.drop == pytest.approx(drop[place])
        assert one.high - one.drop == pytest.approx(half[place])
        assert one.detectable == pytest.approx(least[place])


def test_a_planted_drop_is_in_one_figure_alone():
    ((_, b),) = gate.pairs(KINDS[1], 1, np.random.default_rng(0))
    made = gate.planted(b[0], (3, 2), 0.1, "binary", np.random.default_rng(1))
    assert made[3, 2].mean() == pytest.approx(b[0, 3, 2].mean() - 0.1, abs=0.05)
    made[3, 2] = b[0, 3, 2]
    assert (made == b[0]).all()


def test_pairs_share_the_luck_that_they_are_said_to():
    def correlation(luck, one, other):
        kind = Kind("continuous", 5, 15.0, luck, 2)
        ((a, b),) = gate.pairs(kind, 60, np.random.default_rng(0))
        a, b = a.mean(-1), b.mean(-1)
        pairs = {"runs": (a[:, :, 0], b[:, :, 0]), "rows": (a[:, :, 0], a[:, :, 1]), "both": (a[:, :, 0], b[:, :, 1])}
        return float(np.corrcoef(pairs[one][0].ravel(), pairs[one][1].ravel())[0, 1]), other

    expected = {"own": (0, 0, 0), "row": (0.7, 0, 0), "run": (0, 0.7, 0), "all": (0.7, 0.7, 0.7)}
    for luck, shares in expected.items():
        for what, share in zip(("runs", "rows", "both"), shares, strict=True):
            assert correlation(luck, what, share)[0] == pytest.approx(share, abs=0.08)


def test_the_command_goes_the_whole_way_and_fails_where_the_bar_is_missed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gate, "kinds", lambda: KINDS[:1])
    monkeypatch.setattr(gate, "WHOLE", (replace(KINDS[1], items=20),))
    monkeypatch.setattr(gate, "CAUGHT_TWICE", 1.01)
    arguments = ["gate.py", "--replicates", "8", "--whole", "2", "--json", str(tmp_path / "found.json")]
    monkeypatch.setattr(sys, "argv", arguments)
    assert gate.main() == 1
    assert "MISSED own, S=5: twice that" in capsys.readouterr().out
    written = json.loads((tmp_path / "found.json").read_text())
    assert written["passed"] is False
    assert [(one["formula"], one["whole"], one["pairs"]) for one in written["kinds"]] == [
        ("own", False, 8), ("pooled", False, 8), ("seed by seed", False, 8), ("own", True, 2),
    ]  # fmt: skip
