"""What a method sees of one optimiser step, or of a set of responses to be ranked.

Flat and ragged: K may differ from prompt to prompt. Torch is imported for its types only, so that the
plugin surface stays light.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import HarnessError, nearest

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Logps:
    """Summed log-probabilities of whole responses: the quantity every method consumes."""

    total: Tensor
    """(responses,) nats, at least float32: sum over response tokens of log p(token | prompt, tokens before)."""
    tokens: Tensor
    """(responses,) token counts, at least 1, of `total`'s dtype; the end-of-sequence token counts."""

    @property
    def mean(self) -> Tensor:
        """(responses,) nats per token."""
        return self.total / self.tokens


@dataclass(frozen=True)
class Facts:
    """What a method may know of the whole training set."""

    prompts: int
    pairs: int
    desirable: int
    """Labelled occurrences that are desirable."""
    undesirable: int

    @property
    def desirable_share(self) -> float:
        """Fraction of labelled occurrences that are desirable; 1/2 where nothing is labelled."""
        labelled = self.desirable + self.undesirable
        return self.desirable / labelled if labelled else 0.5


@dataclass(frozen=True)
class Samples:
    """Fresh responses drawn from the policy for the prompts of a step."""

    policy: Logps
    """(samples,) differentiable in `total`."""
    reference: Tensor
    """(samples,) nats under the row's initial policy, summed over the tokens of the sample."""
    prompt: Tensor
    """(samples,) int64: which prompt of the batch each answers; those of one prompt stand together."""
    finished: Tensor
    """(samples,) bool: False where the cap on tokens stopped it."""

    @property
    def log_ratio(self) -> Tensor:
        """(samples,) nats: log pi(y|x) - log pi_ref(y|x); its mean is an unbiased estimate of KL(pi || pi_ref)."""
        return self.policy.total - self.reference


@dataclass(frozen=True)
class Measured:
    """Responses that are measured, not learnt from: those of the whole optimiser step, whatever its micro-batches."""

    policy: Logps
    """(measured,) under the policy before the step, without a graph."""
    columns: Mapping[str, Tensor]
    """Per column name, (measured,): see `Method.train_columns`."""

    @property
    def log_ratio(self) -> Tensor:
        """(measured,) nats: l(y) = log pi(y|x) - log pi_ref(y|x), summed over tokens."""
        return self.policy.total - self.columns["reference"]


@dataclass(frozen=True)
class Batch:
    """Responses with their log-probs, columns, and the judgements that refer to them by index."""

    policy: Logps
    """NaN where the method does not learn from a response: see `Method.learns_from`."""
    columns: Mapping[str, Tensor]
    """Per column name, (responses,): see `Method.train_columns`."""
    prompt: Tensor
    """(responses,) int64: which prompt of the batch each response answers, counted from 0."""
    chosen: Tensor
    """(pairs,) int64 index into responses."""
    rejected: Tensor
    """(pairs,) int64 index into responses."""
    share: Tensor
    """(pairs,) share of raters preferring `chosen`; NaN where unknown."""
    labelled: Tensor
    """(labels,) int64 index into responses. A response that won three pairs stands here three times."""
    desirable: Tensor
    """(labels,) bool."""
    sources: tuple[str | None, ...]
    """(responses,) who wrote each response."""
    facts: Facts
    samples: Samples | None = None
    """None where the method's `sampling` asks for nothing, and when held-out responses are scored."""
    measured: Measured | None = None
    """None where the method's `measures` names nothing in the step, and when held-out responses are scored."""

    def column(self, name: str) -> Tensor:
        """(responses,) a column by name.

        Raises:
            HarnessError: the method did not declare that it reads this column.
        """
        try:
            return self.columns[name]
        except KeyError:
            raise HarnessError(
                f"a method reads the column {name!r} without declaring it; {nearest(name, self.columns)}",
                fix="name it in train_columns() or score_columns()",
            ) from None

    @property
    def log_ratio(self) -> Tensor:
        """(responses,) nats: l(y) = log pi(y|x) - log pi_ref(y|x), summed over tokens."""
        return self.policy.total - self.column("reference")
