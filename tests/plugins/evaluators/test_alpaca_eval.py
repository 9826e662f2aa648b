import gzip
import json
import logging
import math
import os
from pathlib import Path

import numpy as np
import pytest
from harness_plugins.evaluators.alpaca_eval import AlpacaEval
from harness_plugins.evaluators.alpaca_eval.annotate import annotate
from harness_plugins.evaluators.alpaca_eval.figures import winrate
from harness_plugins.evaluators.alpaca_eval.library import configurations
from harness_plugins.evaluators.alpaca_eval.local_judges import by_source, said_by_chance
from harness_plugins.evaluators.alpaca_eval.questions import from_file, outputs
from harness_plugins.evaluators.alpaca_eval.template import DEFAULT
from judging import CausalJudge
from respondent import LongerWins, Respondent

import harness
from harness import Comparison, Example, ExampleSet, Pair, Response, user_prompt

SAYS = {
    "why": ("a long answer", "short"),  # the judge prefers the answer
    "who": ("me", "nobody knows"),  # the reference
    "how": ("the same", "the same"),  # neither
    "when": ("cut", "yes"),  # neither is longer
}
PUBLISHED = Path(__file__).parents[4] / "shared" / "data" / "alpaca_eval"


def evaluate(subject, **options):
    found = AlpacaEval(**options).evaluate(subject)
    return {figure.metric.removeprefix("alpaca_eval/"): figure for figure in found.figures}, found


def by_item(figure):
    return dict(zip(figure.items, figure.values, strict=True))


def test_each_pair_is_judged_in_both_orders(tmp_path):
    judge = LongerWins()
    figures, found = evaluate(Respondent(SAYS, tmp_path, judge))
    assert by_item(figures["win_rate"]) == {"e0": 1.0, "e1": 0.0, "e2": 0.5, "e3": 0.5}
    assert figures["win_rate"].value == 0.5
    assert figures["win_rate"].standard_error == pytest.approx(np.std([1, 0, 0.5, 0.5], ddof=1) / 2)
    asked = {(c.prompt[0].content, c.first, c.second) for c in judge.asked}
    assert ("who", "me", "nobody knows") in asked
    assert ("who", "nobody knows", "me") in asked
    assert found.notes["winrate"]["win_rate"] == 50.0
    assert found.notes["winrate"]["n_draws"] == 2
    assert "length_controlled_win_rate" not in figures
    assert found.counted["answers without length control: fewer than 20, or all equally long"] == 4


def test_a_judge_that_likes_what_it_sees_first_is_noticed_and_cancelled(tmp_path):
    fair, _ = evaluate(Respondent(SAYS, tmp_path, LongerWins()))
    biased, _ = evaluate(Respondent(SAYS, tmp_path, LongerWins(first=0.2)))
    # "when": both orders say the first is preferred, surely: 1/2 in the mean
    assert by_item(fair["position_bias"]) == pytest.approx({"e0": 0.0, "e1": 0.0, "e3": 0.5})
    assert by_item(biased["position_bias"]) == pytest.approx({"e0": 0.1, "e1": 0.1, "e3": 0.5})
    assert by_item(biased["win_rate"]) == pytest.approx({"e0": 0.9, "e1": 0.1, "e2": 0.5, "e3": 0.5})


def test_equal_texts_are_half_and_nobody_is_asked(tmp_path):
    judge = LongerWins()
    figures, found = evaluate(Respondent({"a": ("x", "x"), "b": ("y", "y")}, tmp_path, judge))
    assert judge.asked == []
    assert figures["win_rate"].values == (0.5, 0.5)
    assert "position_bias" not in figures
    assert found.counted["answers equal to the reference"] == 2


def test_the_same_comparison_is_asked_once():
    asked = []

    def complete(comparisons):
        asked.extend(comparisons)
        return by_source(LongerWins(), comparisons)

    twice = [Comparison(user_prompt("p"), "a", "bb")] * 2 + [Comparison(user_prompt("q"), "a", "bb")]
    assert annotate(twice, DEFAULT, complete) == [2.0, 2.0, 2.0]
    assert asked == [twice[0], twice[2]]


def test_verdicts_that_cannot_be_read_are_counted_and_left_out(tmp_path):
    class Silent(LongerWins):
        def preferences(self, comparisons):
            found = super().preferences(comparisons)
            return [math.nan if c.first == "me" else p for c, p in zip(comparisons, found, strict=True)]

    figures, found = evaluate(Respondent(SAYS, tmp_path, Silent()))
    assert set(figures["win_rate"].items) == {"e0", "e2", "e3"}
    assert found.counted["verdicts that could not be read"] == 1
    assert found.counted["answers left out for such a verdict"] == 1
    assert found.counted["answers judged"] == 3
    assert len(found.generations) == 4


def test_no_readable_verdict_at_all_is_an_error(tmp_path):
    class Silent:
        def preferences(self, comparisons):
            return [math.nan] * len(comparisons)

    with pytest.raises(harness.HarnessError, match="not one of 2 verdicts of the source's judge could be read"):
        evaluate(Respondent({"a": ("x", "y")}, tmp_path, Silent()))


def test_a_verdict_outside_0_to_1_is_an_error():
    class Wild:
        def preferences(self, comparisons):
            return [1.5] * len(comparisons)

    with pytest.raises(harness.HarnessError, match=r"1\.5, which is no probability"):
        by_source(Wild(), [Comparison(user_prompt("p"), "a", "b")])


@pytest.mark.parametrize("chance", [0.0, 1e-9, 0.3, 0.5, 1.0])
def test_a_chance_passes_the_parser_unchanged(chance):
    comparison = Comparison(user_prompt("p"), "a", "b")
    (preference,) = annotate([comparison], DEFAULT, lambda asked: [said_by_chance(chance)])
    assert preference == pytest.approx(1 + chance, abs=1e-12)


def test_answers_are_kept_and_their_length_is_a_figure(tmp_path):
    subject = Respondent(SAYS, tmp_path, LongerWins())
    figures, found = evaluate(subject, max_tokens=7)
    assert subject.most_tokens == 7
    assert by_item(figures["length"]) == {"e0": 3.0, "e1": 1.0, "e2": 2.0, "e3": 1.0}
    assert {(g.item, g.prompt, g.response, g.finished) for g in found.generations} >= {
        ("e0", "why", "a long answer", True),
        ("e3", "when", "cut", False),
    }
    assert found.counted["unfinished answers"] == 1
    assert found.notes["judge"] == {"kind": "source"}
    assert found.notes["alpaca-eval"]


def test_a_causal_judge_prefers_by_the_probability_of_its_verdict(tmp_path):
    judge = CausalJudge()
    subject = Respondent({"why": ("yes", "no")}, tmp_path, causal=judge)
    figures, found = evaluate(subject, judge="causal", judge_model="some-model")
    from harness_plugins.evaluators.alpaca_eval.template import read_template

    template = read_template(DEFAULT)
    second = []
    for pair in (("no", "yes"), ("yes", "no")):
        m, big_m = np.exp(judge.openings([template.fill(Comparison(user_prompt("why"), *pair))], ["m", "M"])[0])
        second.append(big_m / (m + big_m))
    assert figures["win_rate"].value == pytest.approx((second[0] + 1 - second[1]) / 2, abs=1e-6)
    assert figures["win_rate"].standard_error is None
    assert found.notes["judge"] == {"kind": "causal", "computed": 2, "cached": 0}


def test_a_judge_whose_prompts_were_cut_is_said_to_have_seen_only_their_end(tmp_path):
    judge = CausalJudge()
    judge.cut_of = {"prompts cut on the left": 1}
    for computed in (2, 0):  # kept with the verdict: the board is the same when nothing is computed
        subject = Respondent({"why": ("yes", "no")}, tmp_path, causal=judge)
        figures, found = evaluate(subject, judge="causal", judge_model="some-model")
        assert found.notes["judge"]["computed"] == computed
        assert "its context was too short: 2 texts it saw only in part" in figures["win_rate"].about
        assert found.counted["prompts cut on the left, for a borrowed model"] == 2


def test_a_reward_model_prefers_by_the_sigmoid_of_the_difference_and_rates_each_answer_once(tmp_path):
    rated = []

    class Rater:
        def rewards(self, examples):
            rated.extend(r.text for e in examples for r in e.responses)
            return [np.array([len(r.text) / 10 for r in e.responses], np.float32) for e in examples]

        def cuts(self, examples):
            return [{"responses cut on the right": 1}] * len(examples)

    subject = Respondent({"why": ("a long answer", "short")}, tmp_path, rater_of=Rater())
    for cached in (0, 1):
        figures, found = evaluate(subject, judge="reward", judge_model="some-model")
        assert figures["win_rate"].value == pytest.approx(1 / (1 + math.exp(-0.8)), abs=1e-6)
        assert figures["position_bias"].value == pytest.approx(0, abs=1e-9)
        assert sorted(rated) == ["a long answer", "short"]
        assert found.notes["judge"]["cached"] == cached
        assert found.counted["responses cut on the right, for a borrowed model"] == 1


def test_a_causal_judge_needs_a_template_of_log_probs(tmp_path):
    subject = Respondent(SAYS, tmp_path, causal=CausalJudge())
    with pytest.raises(harness.HarnessError, match="'alpaca_eval_gpt4': its verdict is no first token"):
        evaluate(subject, judge="causal", judge_model="m", template="alpaca_eval_gpt4")


def test_without_a_judge_or_a_reference_the_cell_is_skipped_with_what_to_set(tmp_path):
    with pytest.raises(harness.Unavailable, match="offers no judge") as skipped:
        evaluate(Respondent(SAYS, tmp_path))
    assert "set `judge` to causal or reward" in skipped.value.fix
    subject = Respondent(SAYS, tmp_path, LongerWins())
    subject.references = lambda: None
    with pytest.raises(harness.Unavailable, match="the source offers no reference output") as skipped:
        evaluate(subject)
    assert "`references`" in skipped.value.fix
    assert "`chosen: true`" in skipped.value.fix


def test_the_chosen_response_of_a_pair_can_be_the_reference(tmp_path):
    subject = Respondent({"why": ("yes", ""), "who": ("me", "")}, tmp_path, LongerWins())
    pairs = ExampleSet(
        (
            Example("e0", user_prompt("why"), (Response("n"), Response("because")), (Pair(chosen=1, rejected=0),)),
            Example("e1", user_prompt("who"), (Response("I"),)),
        )
    )
    subject.examples = lambda: pairs
    figures, found = evaluate(subject, chosen=True)
    assert by_item(figures["win_rate"]) == {"e0": 0.0}
    assert found.counted["prompts without a reference"] == 1


def test_instructions_and_references_come_from_files(tmp_path):
    asked = [{"id": 7, "instruction": "why"}, {"id": 3, "instruction": "who"}, {"id": 5, "instruction": "why"}]
    (tmp_path / "asked.jsonl").write_text("\n".join(map(json.dumps, asked)))
    given = [{"instruction": "who", "output": "it is you"}, {"instruction": "why", "output": "n"}]
    (tmp_path / "given.json.gz").write_bytes(gzip.compress(json.dumps(given).encode(), mtime=0))
    files = {"instructions": str(tmp_path / "asked.jsonl"), "references": str(tmp_path / "given.json.gz")}
    figures, _ = evaluate(Respondent(SAYS, tmp_path, LongerWins()), **files)
    assert by_item(figures["win_rate"]) == {"7": 1.0, "3": 0.0}
    assert list(from_file(files["instructions"], 1)) == list(from_file(files["instructions"], 1))
    assert len(from_file(files["instructions"], 1)) == 1


def test_the_published_length_control_is_for_alpaca_evals_own_instructions(tmp_path):
    path = tmp_path / "asked.json"
    path.write_text(json.dumps([{"instruction": prompt} for prompt in SAYS]))
    with pytest.raises(harness.HarnessError, match="805 instructions, not 4"):
        evaluate(Respondent(SAYS, tmp_path, LongerWins()), instructions=str(path), length_control="published")


@pytest.mark.parametrize(
    ("template", "text", "preference"),
    [
        ("alpaca_eval_gpt4", "[{'model': 'model_1', 'rank': 2}, {'model': 'model_2', 'rank': 1}]", 2.0),
        ("alpaca_eval_gpt4_fn", '{"ordered_models": [{"model": "model_1", "rank": 1}]}', 1.0),
        ("alpaca_eval_gpt4", "I cannot say", None),
    ],
)
def test_texts_are_read_by_the_parser_of_the_template(template, text, preference):
    comparison = Comparison(user_prompt("p"), "a", "b")
    assert annotate([comparison], template, lambda asked: [{"text": text}]) == [preference]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no row"),
        (b"{nonsense", "cannot be read"),
        (b'[{"instruction": "a", "output": "\xe9"}]', "cannot be read"),
        (b'[{"instruction": "a"}]', "a row is no object with"),
        (b'[{"instruction": "a", "output": "\\ud83d"}]', "a row is no object with"),
        (gzip.compress(b"[]", mtime=0)[:-9], "cannot be read"),
        (gzip.compress(b"[]", mtime=0)[:10] + b"no deflate stream", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, content, says):
    path = tmp_path / "given.json"
    path.write_bytes(content)
    with pytest.raises(harness.DataError, match=says) as wrong:
        outputs(str(path))
    assert "given.json" in str(wrong.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prompts": 0}, "prompts is 0"),
        ({"timeout": 0.0}, "timeout is 0.0"),
        ({"back_off": float("nan")}, "back_off is nan"),
        ({"references": "a", "chosen": True}, "exclude each other"),
        ({"judge": "causal"}, "lacks its judge_model"),
        ({"judge_model": "m"}, "judge_model goes with"),
        ({"judge": "endpoint", "endpoint": "http://h/v1"}, "lacks its endpoint_model"),
        ({"length_control": "published"}, "goes with AlpacaEval's own instructions"),
        ({"template": "alpaca_eval_gpt4"}, "template goes with"),
        ({"judge": "endpoint", "endpoint": "h/v1", "endpoint_model": "m"}, "must begin with"),
        ({"judge": "endpoint", "endpoint": "http://user:secret@h/v1", "endpoint_model": "m"}, "more than an address"),
        ({"judge": "endpoint", "endpoint": "user://u:secret@h/v1", "endpoint_model": "m"}, "more than an address"),
        ({"judge": "endpoint", "endpoint": "http://h/v1#secret", "endpoint_model": "m"}, "more than an address"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, says):
    with pytest.raises(ValueError, match=says) as refused:
        AlpacaEval(**options)
    assert "secret" not in str(refused.value)


def test_the_process_and_the_library_stay_as_they_were(tmp_path):
    before = sorted(p for p in configurations().parent.rglob("*") if "__pycache__" not in p.parts)
    root = logging.getLogger()
    state = (root.level, list(root.handlers), dict(os.environ))
    says = {f"p{i}": ("a" * (i % 7 + 1), "b" * (i % 5 + 1)) for i in range(30)}
    figures, _ = evaluate(Respondent(says, tmp_path, LongerWins(first=0.1)))
    import sklearn

    assert "length_controlled_win_rate" in figures
    assert (root.level, list(root.handlers), dict(os.environ)) == state
    assert not sklearn.get_config()["enable_metadata_routing"]
    assert sorted(p for p in configurations().parent.rglob("*") if "__pycache__" not in p.parts) == before


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="../shared/data is missing")
@pytest.mark.parametrize("model", ["alpaca-7b", "gpt-3.5-turbo-1106", "phi-2-sft", "vicuna-7b-v1.5"])
def test_recorded_annotations_give_the_published_win_rate(model):
    import csv

    rows = json.loads(gzip.decompress((PUBLISHED / "annotations" / f"{model}.json.gz").read_bytes()))
    board = PUBLISHED / "leaderboards" / "data_AlpacaEval_2__weighted_alpaca_eval_gpt4_turbo_leaderboard.csv"
    published = {row[""]: row for row in csv.DictReader(board.read_text().splitlines())}[model]
    found = winrate([row["preference"] for row in rows])
    assert found["win_rate"] == pytest.approx(float(published["win_rate"]), rel=1e-12)
    assert found["standard_error"] == pytest.approx(float(published["standard_error"]), rel=1e-12)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="../shared/data is missing")
def test_recorded_annotations_pass_the_annotator_unchanged():
    rows = json.loads(gzip.decompress((PUBLISHED / "annotations" / "text_davinci_003.json.gz").read_bytes()))
    recorded = {
        Comparison(user_prompt(row["instruction"]), row["output_1"], row["output_2"]): row["preference"] - 1
        for row in rows
    }

    def complete(comparisons):
        return [said_by_chance(recorded[comparison]) for comparison in comparisons]

    preferences = annotate(list(recorded), DEFAULT, complete)
    assert winrate(preferences)["win_rate"] == pytest.approx(1.9621476654161492, abs=1e-9)
