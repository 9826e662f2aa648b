"""Groups of examples, parts of the pairs, rater shares, and inputs that are hard on `preference`."""

from collections import Counter

import numpy as np
import pytest
from harness_plugins.evaluators.judgements import from_pairs
from harness_plugins.evaluators.preference import Preference
from harness_plugins.sources.world import World
from ranking import LOGPS, SCORES, THREE, example, examples, judge, of
from sklearn.metrics import roc_auc_score

from harness.statistics.grouping import grouped


def test_examples_that_share_a_prompt_are_one_group():
    grouped = examples(of("p", "a"), of("q", "b"), of("p", "c"))
    figures, _ = judge(grouped, SCORES)
    for name in ("accuracy", "auc_within", "margin", "ranking_accuracy"):
        first, second, third = figures[name].clusters or ()
        assert first == third != second, name
        assert figures[name].items == ("a", "b", "c")
    alone, _ = judge(THREE, SCORES)
    assert all(figure.clusters is None for figure in alone.values())


def test_the_two_held_out_pairs_of_a_prompt_of_the_world_are_one_group():
    held_out = World().examples("test", 0)
    groups = from_pairs(held_out).groups or ()
    assert sorted(Counter(groups).values()) == [2] * 320
    assert all(e.prompt == held_out[groups.index(g)].prompt for e, g in zip(held_out, groups, strict=True))


def test_an_auc_is_jackknifed_over_whole_prompts():
    told = examples(of("p", "a"), of("q", "b"), of("p", "c"), of("r", "d"))
    figures, _ = judge(told, SCORES | {"d": [4, 2]})
    auc = figures["auc"]
    assert auc.value == pytest.approx(roc_auc_score([1, 1, 1, 1, 0, 0, 0, 0], [2, 0, 1, 4, 1, 0, 3, 2]))
    assert (auc.items, auc.clusters, auc.pseudo) == (("a", "b", "c", "d"), figures["accuracy"].clusters, True)
    without_p = roc_auc_score([1, 1, 0, 0], [0, 4, 0, 2])
    without_q = roc_auc_score([1, 1, 1, 0, 0, 0], [2, 1, 4, 1, 3, 2])
    without_r = roc_auc_score([1, 1, 1, 0, 0, 0], [2, 0, 1, 1, 0, 3])
    pseudo = [3 * auc.value - 2 * w for w in (without_p, without_q, without_r)]
    assert grouped(np.array(auc.values), auc.clusters) == pytest.approx(pseudo)
    assert np.mean(auc.values) == pytest.approx(np.mean(pseudo))
    margins = np.array([1.0, 0.0, -2.0, 2.0])
    without = [margins[kept].std(ddof=1) for kept in ([1, 3], [0, 2, 3], [0, 1, 2])]
    spread = figures["margin_sd"]
    expected = [3 * margins.std(ddof=1) - 2 * w for w in without]
    assert grouped(np.array(spread.values), spread.clusters) == pytest.approx(expected)


def test_groups_of_one_size_stand_under_each_of_their_items():
    told = examples(of("p", "a"), of("q", "b"), of("p", "c"), of("q", "d"), of("r", "e"), of("r", "f"))
    figures, _ = judge(told, SCORES | {"d": [4, 2], "e": [1, 5], "f": [2, 0]})
    a, b, c, d, e, f = figures["auc"].values or ()
    assert (a, b, e) == (c, d, f)


def test_the_accuracy_is_broken_down_where_the_data_tell_more():
    told = examples(
        of("p", "a", texts=("longer", "short"), sources=("human", "model"), subset="easy"),
        of("q", "b", texts=("long", "longest"), sources=("model", "human"), subset="easy"),
        of("r", "c", texts=("longer", "short"), sources=("model", "human"), subset="hard"),
    )
    figures, counted = judge(told, SCORES, LOGPS, evaluator=Preference(least=1))
    parts = {name: f for name, f in figures.items() if f.subset}
    accuracy = {f.subset: (f.items, f.values) for name, f in parts.items() if name.startswith("accuracy[")}
    assert accuracy == {
        "source: human over model": (("a",), (1.0,)),
        "source: model over human": (("b", "c"), (0.5, 0.0)),
        "length: chosen longer": (("a", "c"), (1.0, 0.0)),
        "length: chosen shorter": (("b",), (0.5,)),
        "length quartile 1": (("b",), (0.5,)),
        "length quartile 2": (("a", "c"), (1.0, 0.0)),
        "subset: easy": (("a", "b"), (1.0, 0.5)),
        "subset: hard": (("c",), (0.0,)),
    }
    assert {name.split("[")[0] for name in parts} == {"accuracy", "accuracy_logp"}
    assert (
        "Only pairs whose chosen response has more characters than the rejected one."
        in figures["accuracy[length: chosen longer]"].about
    )
    assert not any("left out" in what for what in counted)


def test_small_subsets_are_left_out_and_counted():
    figures, counted = judge(THREE, SCORES, evaluator=Preference(least=2))
    assert not any(f.subset for f in figures.values())  # all are of one length, which is no part
    told = examples(*(of(n, n, subset=n) for n in "abc"))
    _, counted = judge(told, SCORES, evaluator=Preference(least=2))
    assert counted["subsets of fewer than 2 pairs, left out"] == 3


def test_no_subsets_where_none_are_asked_for():
    told = examples(*(of(n, n, subset=n) for n in "abc"))
    figures, _ = judge(told, SCORES, evaluator=Preference(subsets=(), least=1))
    assert not any(f.subset for f in figures.values())


def test_subsets_keep_the_groups_of_their_items():
    told = examples(of("p", "a", subset="x"), of("p", "b", subset="x"), of("q", "c", subset="y"))
    figures, _ = judge(told, SCORES, evaluator=Preference(least=1))
    first, second = figures["accuracy[subset: x]"].clusters or ()
    assert first == second
    assert figures["accuracy[subset: y]"].clusters is None


def test_the_idealised_accuracy_is_that_of_the_optimum():
    told = examples(
        of("a", "a", share=0.75), of("b", "b", share=0.75), of("c", "c", share=0.5), of("d", "d", share=1.0)
    )
    # log(a / (1 - a)) is 1.0986 and 6.9068: over beta 0.5, 2.197 and 13.81, against margins of -2, -3 and -20
    reference = {"a": [-4, -2], "b": [-6, -3], "c": [0, 0], "d": [-30, -10]}
    scores = SCORES | {"d": [1, 2]}
    figures, counted = judge(told, scores, reference_of=reference, evaluator=Preference(betas=(0.5, 2.0)))
    figure = figures["idealised_accuracy_0.5"]
    assert figure.items == ("a", "b", "d")
    assert figure.values == (1.0, 0.0, 0.0)
    assert figures["idealised_accuracy_2"].values == (0.0, 0.0, 0.0)
    assert figure.higher_is_better is None
    assert "beta 0.5" in figure.about
    assert counted["pairs whose raters were split in halves"] == 1
    limit, _ = judge(told, scores, reference_of=reference, evaluator=Preference(betas=(0.5,), share_floor=0.0))
    assert limit["idealised_accuracy_0.5"].values == (1.0, 0.0, 1.0)


def test_without_rater_shares_nothing_is_idealised():
    figures, counted = judge(THREE, SCORES)
    assert not any(name.startswith("idealised") for name in figures)
    halves, counted = judge(examples(of("a", "a", share=0.5)), SCORES, reference_of={"a": [0, 0]})
    assert not any(name.startswith("idealised") for name in halves)
    assert counted["pairs whose raters were split in halves"] == 1
    some, counted = judge(
        examples(of("a", "a", share=0.9), of("b", "b")), SCORES, reference_of={"a": [0, 0], "b": [0, 0]}
    )
    assert some["idealised_accuracy_0.1"].items == ("a",)
    assert counted["pairs without a rater share"] == 1


def test_scores_that_are_all_equal_rank_nothing():
    flat = {name: [0, 0] for name in "abc"}
    figures, counted = judge(THREE, flat)
    assert figures["accuracy"].values == (0.5, 0.5, 0.5)
    assert figures["auc"].value == 0.5 == figures["auc_within"].value
    assert figures["auc"].values == pytest.approx((0.5, 0.5, 0.5))
    assert figures["margin_sd"].value == 0
    assert counted["pairs tied under the row's own score"] == 3


def test_ten_thousand_candidates_are_judged_by_a_fixed_part_of_their_pairs():
    count = 10_000
    many = examples(example("a", count, (), rewards=[float(i) for i in range(count)]))
    noise = np.random.default_rng(0).normal(scale=1000, size=count)
    figures, counted = judge(many, {"a": np.arange(count) + noise})
    assert counted["pairs"] == 10_000
    assert counted["candidate pairs not drawn"] == count * (count - 1) // 2 - 10_000
    order = np.argsort(np.argsort(np.arange(count) + noise))
    inversions = sum(int((order[i + 1 :] < order[i]).sum()) for i in range(count))
    assert figures["accuracy"].value == pytest.approx(1 - inversions / (count * (count - 1) / 2), abs=0.01)
    again, _ = judge(many, {"a": np.arange(count) + noise})
    assert again["accuracy"].value == figures["accuracy"].value


@pytest.mark.parametrize(
    "options",
    [
        {"least": 0},
        {"prompt_clusters": 1},
        {"prompt_clusters": 25},
        {"prompt_clusters": -2},
        {"betas": (0.1, 0.0)},
        {"betas": (0.1, 0.1)},
        {"share_floor": 0.5},
        {"share_floor": -0.1},
        {"most_pairs": 0},
    ],
)
def test_options_outside_their_range_are_refused(options):
    (option,) = options
    with pytest.raises(ValueError, match=option):
        Preference(**options)
