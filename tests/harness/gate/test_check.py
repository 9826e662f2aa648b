import math

import boards
import gates
import numpy as np
import pytest
from scipy.special import stdtr

from harness.errors import HarnessError, StoreError
from harness.gate.baseline import baseline_of
from harness.gate.check import check
from harness.gate.margins import Margins, Settings
from harness.records import SharedStep
from harness.statistics import P_FLOOR, holm


def figures(found):
    return {(one.row, one.metric): one for one in found.figures}


def test_the_same_run_holds_figure_by_figure():
    run = boards.core()
    found = check(baseline_of(*run), *run, Settings())
    assert (found.verdict, found.exit_code) == ("holds", 0)
    assert (found.losses, found.ledger, found.grown, found.notes) == ((), (), (), ())
    tested = [one for one in found.figures if one.higher_is_better is not None]
    assert found.tests == len(tested) > 50
    assert {(one.drop, one.p, one.holm_p, one.verdict) for one in tested} == {(0.0, 1.0, 1.0, "holds")}


def test_the_same_again_gives_the_same_outcome():
    run = boards.core()
    baseline = baseline_of(*run)
    assert check(baseline, *run, Settings()) == check(baseline, *boards.core(), Settings())


def test_a_drop_is_as_by_hand():
    # 4 seeds each, all items alike: items say nothing, s^2 = 0.02^2 * 5/3, Vs = s^2 / 2, df = 6
    before = np.repeat(np.array([[0.58], [0.60], [0.62], [0.64]]), 10, 1)
    one = gates.only(gates.outcome({"dpo": before}, {"dpo": before[::-1] - 0.1}))
    error = 0.02 * math.sqrt(5 / 3 / 2)
    assert one.drop == pytest.approx(0.1)
    assert one.p == pytest.approx(float(stdtr(6, -0.1 / error)), rel=1e-6)
    assert one.high - one.drop == pytest.approx(2.446912 * error)
    assert one.drop - one.low == pytest.approx(2.446912 * error)
    assert (one.baseline, one.run) == (pytest.approx(0.61), pytest.approx(0.51))
    assert one.verdict == "dropped"
    assert "N=10 items, paired" in one.how
    assert "seeds 0-3; seed spread with df=6" in one.how


@pytest.mark.parametrize("higher", [True, False])
def test_worse_is_a_drop_in_either_direction(higher):
    sign = 1 if higher else -1
    before, worse = gates.table(), gates.table(centre=0.6 - sign * 0.3, draw=1)
    found = gates.outcome({"dpo": before}, {"dpo": worse}, higher=higher)
    assert (found.verdict, found.exit_code, gates.only(found).verdict) == ("regression", 1, "dropped")
    assert gates.only(found).drop == pytest.approx(sign * (before.mean() - worse.mean()))
    better = gates.outcome({"dpo": worse}, {"dpo": before}, higher=higher)
    assert (better.verdict, gates.only(better).verdict) == ("holds", "improved")


def test_a_significant_drop_within_the_margin_holds():
    before = gates.table(sd=0.0001, noise=0.001)
    found = gates.outcome({"dpo": before}, {"dpo": before[::-1] - 0.008}, Settings())
    assert (found.verdict, gates.only(found).verdict) == ("holds", "drop within margin")
    assert gates.only(found).holm_p < 1e-6
    narrow = Settings(margins=Margins.parse(["truth/score=0.005"]))
    assert gates.outcome({"dpo": before}, {"dpo": before[::-1] - 0.008}, narrow).verdict == "regression"


def test_a_large_drop_that_is_not_significant_holds():
    found = gates.outcome({"dpo": gates.table(2, sd=0.1)}, {"dpo": gates.table(2, centre=0.5, sd=0.1, draw=2)})
    assert (found.verdict, gates.only(found).verdict) == ("holds", "holds")
    assert gates.only(found).drop > 0.01
    assert gates.only(found).detectable > gates.only(found).drop


def test_no_direction_is_told_and_not_tested():
    found = gates.outcome({"dpo": gates.table()}, {"dpo": gates.table(centre=0.1, draw=1)}, higher=None)
    one = gates.only(found)
    assert (found.verdict, found.exit_code, found.tests) == ("undetermined", 2, 0)
    assert (one.verdict, one.p, one.holm_p, one.detectable) == ("not tested", None, None, None)
    assert one.drop == pytest.approx(0.5, abs=0.05)
    assert one.low < one.drop < one.high


def test_holm_counts_every_figure_that_was_tested():
    before = {f"row {n}": gates.table(draw=n) for n in range(6)}
    after = {f"row {n}": gates.table(draw=10 + n, centre=0.6 if n else 0.4) for n in range(6)}
    found = gates.outcome(before, after)
    assert found.tests == 6
    p = [one.p for one in found.figures]
    assert [one.holm_p for one in found.figures] == pytest.approx(list(holm(p)))
    assert [one.verdict for one in found.figures] == ["dropped"] + ["holds"] * 5


def test_controls_and_references_are_tested_with_contenders():
    run = boards.core()
    found = figures(check(baseline_of(*run), *run, Settings()))
    assert found["base", "preference/accuracy"].p == 1.0
    assert found["dpo on random labels", "preference/accuracy"].p == 1.0


def test_a_row_without_training_stands_on_items():
    random = np.random.default_rng(0)
    values = random.normal(0.6, 0.2, 50)
    found = gates.only(gates.outcome({"base": values}, {"base": values - random.normal(0.1, 0.05, 50)}))
    assert found.verdict == "dropped"
    assert "nothing is trained" in found.how
    assert found.detectable < 0.05


def test_no_variance_and_a_drop_is_as_clear_as_can_be():
    values = np.full((3, 10), 0.5)
    one = gates.only(gates.outcome({"dpo": values}, {"dpo": values - 0.25}))
    assert (one.p, one.verdict, one.detectable) == (P_FLOOR, "dropped", 0.0)


def test_one_seed_each_is_undetermined_unless_nothing_changed():
    before = gates.table(1)
    found = gates.outcome({"dpo": before}, {"dpo": before - 0.3})
    assert (found.verdict, found.exit_code, found.tests) == ("undetermined", 2, 0)
    assert gates.only(found).verdict == "undetermined"
    assert gates.only(found).drop == pytest.approx(0.3)
    assert "one training seed" in gates.only(found).note
    assert found.notes[0].startswith("no figure could be tested: one training seed")
    same = gates.outcome({"dpo": before}, {"dpo": before})
    assert (same.verdict, gates.only(same).p, gates.only(same).verdict) == ("holds", 1.0, "holds")
    assert gates.only(same).detectable is None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the board's own intervals
@pytest.mark.parametrize("size", [1e150, 1e155, 1e200, 1e300])
def test_values_too_large_to_reckon_with_never_hold(size):
    before = gates.table()
    found = gates.outcome({"dpo": before}, {"dpo": gates.table(draw=1) * size})
    one = gates.only(found)
    assert (found.exit_code, one.verdict, one.p, one.detectable) == (2, "undetermined", None, None)
    assert "too large" in one.note
    assert "too large" in found.notes[0]
    for back in (False, True):
        huge = gates.table() * size
        assert gates.outcome({"dpo": huge}, {"dpo": huge[::-1] if back else huge}).exit_code == (2 if back else 0)


def test_one_seed_on_one_side_borrows_from_the_other():
    one = gates.only(gates.outcome({"dpo": gates.table()}, {"dpo": gates.table(1, centre=0.3, draw=1)}))
    assert one.verdict == "dropped"
    assert "seeds 0-4 against seed 0; seed spread with df=4" in one.how


def test_pooling_holds_where_the_suite_declared_it_and_rows_are_enough():
    def runs(rows):
        made = (
            {f"row {n}": gates.table(3, draw=n) for n in range(rows)},
            {f"row {n}": gates.table(3, draw=90 + n) for n in range(rows)},
        )
        before, after = (gates.pooled(boards.one_metric(tables, unit="nats")) for tables in made)
        return check(baseline_of(*before), *after, gates.EXACT)

    pooled, few = runs(6), runs(4)
    assert all("df=4 and 20, of 6 rows of both runs" in one.how for one in pooled.figures)
    assert pooled.notes == ()
    assert all("df=4, of the row's two runs" in one.how for one in few.figures)
    assert "fewer than 5 rows tell it for truth/score" in few.notes[0]


def test_pooling_is_the_baselines_to_declare_and_can_be_declined():
    before = boards.one_metric({f"row {n}": gates.table(3, draw=n) for n in range(6)})
    after = boards.one_metric({f"row {n}": gates.table(3, draw=90 + n) for n in range(6)})
    undeclared = check(baseline_of(*before), *gates.pooled(after), gates.EXACT)
    declined = check(baseline_of(*gates.pooled(before)), *gates.pooled(after), Settings(seed_spread="own"))
    for found in (undeclared, declined):
        assert all("df=4, of the row's two runs" in one.how for one in found.figures)


def test_controls_keep_their_own_spread_where_others_are_pooled():
    tables = [{f"row {n}": gates.table(3, draw=n + later) for n in range(7)} for later in (0, 50)]
    of_rows = {"row 6": {"control": True}}
    before, after = (gates.pooled(boards.one_metric(one, of_rows=of_rows)) for one in tables)
    found = figures(check(baseline_of(*before), *after, gates.EXACT))
    assert "of 6 rows of both runs" in found["row 5", "truth/score"].how
    assert "of the row's two runs" in found["row 6", "truth/score"].how


def without_values(run):
    manifest, records = run
    stripped = {}
    for name, record in records.items():
        results = record.results
        if results is not None:
            plain = [figure.model_copy(update={"values": None}) for figure in results.figures]
            results = results.model_copy(update={"figures": plain})
        stripped[name] = record.model_copy(update={"results": results})
    return manifest, stripped


def test_figures_without_values_stand_on_their_seeds():
    before, after = (
        boards.one_metric({"dpo": gates.table()}),
        boards.one_metric({"dpo": gates.table(draw=1, centre=0.3)}),
    )
    found = check(baseline_of(*without_values(before)), *without_values(after), gates.EXACT)
    one = gates.only(found)
    assert (found.verdict, one.verdict) == ("regression", "dropped")
    assert one.how.startswith("figures per seed; seeds 0-4; seed spread with df=8")
    assert "no values per item" in one.note


def test_values_on_one_side_alone_are_no_pair():
    before, after = boards.one_metric({"dpo": gates.table()}), boards.one_metric({"dpo": gates.table(draw=1)})
    one = gates.only(check(baseline_of(*before), *without_values(after), gates.EXACT))
    assert one.how.startswith("figures per seed")
    assert one.verdict == "holds"


def test_a_number_alone_is_tested_only_if_it_is_the_same():
    before = without_values(boards.one_metric({"base": np.array([0.5, 0.6])}))
    after = without_values(boards.one_metric({"base": np.array([0.1, 0.2])}))
    found = check(baseline_of(*before), *after, gates.EXACT)
    assert (found.verdict, gates.only(found).verdict) == ("undetermined", "undetermined")
    assert "neither values per item nor training seeds" in gates.only(found).note
    assert check(baseline_of(*before), *before, gates.EXACT).verdict == "holds"


def with_items(run, ids):
    manifest, records = run
    made = {}
    for name, record in records.items():
        results = record.results
        if results is not None:
            results = results.model_copy(update={"item_sets": {"items 0": ids}})
        made[name] = record.model_copy(update={"results": results})
    return manifest, made


def test_common_items_are_paired_and_the_others_are_named():
    table = gates.table(items=10)
    later = with_items(boards.one_metric({"dpo": table}), [f"item {j}" for j in range(8)] + ["new 8", "new 9"])
    found = check(baseline_of(*boards.one_metric({"dpo": table})), *later, gates.EXACT)
    assert found.verdict == "regression"
    assert found.ledger == ("truth/score: 2 of 10 items of the baseline are not in the run, and 2 are new",)
    assert gates.only(found).drop == 0.0
    assert "N=8 items, paired" in gates.only(found).how


def test_no_common_item_is_compared_on_intervals():
    table = gates.table(items=10) + np.linspace(0, 1, 10)  # some items are harder, which only pairing takes out
    later = with_items(boards.one_metric({"dpo": table}), [f"new {j}" for j in range(10)])
    found = check(baseline_of(*boards.one_metric({"dpo": table})), *later, gates.EXACT)
    one = gates.only(found)
    assert one.how.startswith("intervals of either run; seeds 0-4")
    assert "none is common" in one.note
    paired = gates.only(gates.outcome({"dpo": table}, {"dpo": table}))
    assert one.high - one.low > paired.high - paired.low


def test_groups_of_items_take_their_place():
    table = np.repeat(gates.table(items=10), 2, 1)

    def clustered(run):
        manifest, records = run
        made = {}
        for name, record in records.items():
            results = record.results
            if results is not None:
                groups = [f"group {j // 2}" for j in range(20)]
                figures = [figure.model_copy(update={"clusters": "groups"}) for figure in results.figures]
                results = results.model_copy(
                    update={"figures": figures, "item_sets": {**results.item_sets, "groups": groups}}
                )
            made[name] = record.model_copy(update={"results": results})
        return manifest, made

    before, after = clustered(boards.one_metric({"dpo": table})), clustered(boards.one_metric({"dpo": table - 0.5}))
    one = gates.only(check(baseline_of(*before), *after, gates.EXACT))
    assert "N=10 groups of items, paired" in one.how
    assert one.verdict == "dropped"


def test_another_suite_is_no_verdict():
    manifest, records = boards.core()
    with pytest.raises(HarnessError, match="of the suite 'core', these results are of 'other'"):
        check(baseline_of(manifest, records), manifest.model_copy(update={"suite": "other"}), records, Settings())


def test_other_data_are_no_verdict():
    manifest, records = boards.core()
    baseline = baseline_of(manifest.model_copy(update={"as_run": {"data": {"noise": 0.1}}}), records)
    with pytest.raises(HarnessError, match=r"data\.noise: 0\.1 here, 0\.2 there"):
        check(baseline, manifest.model_copy(update={"as_run": {"data": {"noise": 0.2}}}), records, Settings())


def test_a_trial_is_no_verdict():
    manifest, records = boards.core()
    with pytest.raises(HarnessError, match="a trial run cannot be held to a baseline"):
        check(baseline_of(manifest, records), manifest.model_copy(update={"trial": True}), records, Settings())


def test_a_margin_for_a_metric_that_is_not_there_is_no_verdict():
    run = boards.core()
    with pytest.raises(HarnessError, match="no metric 'preference/acuracy'"):
        check(baseline_of(*run), *run, Settings(margins=Margins.parse(["preference/acuracy=0.1"])))


def test_damaged_values_are_no_verdict():
    run = boards.core()
    baseline = baseline_of(*run)
    row, *others = baseline.rows
    figure, *more = row.figures
    figure = figure.model_copy(update={"values": "AAAA"})
    baseline = baseline.model_copy(update={"rows": [row.model_copy(update={"figures": [figure, *more]}), *others]})
    with pytest.raises(StoreError, match=f"base, {figure.metric}: packed values"):
        check(baseline, *run, Settings())


def with_model(run, weights, rows):
    manifest, records = run
    record = boards.training("model").model_copy(update={"kind": "model", "notes": {"weights": weights}})
    shared = [SharedStep(what="base model", digest="model", rows=rows)]
    return manifest.model_copy(update={"shared": shared}), {**records, "model": record}


def test_another_base_model_is_noted_and_its_own_row_not_tested():
    tables = {"base": np.linspace(0, 1, 30), "oracle": np.linspace(0, 1, 30), "dpo": gates.table(items=30)}
    worse = {"base": tables["base"] - 0.5, "oracle": tables["oracle"], "dpo": tables["dpo"]}
    baseline = baseline_of(*with_model(boards.one_metric(tables), "one", ["base", "dpo"]))
    other = check(baseline, *with_model(boards.one_metric(worse), "two", ["base", "dpo"]), gates.EXACT)
    found = {one.row: one for one in other.figures}
    assert other.verdict == "holds"
    assert found["base"].verdict == "not tested"
    assert "made anew with other weights" in found["base"].note
    assert (found["oracle"].verdict, found["dpo"].verdict) == ("holds", "holds")
    assert "the base model was made anew" in other.notes[0]
    same = check(baseline, *with_model(boards.one_metric(worse), "one", ["base", "dpo"]), gates.EXACT)
    assert same.verdict == "regression"
    unknown = check(baseline, *with_model(boards.one_metric(worse), None, ["base", "dpo"]), gates.EXACT)
    assert {one.row: one.verdict for one in unknown.figures}["base"] == "not tested"
    assert "the base model is not known to have the weights that it has in the baseline" in unknown.notes[0]


def test_what_another_base_model_lost_itself_is_let_pass_in_rows_trained_from_it():
    def run(base, dpo, weights):
        table = {"base": np.linspace(0, 1, 30) - base, "dpo": gates.table(items=30) - dpo}
        return with_model(boards.one_metric(table), weights, ["base", "dpo"])

    def dpo_of(run):
        (found,) = [one for one in check(baseline, *run, gates.EXACT).figures if one.row == "dpo"]
        return found

    baseline = baseline_of(*run(0, 0, "one"))
    exact = dpo_of(run(0.5, 0.5, "one"))
    shared, more, better = dpo_of(run(0.5, 0.4, "two")), dpo_of(run(0.5, 1.5, "two")), dpo_of(run(-0.5, 0.5, "two"))
    assert (exact.verdict, exact.margin) == ("dropped", 0.0)
    assert (shared.verdict, shared.margin) == ("drop within margin", pytest.approx(0.5))
    assert "wider by 0.5, which its base model lost itself" in shared.note
    assert (more.verdict, more.margin) == ("dropped", pytest.approx(0.5))
    assert (better.verdict, better.margin) == ("dropped", 0.0)


def test_settings_and_versions_that_changed_are_notes():
    before, after = boards.one_metric({"dpo": gates.table()}), boards.one_metric({"dpo": gates.table()})
    manifest, records = after
    (row,) = manifest.rows
    row = row.model_copy(update={"options": {"beta": 0.2}, "version": "0.2.0"})
    records = {
        name: record.model_copy(
            update={"provenance": record.provenance.model_copy(update={"versions": {"torch": "3.0"}})}
        )
        for name, record in records.items()
    }
    found = check(baseline_of(*before), manifest.model_copy(update={"rows": [row]}), records, Settings())
    assert found.verdict == "holds"
    assert "dpo: options.beta: not stated in the baseline, 0.2 now" in found.notes
    assert 'dpo: version: "0.1.0" in the baseline, "0.2.0" now' in found.notes
    assert "other versions: torch absent in the baseline, 3.0 now" in found.notes
