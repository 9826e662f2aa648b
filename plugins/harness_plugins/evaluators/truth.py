"""Exact figures where a source knows the truth: no sampling, one value per test prompt, by enumeration of its answers.

For a prompt with A legitimate answers, pi(y) is the policy's probability of answer y, and 1 - sum pi(y) is its mass on
all other, illegitimate text. Illegitimate text loses to every legitimate answer, draws with its like and has the worst
reward that the source states. Under cyclic preferences no reward exists, and figures that need one are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import harness
from harness.evaluator import Unit

RESOLUTION = 1e-6
"""Probability of illegitimate text below which float32 log-probs do not tell it from 0; a KL takes it as this much."""


@dataclass(frozen=True)
class Policy:
    """What is known of a policy at one prompt."""

    logp: np.ndarray
    """(A,) float64 nats; the answers' probabilities sum to 1 at most."""
    illegitimate: float
    """Probability of all other text."""

    @classmethod
    def of(cls, logp: np.ndarray) -> Policy:
        """From (A,) log-probs whose probabilities may exceed 1 in sum by rounding."""
        exact = logp.astype(np.float64)
        mass = float(np.exp(exact).sum())
        return cls(exact - math.log(mass) if mass > 1 else exact, max(0.0, 1 - mass))

    @property
    def p(self) -> np.ndarray:
        """(A,) probabilities."""
        return np.exp(self.logp)

    def given_legitimate(self) -> np.ndarray:
        """(A,) probabilities given that the text is legitimate, however rarely it is."""
        shifted = np.exp(self.logp - self.logp.max())
        return shifted / shifted.sum()

    def kl(self, base: Policy) -> float:
        """KL(self || base) in nats over the answers and one bin for all other text: a lower bound of the whole KL."""
        p = self.p
        kept = p > 0
        answers = float((p[kept] * (self.logp[kept] - base.logp[kept])).sum())
        other = math.log(max(self.illegitimate, RESOLUTION) / max(base.illegitimate, RESOLUTION))
        return answers + self.illegitimate * other


@dataclass(frozen=True)
class Cell:
    """One figure at one prompt: the policy's value, and the best that any policy could have there."""

    value: float
    best: float


@dataclass(frozen=True)
class Definition:
    """What a figure is."""

    unit: Unit
    higher_is_better: bool
    about: str


def against_behaviour(truth: harness.PromptTruth, policy: Policy) -> Cell:
    """Probability that the policy's response is truly preferred to one drawn from mu."""
    wins = truth.beats @ truth.behaviour
    return Cell(float(policy.p @ wins), float(wins.max()))


def against_base(truth: harness.PromptTruth, policy: Policy, base: Policy) -> Cell:
    """Probability that the policy's response is truly preferred to one of the base; a draw counts half."""
    wins = truth.beats @ base.p + base.illegitimate
    return Cell(float(policy.p @ wins) + policy.illegitimate * base.illegitimate / 2, float(wins.max()))


def expected_reward(reward: np.ndarray, worst: float, policy: Policy) -> Cell:
    """Mean true reward of the policy's responses, illegitimate text at `worst`."""
    return Cell(float(policy.p @ reward) + policy.illegitimate * worst, float(reward.max()))


def penalised_reward(reward: np.ndarray, worst: float, policy: Policy, base: Policy, beta: float) -> Cell:
    """Mean true reward less beta times `Policy.kl`; at best beta log E_base exp(r / beta), by Gibbs' inequality."""
    value = expected_reward(reward, worst, policy).value - beta * policy.kl(base)
    top = max(float(reward.max()), worst)
    partition = float(base.p @ np.exp((reward - top) / beta))
    partition += max(base.illegitimate, RESOLUTION) * math.exp((worst - top) / beta)
    return Cell(value, top + beta * math.log(partition))


def kl_preferred(truth: harness.PromptTruth, policy: Policy) -> Cell:
    """nats: KL(p+ || pi)."""
    p = truth.preferred[truth.preferred > 0]
    return Cell(float((p * (np.log(p) - policy.logp[truth.preferred > 0])).sum()), 0.0)


def pair_accuracy(truth: harness.PromptTruth, score: np.ndarray) -> Cell:
    """Expected accuracy of (A,) scores on a labelled pair; a tie counts half. At best `bayes_ceiling`."""
    right = (score[:, None] > score[None, :]) + (score[:, None] == score[None, :]) / 2
    return Cell(float(2 * (truth.pair * truth.labelled * right).sum()), bayes_ceiling(truth))


def bayes_ceiling(truth: harness.PromptTruth) -> float:
    """Expected accuracy, on a labelled pair, of who knows all and always names the likelier label.

    Labels are drawn, so it is below 1. A score reaches it only where the likelier labels are in no cycle.
    """
    return float((truth.pair * np.maximum(truth.labelled, truth.labelled.T)).sum())


@dataclass(frozen=True)
class Truth(harness.Evaluator):
    """Judges a policy by the truth about every legitimate answer to every test prompt."""

    name: ClassVar[str] = "truth"
    source: ClassVar[str] = "derived, by enumeration"

    betas: tuple[float, ...] = (0.03, 0.1, 0.3)
    """Prices of drift from the base, reward per nat, > 0: one figure `truth/reward_kl_<beta>` each."""

    def __post_init__(self) -> None:
        if not all(math.isfinite(beta) and beta > 0 for beta in self.betas):
            raise ValueError(f"betas are {list(self.betas)}, not all of them above 0")

    def evaluate(self, subject: harness.Subject) -> harness.Evaluation:
        """Every figure, exact; items are prompts.

        Raises:
            Unavailable: the source knows no truth.
        """
        oracle = subject.oracle
        if oracle is None:
            raise harness.Unavailable("the source of these data knows no truth", fix="use it with the source world")
        truths = oracle.prompts(subject.split)
        examples = [harness.Example(t.id, t.prompt, tuple(harness.Response(a) for a in t.answers)) for t in truths]
        scored, base = subject.score(examples), subject.base_logps(examples)
        cells = [
            self._cells(truth, oracle.worst_reward, one, Policy.of(logp))
            for truth, one, logp in zip(truths, scored, base, strict=True)
        ]
        definitions = self._definitions()
        items = tuple(t.id for t in truths)
        figures = (_figure(f"truth/{name}", definitions[name], items, [c[name] for c in cells]) for name in cells[0])
        return harness.Evaluation(tuple(figures), counted={"answer pairs tied by the score": _ties(scored)})

    def _cells(
        self, truth: harness.PromptTruth, worst: float | None, scored: harness.Scored, base: Policy
    ) -> Mapping[str, Cell]:
        """Every figure at one prompt, by the name that follows `truth/`."""
        ranked = {"pair_accuracy": pair_accuracy(truth, scored.score)}
        if scored.logp is None:
            return ranked
        policy = Policy.of(scored.logp)
        cells = {
            "win_rate_behaviour": against_behaviour(truth, policy),
            "win_rate_base": against_base(truth, policy, base),
        }
        if truth.reward is not None and worst is not None:
            given = float(policy.given_legitimate() @ truth.reward)
            cells["reward"] = expected_reward(truth.reward, worst, policy)
            cells["reward_legitimate"] = Cell(given, float(truth.reward.max()))
            for beta in self.betas:
                cells[f"reward_kl_{beta:g}"] = penalised_reward(truth.reward, worst, policy, base, beta)
        cells["legitimate"] = Cell(1 - policy.illegitimate, 1.0)
        cells["kl_preferred"] = kl_preferred(truth, policy)
        return cells | ranked

    def _definitions(self) -> Mapping[str, Definition]:
        penalised = {
            f"reward_kl_{beta:g}": Definition(
                "reward",
                True,
                f"Expected true reward less {beta:g} x KL(policy || base). The KL is over legitimate answers and one "
                "bin for all other text: a lower bound of the whole KL, so this is an upper bound.",
            )
            for beta in self.betas
        }
        return {**_DEFINITIONS, **penalised}


_DEFINITIONS: Mapping[str, Definition] = {
    "win_rate_behaviour": Definition(
        "fraction",
        True,
        "True probability of being preferred to a response drawn from mu, which labelled pairs are made of; "
        "illegitimate text loses.",
    ),
    "win_rate_base": Definition(
        "fraction",
        True,
        "True probability of being preferred to a response of the base; illegitimate text loses to legitimate "
        "answers and draws with its like.",
    ),
    "reward": Definition(
        "reward", True, "Expected true reward; illegitimate text has the worst reward of any answer in the world."
    ),
    "reward_legitimate": Definition(
        "reward",
        True,
        "Expected true reward given that the text is legitimate. It hides illegitimate text: read it with that mass.",
    ),
    "legitimate": Definition(
        "fraction", True, "Probability that a response is one of the prompt's legitimate answers."
    ),
    "kl_preferred": Definition(
        "nats",
        False,
        "KL(p+ || policy), p+ being the distribution of chosen answers. SFT on chosen is the maximum-likelihood fit "
        "of p+, so it looks strong here by construction, and methods that go beyond p+ look weak.",
    ),
    "pair_accuracy": Definition(
        "fraction",
        True,
        "Expected accuracy of the row's own score on labelled pairs, ties counted half. The best is that of always "
        "naming the likelier label, which no score reaches where preferences are cyclic.",
    ),
}


def _ties(scored: Sequence[harness.Scored]) -> int:
    """Unordered pairs of answers to one prompt that have the same score."""
    return sum(int(np.triu(one.score[:, None] == one.score[None, :], 1).sum()) for one in scored)


def _figure(metric: str, what: Definition, items: tuple[str, ...], cells: Sequence[Cell]) -> harness.Figure:
    values = tuple(cell.value for cell in cells)
    return harness.Figure(
        metric=metric,
        value=math.fsum(values) / len(values),
        unit=what.unit,
        higher_is_better=what.higher_is_better,
        items=items,
        values=values,
        best=math.fsum(cell.best for cell in cells) / len(cells),
        about=what.about,
    )


@harness.hookimpl
def harness_evaluators() -> Iterable[type[harness.Evaluator]]:
    """Offers `truth`."""
    return [Truth]
