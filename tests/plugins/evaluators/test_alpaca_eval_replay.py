import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from harness_plugins.evaluators.alpaca_eval import AlpacaEval, jackknife
from harness_plugins.evaluators.alpaca_eval.replay import NOT_RECORDED, replayed
from respondent import Respondent

import harness
from harness import Comparison, Recorded, user_prompt

SHARED = Path(__file__).parents[4] / "shared" / "data" / "alpaca_eval"
MODELS = ("alpaca-7b", "gpt-3.5-turbo-1106", "gpt4_1106_preview", "phi-2-sft", "vicuna-7b-v1.5")
needs_published = pytest.mark.skipif(not SHARED.is_dir(), reason="AlpacaEval's published files are not here")


@pytest.fixture
def few_groups(monkeypatch):
    """Every group is a refit, and thirty take seconds."""
    monkeypatch.setattr(jackknife, "GROUPS", 3)


def silent(done, total):
    pass


def board():
    path = SHARED / "leaderboards" / "data_AlpacaEval_2__weighted_alpaca_eval_gpt4_turbo_leaderboard.csv"
    with path.open(newline="") as file:
        return {row[""]: row for row in csv.DictReader(file)}


def files(kind, *models):
    return [SHARED / kind / f"{model}.json.gz" for model in models]


@pytest.fixture
def annotations(tmp_path):
    def write(rows, name="annotations.json"):
        """rows: (instruction, reference, answer, preference)."""
        keys = ("instruction", "output_1", "output_2", "preference")
        path = tmp_path / name
        path.write_text(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))
        return path

    return write


@needs_published
@pytest.mark.parametrize("model", MODELS)
def test_published_annotations_give_the_published_win_rate(model):
    (found,) = replayed([Recorded(*files("annotations", model))], length_control=False, tell=silent)
    published = board()[model]
    assert found["unit"] == "fraction"
    assert 100 * found["win_rate"] == pytest.approx(float(published["win_rate"]), abs=1e-9)
    assert 100 * found["standard_error"] == pytest.approx(float(published["standard_error"]), abs=1e-9)
    assert 100 * found["discrete_win_rate"] == pytest.approx(float(published["discrete_win_rate"]), abs=1e-9)
    for key in ("n_wins", "n_wins_base", "n_draws"):
        assert found[key] == int(published[key])
    assert found["n"] == int(published["n_total"])
    assert int(found["mean_output_length"]) == int(published["avg_length"])


@needs_published
def test_models_fitted_together_are_in_the_published_length_controlled_order(few_groups):
    recorded = [Recorded(path) for path in files("annotations", *MODELS)]
    found = replayed(recorded, length_control=True, tell=silent)
    ours = [one["length_controlled"]["win_rate"] for one in found]
    theirs = [float(board()[model]["length_controlled_winrate"]) for model in MODELS]
    assert np.argsort(ours).tolist() == np.argsort(theirs).tolist()
    for one in found:
        if one["model"] != "gpt4_1106_preview":
            low, high = one["length_controlled"]["interval_95"]
            assert low < one["length_controlled"]["win_rate"] < high
            assert "its level cannot" in one["length_controlled"]["about"]


@needs_published
def test_published_outputs_are_those_that_were_judged():
    given = Recorded(*files("annotations", "phi-2-sft"), *files("outputs", "phi-2-sft", "gpt4_1106_preview"))
    (found,) = replayed([given], length_control=False, tell=silent)
    with gzip.open(files("outputs", "phi-2-sft")[0], "rt") as file:
        assert found["mean_output_length"] == pytest.approx(np.mean([len(row["output"]) for row in json.load(file)]))
    other = Recorded(*files("annotations", "phi-2-sft"), *files("outputs", "alpaca-7b"))
    with pytest.raises(harness.DataError, match="holds another output for the instruction"):
        replayed([other], length_control=False, tell=silent)


def test_a_single_verdict_has_no_standard_error(annotations):
    (found,) = replayed([Recorded(annotations([("q", "a", "b", 1.25)]))], length_control=True, tell=silent)
    assert (found["win_rate"], found["standard_error"], found["n"]) == (0.25, None, 1)
    assert found["length_controlled"] is None or found["length_controlled"]["interval_95"] is None


def test_missing_and_repeated_verdicts_are_counted(annotations):
    rows = [("q", "a", "b", 1), ("q", "a", "b", 2), ("r", "a", "b", None)]
    (found,) = replayed([Recorded(annotations(rows))], length_control=False, tell=silent)
    assert (found["n"], found["n_missing"], found["n_repeated"], found["win_rate"]) == (2, 1, 1, 0.5)


def test_length_control_without_texts_asks_for_them(tmp_path):
    path = tmp_path / "bare.json"
    path.write_text(json.dumps([{"preference": 1.5}] * 30))
    with pytest.raises(harness.DataError, match="does not hold the texts") as caught:
        replayed([Recorded(path)], length_control=True, tell=silent)
    assert "--outputs" in caught.value.fix
    assert replayed([Recorded(path)], length_control=False, tell=silent)[0]["n_draws"] == 30


def test_recorded_verdicts_judge_a_policy_that_says_the_same(annotations, tmp_path):
    path = annotations([("why", "short", "a long answer", 1.75), ("who", "nobody knows", "me", 1)])
    says = {"why": ("a long answer", "short"), "who": ("me", "nobody knows"), "how": ("new", "old")}
    found = AlpacaEval(judge="replay", annotations=str(path)).evaluate(Respondent(says, tmp_path))
    figures = {figure.metric.removeprefix("alpaca_eval/"): figure for figure in found.figures}
    assert dict(zip(figures["win_rate"].items, figures["win_rate"].values, strict=True)) == pytest.approx(
        {"e0": 0.75, "e1": 0.0}
    )
    assert found.counted["answers left out for such a verdict"] == 1
    assert found.notes["judge"] == {"kind": "replay", NOT_RECORDED: 2}  # both orders
    assert "position_bias" not in figures  # the file does not tell
    assert "order_decides" not in figures


def test_a_policy_that_says_something_else_is_skipped_with_the_reason(annotations, tmp_path):
    path = annotations([("why", "short", "a long answer", 1.75)])
    subject = Respondent({"why": ("another answer", "short")}, tmp_path)
    with pytest.raises(harness.Unavailable, match="holds no verdict on any of 2 comparisons"):
        AlpacaEval(judge="replay", annotations=str(path)).evaluate(subject)


def test_a_recorded_verdict_counts_for_both_orders(annotations, tmp_path):
    path = annotations([("q", "a", "b", 1.8)])
    judge = AlpacaEval(judge="replay", annotations=str(path))
    asked = [Comparison(user_prompt("q"), "a", "b"), Comparison(user_prompt("q"), "b", "a")]
    found = judge.compare(asked, Respondent({}, tmp_path))
    assert found.preferences == pytest.approx((0.8, 0.2))


def test_the_longer_answer_wins_by_length(tmp_path):
    asked = [Comparison(user_prompt("q"), *pair) for pair in (("a", "bb"), ("aa", "b"), ("a", "b"))]
    assert AlpacaEval(judge="length").compare(asked, Respondent({}, tmp_path)).preferences == (1.0, 0.0, 0.5)


def test_annotations_go_with_replay_alone():
    with pytest.raises(ValueError, match="annotations goes with the judge replay"):
        AlpacaEval(annotations="a.json")


@pytest.mark.parametrize(
    ("options", "lacking"),
    [
        ({"judge": "replay"}, "annotations"),
        ({"judge": "causal"}, "judge_model"),
        ({"judge": "endpoint"}, "endpoint"),
        ({"judge": "endpoint", "endpoint": "http://127.0.0.1:1/v1"}, "endpoint_model"),
    ],
)
def test_a_judge_that_lacks_what_it_is_made_of_names_the_option(options, lacking):
    with pytest.raises(ValueError, match=f"the judge {options['judge']} lacks its {lacking}"):
        AlpacaEval(**options)


def test_other_models_annotations_lend_their_effect_of_length(few_groups, annotations, tmp_path):
    rng = np.random.default_rng(0)
    says = {f"q{i}": ("a" * rng.integers(5, 60), "r" * rng.integers(5, 60)) for i in range(40)}

    def preference(reference, answer, slope):
        return 1 + 1 / (1 + np.exp(slope * (len(reference) - len(answer)) / 20 - 0.5))

    pairs = [("r" * rng.integers(5, 60), "a" * rng.integers(5, 60)) for _ in range(40)]
    rows = [(f"p{i}", *pair, preference(*pair, 3)) for i, pair in enumerate(pairs)]
    own = [(q, r, a, preference(r, a, 1)) for q, (a, r) in says.items()]
    options = {"judge": "replay", "annotations": str(annotations(own, "own.json"))}

    def controlled(**more):
        found = AlpacaEval(**options, **more).evaluate(Respondent(says, tmp_path))
        return next(f for f in found.figures if f.metric == "alpaca_eval/length_controlled_win_rate")

    alone, together = controlled(), controlled(length_control_with=(str(annotations(rows, "other.json")),))
    assert "2 models together" in together.about
    assert together.value != alone.value
    assert together.pseudo
    assert len(set(together.clusters)) > 1
