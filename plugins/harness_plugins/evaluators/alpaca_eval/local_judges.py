"""Judges that cost nothing: the source's own, a causal language model, a reward model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

import harness
from harness_plugins.evaluators.alpaca_eval.annotate import Completion
from harness_plugins.evaluators.alpaca_eval.template import Template

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


def by_source(judge: harness.Judge, comparisons: Sequence[harness.Comparison]) -> list[Completion]:
    """The verdicts of the source's own judge.

    Raises:
        HarnessError: it returns something that is no probability.
    """
    chances = [float(chance) for chance in judge.preferences(comparisons)]
    if len(chances) != len(comparisons):
        raise harness.HarnessError(f"the source's judge gave {len(chances)} verdicts on {len(comparisons)} comparisons")
    wrong = [chance for chance in chances if not (math.isnan(chance) or 0 <= chance <= 1)]
    if wrong:
        raise harness.HarnessError(f"the source's judge gave the verdict {wrong[0]}, which is no probability")
    return [said_by_chance(chance) for chance in chances]


def by_causal_model(
    scorer: harness.Scorer, template: Template, comparisons: Sequence[harness.Comparison]
) -> list[Completion]:
    """The log-probs of the verdict tokens at the beginning of a language model's answer; nothing is sampled."""
    found = scorer.openings([template.fill(comparison) for comparison in comparisons], template.verdicts)
    return [said_of(dict(zip(template.verdicts, map(float, logprobs), strict=True))) for logprobs in found]


def by_reward_model(rater: harness.Rater, comparisons: Sequence[harness.Comparison]) -> list[Completion]:
    """P(second preferred) = sigmoid(reward of the second - reward of the first), as in Bradley and Terry.

    Each answer is rated once, and the order has no influence.
    """
    answers: dict[harness.Prompt, dict[str, None]] = {}
    for comparison in comparisons:
        answers.setdefault(comparison.prompt, {}).update({comparison.first: None, comparison.second: None})
    examples = [
        harness.Example(str(place), prompt, tuple(map(harness.Response, texts)))
        for place, (prompt, texts) in enumerate(answers.items())
    ]
    rewards = {
        (example.prompt, response.text): float(reward)
        for example, found in zip(examples, rater.rewards(examples), strict=True)
        for response, reward in zip(example.responses, found, strict=True)
    }
    margins = np.array([rewards[c.prompt, c.second] - rewards[c.prompt, c.first] for c in comparisons])
    chances = np.exp(-np.logaddexp(0, -margins))
    return [said_by_chance(float(chance)) for chance in chances]
