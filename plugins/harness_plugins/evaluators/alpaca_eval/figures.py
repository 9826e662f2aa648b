"""Verdicts in both orders, and the figures made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import harness
from harness_plugins.evaluators.alpaca_eval.length_control import LEAST, LengthControlled
from harness_plugins.evaluators.alpaca_eval.library import library, quiet
from harness_plugins.evaluators.alpaca_eval.questions import Question


@dataclass(frozen=True)
class Judged:
    """An answer beside its reference, as judged in both orders."""

    question: Question
    answer: harness.Answer
    reference_first: float | None
    """alpaca-eval's preference with the reference standing first: 1 for the reference, 2 for the answer; None where
    the verdict cannot be read."""
    answer_first: float | None
    """Likewise with the answer standing first: 1 for the answer, 2 for the reference."""

    @property
    def preference(self) -> float | None:
        """The mean over both orders, 1 for the reference to 2 for the answer; None unless both can be read."""
        if self.reference_first is None or self.answer_first is None:
            return None
        return (self.reference_first + 3 - self.answer_first) / 2

    @property
    def equal(self) -> bool:
        """Whether answer and reference are the same text, which no judge sees."""
        return self.answer.text == self.question.reference


def comparisons(questions: Sequence[Question], answers: Sequence[harness.Answer]) -> list[harness.Comparison]:
    """All with the reference first, then all with the answer first."""
    pairs = list(zip(questions, answers, strict=True))
    return [harness.Comparison(q.prompt, q.reference, a.text) for q, a in pairs] + [
        harness.Comparison(q.prompt, a.text, q.reference) for q, a in pairs
    ]


def both_orders(
    questions: Sequence[Question], answers: Sequence[harness.Answer], preferences: Sequence[float | None]
) -> list[Judged]:
    """Preferences in the order of `comparisons`, put together again."""
    half = len(questions)
    parts = zip(questions, answers, preferences[:half], preferences[half:], strict=True)
    return [Judged(*part) for part in parts]


def winrate(preferences: Sequence[float]) -> dict[str, float]:
    """alpaca-eval's `get_winrate`: win_rate, standard_error and discrete_win_rate in per cent; n_wins, n_wins_base
    (those of the reference), n_draws and n_total.
    """
    library()
    from alpaca_eval.metrics import get_winrate

    with quiet():
        found = get_winrate([{"preference": preference} for preference in preferences])
    return {key: float(value) for key, value in found.items()}


def preferences_of(judged: Sequence[Judged]) -> np.ndarray:
    """(answers,) alpaca-eval's preferences; every verdict can be read."""
    return np.array([j.preference for j in judged], np.float64)


def _of_judge(name: str, asked: Sequence[Judged], values: Sequence[float], about: str) -> harness.Figure:
    """A mean over answers that is about the judge, so that neither direction is better."""
    items = tuple(j.question.item for j in asked)
    metric = f"alpaca_eval/{name}"
    return harness.Figure(metric, float(np.mean(values)), "fraction", None, items, tuple(values), about=about)


def make_figures(
    judged: Sequence[Judged], judge: str, controlled: LengthControlled | None, *, one_order: bool = False
) -> tuple[harness.Figure, ...]:
    """The figures of some answers.

    Args:
        judged: those whose verdicts can be read, at least one.
        judge: who judged, for people.
        controlled: None where no fit was possible.
        one_order: whether each verdict stands for both orders, so that nothing is known of the judge's position bias.
    """
    items = tuple(j.question.item for j in judged)
    preferences = preferences_of(judged)
    found = winrate(preferences.tolist())
    figures = [
        harness.Figure(
            "alpaca_eval/win_rate",
            found["win_rate"] / 100,
            "fraction",
            True,
            items,
            tuple((preferences - 1).tolist()),
            about=f"How often {judge} prefers the greedy answer to the reference output, in the mean of both orders; "
            "0.5 is as good as the reference. Prompts whose verdict cannot be read are left out, and counted.",
            standard_error=found["standard_error"] / 100 if len(judged) > 1 else None,
        )
    ]
    if controlled is not None:
        figures.append(
            harness.Figure(
                "alpaca_eval/length_controlled_win_rate",
                controlled.win_rate,
                "fraction",
                True,
                items,
                controlled.values,
                pseudo=controlled.pseudo,
                about=controlled.about,
                standard_error=controlled.standard_error,
                clusters=controlled.clusters,
            )
        )
    asked = [j for j in judged if not j.equal]
    if asked and not one_order:
        bias = [_first_preferred(j) - 0.5 for j in asked]
        changed = [float(_winner_changes(j)) for j in asked]
        figures += [
            _of_judge(
                "position_bias",
                asked,
                bias,
                "How much more often than half the time the judge prefers the answer it sees first; 0 for a fair "
                "one. It is about the judge, and cancels in the win rate.",
            ),
            _of_judge(
                "order_decides",
                asked,
                changed,
                "Share of the answers of which the judge says in one order that they win and in the other that "
                "they do not. It is about the judge: such an answer counts about one half in the win rate.",
            ),
        ]
    tokens = tuple(float(j.answer.tokens) for j in judged)
    figures.append(
        harness.Figure(
            "alpaca_eval/length",
            float(np.mean(tokens)),
            "tokens",
            None,
            items,
            tokens,
            about="Length of the greedy answers, cut at the cap.",
        )
    )
    return tuple(figures)


def counts(judged: Sequence[Judged], readable: Sequence[Judged], controlled: LengthControlled | None) -> dict[str, int]:
    """What is worth knowing of them."""
    unread = sum(j.reference_first is None for j in judged) + sum(j.answer_first is None for j in judged)
    return {
        "answers judged": len(readable),
        "answers equal to the reference": sum(j.equal for j in judged),
        "unfinished answers": sum(not j.answer.finished for j in judged),
        "empty answers": sum(not j.answer.text for j in judged),
        "verdicts that could not be read": unread,
        "answers left out for such a verdict": len(judged) - len(readable),
    } | (
        {}
        if controlled
        else {f"answers without length control: fewer than {LEAST}, or all equally long": len(readable)}
    )


def _winner_changes(judged: Judged) -> bool:
    """Whether the more probable winner is another one when the two change places."""
    assert judged.reference_first is not None
    assert judged.answer_first is not None
    return bool(np.sign(judged.reference_first - 1.5) != np.sign(1.5 - judged.answer_first))


def _first_preferred(judged: Judged) -> float:
    """P(the answer seen first is preferred), in the mean of both orders."""
    assert judged.reference_first is not None
    assert judged.answer_first is not None
    return 2 - (judged.reference_first + judged.answer_first) / 2


def finite(numbers: Mapping[str, float]) -> dict[str, float]:
    """Those that a record can hold."""
    return {key: value for key, value in numbers.items() if np.isfinite(value)}


def characters(judged: Iterable[Judged]) -> dict[str, float]:
    """Mean lengths, which length control compares."""
    lengths = np.array([[len(j.answer.text), len(j.question.reference)] for j in judged], np.float64).mean(0)
    return {"answers": float(lengths[0]), "references": float(lengths[1])}
