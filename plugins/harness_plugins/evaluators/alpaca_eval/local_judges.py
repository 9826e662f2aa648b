"""Judges in process: the source's own, a causal language model, a reward model. What they said is kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import harness
from harness_plugins.evaluators.alpaca_eval.annotate import Completion
from harness_plugins.evaluators.alpaca_eval.completion import is_completion
from harness_plugins.evaluators.alpaca_eval.kept import Kept
from harness_plugins.evaluators.alpaca_eval.template import Template
from harness_plugins.evaluators.alpaca_eval.verdicts import Verdict

FIRST, SECOND = "m", "M"
"""The verdicts of alpaca-eval's default annotator."""


def said_of(logprobs: Mapping[str, float]) -> Completion:
    """A completion of one token, as the OpenAI protocol gives it, from the log-probs of the tokens that matter."""
    best = max(logprobs, key=lambda token: logprobs[token])
    tops = [{"token": token, "logprob": logprob} for token, logprob in logprobs.items()]
    return {
        "text": best,
        "logprobs": {"content": [{"token": best, "logprob": logprobs[best], "top_logprobs": tops}]},
    }


def said_by_chance(second: float) -> Completion:
    """The completion of a judge that prefers the second answer with this probability; NaN stays unreadable."""
    if math.isnan(second):
        return {"text": ""}
    with np.errstate(divide="ignore"):
        return said_of({FIRST: float(np.log1p(-second)), SECOND: float(np.log(second))})


def by_source(
    judge: harness.Judge, comparisons: Sequence[harness.Comparison], kept: Kept | None = None
) -> list[Completion]:
    """The verdicts of the source's own judge.

    Args:
        judge: who judges.
        comparisons: what is compared.
        kept: where verdicts are kept, for a judge that costs something.

    Raises:
        HarnessError: it returns something that is no probability.
    """
    if kept is None:
        return [said_by_chance(chance) for chance in _chances(judge, comparisons)]

    def compute(places: Sequence[int]) -> list[Verdict]:
        return [{"chance": chance} for chance in _chances(judge, [comparisons[place] for place in places])]

    found = kept.of([[_turns(c.prompt), c.first, c.second] for c in comparisons], compute)
    return [said_by_chance(verdict["chance"]) for verdict in found]


def _chances(judge: harness.Judge, comparisons: Sequence[harness.Comparison]) -> list[float]:
    chances = [float(chance) for chance in judge.preferences(comparisons)]
    if len(chances) != len(comparisons):
        raise harness.HarnessError(f"the source's judge gave {len(chances)} verdicts on {len(comparisons)} comparisons")
    wrong = [chance for chance in chances if not (math.isnan(chance) or 0 <= chance <= 1)]
    if wrong:
        raise harness.HarnessError(f"the source's judge gave the verdict {wrong[0]}, which is no probability")
    return chances


def by_causal_model(
    scorer: harness.Scorer,
    template: Template,
    comparisons: Sequence[harness.Comparison],
    kept: Kept | None = None,
    cut: Counter[str] | None = None,
) -> list[Completion]:
    """The log-probs of the verdict tokens at the beginning of a language model's answer; nothing is sampled.

    Args:
        scorer: of the language model.
        template: what is asked, and which tokens are verdicts.
        comparisons: what is compared.
        kept: where verdicts are kept.
        cut: told what was cut of prompts that are longer than the model's context, verdicts kept before included.
    """
    prompts = [template.fill(comparison) for comparison in comparisons]

    def compute(places: Sequence[int]) -> list[Verdict]:
        asked = [prompts[place] for place in places]
        openings = scorer.openings(asked, template.verdicts)
        logprobs = [dict(zip(template.verdicts, map(float, found), strict=True)) for found in openings]
        cuts = scorer.cuts(asked, template.verdicts)
        return [_verdict({"completion": said_of(said)}, some) for said, some in zip(logprobs, cuts, strict=True)]

    questions = [[template.verdicts, _turns(prompt)] for prompt in prompts]
    found = kept.of(questions, compute) if kept else compute(range(len(prompts)))
    _count(cut, found)
    return [verdict["completion"] for verdict in found]


def by_reward_model(
    rater: harness.Rater,
    comparisons: Sequence[harness.Comparison],
    kept: Kept | None = None,
    cut: Counter[str] | None = None,
) -> list[Completion]:
    """P(second preferred) = sigmoid(reward of the second - reward of the first), as in Bradley and Terry.

    The two answers of a comparison are rated together, so that both see the prompt cut alike, once for both orders.

    Args:
        rater: gives rewards.
        comparisons: what is compared.
        kept: where rewards are kept.
        cut: told what was cut of texts that are longer than the model's context, rewards kept before included.
    """
    pairs = list(dict.fromkeys((c.prompt, *sorted((c.first, c.second))) for c in comparisons))

    def compute(places: Sequence[int]) -> list[Verdict]:
        asked = [pairs[place] for place in places]
        examples = [
            harness.Example(str(place), prompt, tuple(map(harness.Response, dict.fromkeys(texts))))
            for place, (prompt, *texts) in enumerate(asked)
        ]
        rewards, cuts = rater.rewards(examples), rater.cuts(examples)
        return [
            _verdict({"rewards": [float(r) for r in found[[0, -1]]]}, some)
            for found, some in zip(rewards, cuts, strict=True)
        ]

    questions = [[_turns(prompt), *texts] for prompt, *texts in pairs]
    found = kept.of(questions, compute) if kept else compute(range(len(pairs)))
    _count(cut, found)
    rewards = {
        pair: dict(zip(pair[1:], verdict["rewards"], strict=True)) for pair, verdict in zip(pairs, found, strict=True)
    }
    asked = [(rewards[c.prompt, *sorted((c.first, c.second))], c) for c in comparisons]
    margins = np.array([rated[c.second] - rated[c.first] for rated, c in asked])
    chances = np.exp(-np.logaddexp(0, -margins))
    return [said_by_chance(float(chance)) for chance in chances]


def by_length(comparisons: Sequence[harness.Comparison]) -> list[Completion]:
    """The longer answer, in characters; a draw where both are equally long."""
    return [said_by_chance((1 + np.sign(len(c.second) - len(c.first))) / 2) for c in comparisons]


def is_chance(verdict: Verdict) -> bool:
    """Whether `by_source` kept this."""
    return isinstance(verdict.get("chance"), float)


def is_logprobs(verdict: Verdict) -> bool:
    """Whether `by_causal_model` kept this."""
    return is_completion(verdict.get("completion"))


def is_rewards(verdict: Verdict) -> bool:
    """Whether `by_reward_model` kept this."""
    rewards = verdict.get("rewards")
    return isinstance(rewards, list) and [type(reward) for reward in rewards] == [float, float]


def _turns(prompt: harness.Prompt) -> list[list[str]]:
    return [[turn.role, turn.content] for turn in prompt]


def _verdict(said: dict[str, Any], cut: Mapping[str, int]) -> Verdict:
    return {**said, "cut": dict(cut)} if cut else said


def _count(cut: Counter[str] | None, found: Sequence[Verdict]) -> None:
    if cut is not None:
        for verdict in found:
            cut.update(verdict.get("cut", {}))
