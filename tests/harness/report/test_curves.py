import json

import boards
import numpy as np
import pytest

from harness.report.curves import ALL_POINTS, LEAST_POINTS, MOST_POINTS, MOST_QUANTITIES, curves
from harness.store import Store


@pytest.fixture
def logged(tmp_path):
    """The curves of a run of one row, whose log at each seed is the given text."""

    def made(*logs, rows=("dpo",)):
        manifest, records = boards.one_metric({label: np.zeros((len(logs), 4)) for label in rows})
        for label in rows:
            for seed, text in enumerate(logs):
                folder = tmp_path / "steps" / f"t {label} {seed}"
                folder.mkdir(parents=True, exist_ok=True)
                if text is not None:
                    (folder / "metrics.jsonl").write_text(text)
        return curves(manifest, records, [Store(tmp_path)], list(rows))

    return made


def lines(*steps):
    return "".join(json.dumps(one) + "\n" for one in steps)


def test_every_quantity_is_kept_and_no_count(logged):
    step = {"loss": 0.7, "gradient_norm": 1.5, "learning_rate": 1e-4, "margin": -0.5}
    counts = {"response_tokens": 9, "sampled_tokens": 3, "measured_tokens": 4, "micro_batches": [2, 1]}
    (curve,) = logged(lines({"step": 1, **step, **counts}, {"step": 2, **step, **counts}))
    assert (curve.row, curve.seed, curve.steps) == ("dpo", 0, (1, 2))
    assert curve.quantities == {name: (value, value) for name, value in step.items()}


def test_a_long_log_is_averaged_over_stretches_that_end_with_its_last_step(logged):
    (curve,) = logged(lines(*({"step": n, "loss": float(n)} for n in range(1, 601))))
    assert len(curve.steps) == MOST_POINTS
    assert curve.steps[:2] == (10, 20)
    assert curve.steps[-1] == 600
    assert curve.quantities["loss"][0] == pytest.approx(np.mean(range(1, 11)))


def test_stretches_cover_every_step_once(logged):
    (curve,) = logged(lines(*({"step": n, "loss": 1.0 if n == 97 else 0.0} for n in range(1, 98))))
    assert sum(value > 0 for value in curve.quantities["loss"]) == 1
    assert curve.quantities["loss"][-1] > 0


def test_what_is_not_finite_is_left_out_of_the_mean_and_a_stretch_without_any_is_none(logged):
    step = '{"step": %d, "loss": %s}\n'
    text = "".join(step % (n, "NaN" if n <= 20 else "null" if n == 21 else "2.0") for n in range(1, 601))
    (curve,) = logged(text)
    assert curve.quantities["loss"] == (None, None, *[2.0] * 58)


def test_a_quantity_that_begins_late_has_none_before(logged):
    (curve,) = logged(lines({"step": 1, "loss": 1.0}, {"step": 2, "loss": 1.0, "kl": 3}))
    assert curve.quantities == {"loss": (1.0, 1.0), "kl": (None, 3.0)}


@pytest.mark.parametrize("value", ["text", True, [1.0], {"a": 1}, 10**400])
def test_what_is_no_number_is_no_quantity(logged, value):
    (curve,) = logged(lines({"step": 1, "loss": 1.0, "odd": value}))
    assert set(curve.quantities) == {"loss"}


def test_numbers_whose_sum_is_no_number_leave_a_gap_and_no_error(logged):
    (curve,) = logged(lines(*({"step": n, "loss": 1.7e308, "kl": 1.0} for n in range(1, 201))))
    assert set(curve.quantities["loss"]) == {None}
    assert set(curve.quantities["kl"]) == {1.0}


def test_a_line_that_was_cut_off_is_left_out(logged):
    (curve,) = logged(lines({"step": 1, "loss": 1.0}, {"step": 2, "loss": 2.0}) + '{"step": 3, "lo')
    assert curve.steps == (1, 2)


def test_broken_lines_between_whole_ones_are_left_out(logged):
    whole = json.dumps({"step": 1, "loss": 1.0})
    (curve,) = logged(f'{whole}\n\x00\n[1]\n"step"\n{{"loss": 3}}\n{{"step": "2", "loss": 3}}\n\n{whole}')
    assert curve.quantities == {"loss": (1.0, 1.0)}


@pytest.mark.parametrize("text", [None, "", "\n", "no json", "[]", '{"step": 1}', '{"step": 1, "loss": null}'])
def test_a_log_without_figures_is_no_curve(logged, text):
    assert logged(text, lines({"step": 1, "loss": 1.0}))[0].seed == 1


def test_a_folder_in_place_of_the_log_is_no_curve(logged, tmp_path):
    (tmp_path / "steps" / "t dpo 0" / "metrics.jsonl").mkdir(parents=True)
    assert logged(None) == ()


def test_rows_stand_in_the_order_of_the_board_with_seeds_ascending(logged):
    found = logged(*[lines({"step": 1, "loss": 1.0})] * 2, rows=("sft", "dpo"))
    assert [(one.row, one.seed) for one in found] == [("sft", 0), ("sft", 1), ("dpo", 0), ("dpo", 1)]


def test_many_trainings_have_fewer_points_each(logged):
    rows = [f"row {n}" for n in range(50)]
    found = logged(*[lines(*({"step": n, "loss": 1.0} for n in range(100)))] * 10, rows=rows)
    assert {len(one.steps) for one in found} == {ALL_POINTS // 500}
    assert ALL_POINTS // 500 > LEAST_POINTS


def test_a_method_that_logs_very_much_is_shown_with_the_first(logged):
    (curve,) = logged(lines({"step": 1, **{f"q{n}": 1.0 for n in range(500)}}))
    assert list(curve.quantities) == [f"q{n}" for n in range(MOST_QUANTITIES)]


@pytest.mark.parametrize("step", [-1, 2**63, 10**26, True, 1.0, "1", None])
def test_a_step_that_is_no_number_of_a_step_is_left_out(logged, step):
    (curve,) = logged(lines({"step": step, "loss": 9.0}, {"step": 2, "loss": 1.0}))
    assert (curve.steps, curve.quantities) == ((2,), {"loss": (1.0,)})
