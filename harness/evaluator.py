"""What judges a policy, what it is given, and what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from harness.column import Rater, Scorer
    from harness.examples import Example, ExampleSet, Prompt, Split
    from harness.source import Judge, Oracle

Unit: TypeAlias = Literal["fraction", "nats", "nats/token", "tokens", "reward", "count", "perplexity", "score"]
"""`score`: of a unit that a library does not state."""


@dataclass(frozen=True)
class Figure:
    """One metric of one policy, with its value per item."""

    metric: str
    """`family/metric`: the family is the evaluator's name."""
    value: float
    unit: Unit
    higher_is_better: bool | None
    """None where neither direction is better (a response length)."""
    items: tuple[str, ...]
    """Item ids, at least one. No item, no figure: raise instead."""
    values: tuple[float, ...] | None
    """Per item; their mean is `value`. For a figure that is no mean over items (an AUC): jackknife pseudo-values,
    whose mean may differ from `value` by the jackknife's bias. None: no interval can be given."""
    pseudo: bool = False
    """True if `values` are jackknife pseudo-values."""
    best: float | None = None
    """The best value any policy can reach, where it is known."""
    about: str = ""
    """One sentence for the board: what the figure is and what it is not."""
    standard_error: float | None = None
    """As a library states it, where one does; intervals are made from `values`."""
    clusters: tuple[str, ...] | None = None
    """Per item, the group it came with (two pairs of one prompt): intervals treat a group as one item. None where every
    item stands for itself."""
    subset: str = ""
    """What part of the items the figure is about ("source: human over model", "length quartile 1"); empty for all of
    them. The board shows `metric[subset]` in a table of its own."""


@dataclass(frozen=True)
class Generation:
    """A text the policy wrote."""

    item: str
    prompt: str
    response: str
    finished: bool
    """False if it was stopped by the length cap instead of the end-of-sequence token."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluator found."""

    figures: tuple[Figure, ...]
    generations: tuple[Generation, ...] = ()
    counted: Mapping[str, int] = field(default_factory=dict[str, int])
    """Worth knowing: ties, truncated responses."""
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Kept in the record, plain data: versions and hashes of tasks, what a judge was and cost."""


@dataclass(frozen=True)
class Answer:
    """The greedy response of a policy."""

    item: str
    text: str
    tokens: int
    finished: bool


@dataclass(frozen=True)
class Scored:
    """One example under a policy. K = its number of responses."""

    logp: np.ndarray | None
    """(K,) float32 nats, summed over tokens; None for a row that rates responses but has no language model."""
    tokens: np.ndarray
    """(K,) int64."""
    score: np.ndarray
    """(K,) float32: the row's own score (its method's implicit reward; summed log-prob for a row without a method;
    the true reward for the oracle)."""


@dataclass(frozen=True)
class Sample:
    """A response drawn from the policy at temperature 1."""

    item: str
    text: str
    logp: float
    """nats under the policy, the end-of-sequence token included."""
    reference_logp: float
    """nats under the row's reference (its initial policy)."""
    tokens: int
    finished: bool


class Subject(Protocol):
    """A policy to be judged, and all an evaluator may know about it."""

    @property
    def oracle(self) -> Oracle | None:
        """The truth of the source, where it is known."""
        ...

    @property
    def split(self) -> Split:
        """Which examples are held out: "test"; "validation" while settings are chosen, when the test split must not be
        looked at.
        """
        ...

    def examples(self) -> ExampleSet:
        """The held-out examples, those of `split`, which never depend on a seed."""
        ...

    def score(self, examples: Sequence[Example]) -> list[Scored]:
        """Score every response, in the order given."""
        ...

    def base_logps(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """(K,) float32 per example: summed log-probs in nats under the suite's base model, where every row began."""
        ...

    def reference_logps(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """(K,) float32 per example: summed log-probs in nats under the row's reference, its initial policy; under the
        base model for a row that was not trained.
        """
        ...

    def sample(self, prompts: Mapping[str, Prompt], *, each: int, max_tokens: int, seed: int) -> list[Sample]:
        """Draw `each` responses per prompt (item id -> prompt), grouped by prompt in the order given.

        Raises:
            Unavailable: this row has no language model to draw from (the oracle).
        """
        ...

    def answer(self, prompts: Mapping[str, Prompt], *, max_tokens: int) -> list[Answer]:
        """The greedy response to each prompt (item id -> prompt), in the order given.

        Raises:
            Unavailable: this row has no language model.
        """
        ...

    def language_model(self) -> tuple[Any, Any]:
        """(transformers model, tokenizer), in evaluation mode.

        Raises:
            Unavailable: this row has none (the oracle).
        """
        ...

    def scorer(self, model: str) -> Scorer:
        """Another language model, which an option in `Evaluator.model_options` names."""
        ...

    def rater(self, model: str) -> Rater:
        """A sequence classifier, which an option in `Evaluator.model_options` names."""
        ...

    def identity(self, model: str) -> str:
        """Names all that numbers from `scorer(model)` or `rater(model)` depend on beside the texts: weights, tokens,
        engine. To keep such numbers under.
        """
        ...

    def judge(self) -> Judge | None:
        """The source's own judge, where it offers one."""
        ...

    def references(self) -> Mapping[Prompt, str] | None:
        """The source's own answers to compare with, where it offers any."""
        ...

    def tasks(self, folder: Path) -> tuple[str, ...]:
        """The source's own lm-eval tasks, written into `folder`; see `harness.Source.tasks`."""
        ...

    def kept(self, name: str) -> Path:
        """A folder in the results that all rows and runs share, for what is paid for once: a judge's verdicts."""
        ...

    def tell(self, done: int, total: int) -> None:
        """Progress, for whoever watches."""
        ...

    def say(self, text: str) -> None:
        """A sentence for whoever watches: what is about to be paid, and what was."""
        ...


@dataclass(frozen=True)
class Evaluator(ABC):
    """Judges a policy. Options are the fields of the subclass."""

    name: ClassVar[str]
    """What suites write, and the family of its metrics."""
    source: ClassVar[str]
    """Where the definitions come from."""
    columns: ClassVar[Literal["none", "score"]] = "score"
    """"score" if it calls `Subject.score`, so that the columns a method scores with are there."""
    needs_language_model: ClassVar[bool] = False
    """True if it judges what a policy writes, or the model itself: rows that have none are skipped without asking."""
    path_options: ClassVar[tuple[str, ...]] = ()
    """Options that are paths, relative to the suite file where not absolute; their content enters the identity."""
    model_options: ClassVar[tuple[str, ...]] = ()
    """Options that are models: a folder, or an id on the Hub (with `@revision`, if any). Their content is identity."""
    neutral_options: ClassVar[tuple[str, ...]] = ()
    """Options that change no figure (retries, time limits, where a key is found). They stay out of the identity."""
    libraries: ClassVar[tuple[str, ...]] = ()
    """Distributions whose own code makes the figures. Their installed versions are part of the identity."""

    def follows_split(self) -> bool:
        """True if it judges on the source's held-out examples of `Subject.split` and on nothing else, so that settings
        may be chosen by its figures on the validation split; False where it brings data of its own (lm-eval's tasks).
        """
        return True

    def one_at_a_time(self) -> bool:
        """True if it may not judge two rows at once, in two processes of a run: where it keeps to a pace."""
        return False

    def check(self) -> None:
        """Raise `Unavailable`, with the reason, where this evaluator cannot run on this installation."""

    @abstractmethod
    def evaluate(self, subject: Subject) -> Evaluation:
        """The figures of one policy.

        Raises:
            Unavailable: this policy or this source has not what it takes; the cell is skipped with the reason.
        """
