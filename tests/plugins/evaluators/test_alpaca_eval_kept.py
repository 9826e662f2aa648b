"""Verdicts of judges in process are computed once, by whatever suite asks, and for all that they depend on."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
from harness_plugins.evaluators.alpaca_eval import AlpacaEval
from harness_plugins.evaluators.alpaca_eval.kept import PART, Kept
from judging import CausalJudge
from respondent import LongerWins, Respondent

SAYS = {"why": ("so", "thus"), "who": ("me", "you"), "how": ("same", "same"), "when": ("now", "then")}


@dataclass
class Priced(LongerWins):
    identity: str = "version 1"


@dataclass
class LengthRater:
    rated: list = field(default_factory=list)

    def rewards(self, examples):
        self.rated += [r.text for e in examples for r in e.responses]
        return [np.array([len(r.text) for r in e.responses], np.float32) for e in examples]

    def cuts(self, examples):
        return [{}] * len(examples)


def evaluate(subject, **options):
    found = AlpacaEval(**options).evaluate(subject)
    return {figure.metric: figure.values for figure in found.figures}, found


@pytest.mark.parametrize("kind", ["source", "causal", "reward"])
def test_the_same_answers_are_judged_once_whoever_asks(tmp_path, kind):
    source, causal, rater = Priced(first=0.2), CausalJudge(), LengthRater()
    options = {"judge": kind} | ({} if kind == "source" else {"judge_model": "m"})

    def asked():
        return {"source": len(source.asked), "causal": causal.asked, "reward": len(rater.rated)}[kind]

    def subject(says):
        return Respondent(says, tmp_path, source, causal=causal, rater_of=rater)

    first, found = evaluate(subject(SAYS), **options)
    assert asked() == 6
    assert found.notes["judge"]["cached"] == 0
    again, found = evaluate(subject(SAYS), max_tokens=9, **options)
    assert again["alpaca_eval/win_rate"] == first["alpaca_eval/win_rate"]
    assert again["alpaca_eval/position_bias"] == first["alpaca_eval/position_bias"]
    assert asked() == 6
    evaluate(subject(SAYS | {"why": ("therefore", "thus")}), **options)
    assert asked() == 8


def test_another_judge_or_another_template_is_asked_anew(tmp_path):
    source, causal, rater = Priced(), CausalJudge(), LengthRater()
    subject = Respondent({"why": ("so", "thus")}, tmp_path, source, causal=causal, rater_of=rater)
    evaluate(subject)
    source.identity = "version 2"
    evaluate(subject)
    assert len(source.asked) == 4
    for _ in range(2):
        evaluate(subject, judge="causal", judge_model="m")
        evaluate(subject, judge="causal", judge_model="another")
        evaluate(subject, judge="reward", judge_model="m")
    assert causal.asked == 4
    assert len(rater.rated) == 2


def test_a_judge_that_costs_nothing_is_not_kept(tmp_path):
    judge = LongerWins()
    for _ in range(2):
        evaluate(Respondent({"why": ("so", "thus")}, tmp_path, judge))
    assert len(judge.asked) == 4
    assert not (tmp_path / "verdicts").exists()


def test_what_was_computed_before_a_failure_is_kept(tmp_path):
    def kept():
        return Kept(tmp_path, {"judge": "j"}, lambda done, total: None, lambda verdict: "answer" in verdict)

    def compute(places):
        seen.update(places)
        if 2 * PART - 1 in places and fails:
            raise RuntimeError("out of memory")
        return [{"answer": place} for place in places]

    questions, seen, fails = [["q", place] for place in range(3 * PART)], Counter(), True
    with pytest.raises(RuntimeError):
        kept().of(questions, compute)
    fails = False
    again = kept()
    assert [verdict["answer"] for verdict in again.of(questions * 2, compute)] == list(range(3 * PART)) * 2
    assert again.counted == {"computed": 2 * PART, "cached": PART}
    assert [seen[place] for place in (0, PART, 2 * PART)] == [1, 2, 1]


def test_lines_of_another_make_are_computed_anew(tmp_path):
    causal = CausalJudge()
    subject = Respondent({"why": ("so", "thus")}, tmp_path, causal=causal)
    first, _ = evaluate(subject, judge="causal", judge_model="m")
    path = tmp_path / "verdicts" / "verdicts.jsonl"
    path.write_text(path.read_text().replace('"text"', '"words"', 1) + "half of a li")
    again, found = evaluate(subject, judge="causal", judge_model="m")
    assert again == first
    assert found.notes["judge"] == {"kind": "causal", "computed": 1, "cached": 1}
