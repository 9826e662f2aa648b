"""Where examples come from, and what only their source may know."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

    from harness.examples import ExampleSet, Prompt, Split
    from harness.method import Method
    from harness.training import Budget, Training


@dataclass(frozen=True)
class BaseRecipe:
    """How a source makes its own base model: a model to start from, and what to train it on.

    The host trains it with the one trainer there is and caches it as a step.
    """

    create: Callable[[], tuple[Any, Any]]
    """() -> (transformers model with random weights, tokenizer). Deterministic."""
    examples: Callable[[], ExampleSet]
    method: Method
    training: Training
    budget: Budget
    identity: Mapping[str, Any]
    """Plain data: everything about `create` and `examples` that can change the result."""


@dataclass(frozen=True)
class PromptTruth:
    """All there is to know of one prompt whose answers can be enumerated. A = number of answers."""

    id: str
    prompt: Prompt
    answers: tuple[str, ...]
    """A distinct texts: the legitimate answers. Any other text is illegitimate."""
    behaviour: np.ndarray
    """(A,) mu(y|x): what answers are drawn from."""
    preferred: np.ndarray
    """(A,) p+: the distribution of the chosen answer of a labelled pair."""
    dispreferred: np.ndarray
    """(A,) p-: likewise of the rejected one. (p+ + p-) / 2 is the distribution of pooled responses."""
    reward: np.ndarray | None
    """(A,) the true reward; None where preferences are cyclic and no reward exists."""
    beats: np.ndarray
    """(A, A) true P(row preferred to column), without label noise; 1/2 on the diagonal."""
    pair: np.ndarray
    """(A, A) symmetric, zero diagonal, sums to 1: probability of an ordered draw of two distinct answers."""
    labelled: np.ndarray
    """(A, A) P(row is labelled chosen | this pair is drawn): noise, raters and biases included; rows + columns = 1."""

    @property
    def pooled(self) -> np.ndarray:
        """(A,) mu~: the distribution of a response picked at random from a labelled pair."""
        return (self.preferred + self.dispreferred) / 2


@dataclass(frozen=True)
class Oracle:
    """The truth of a source, for evaluation only. No method ever sees it."""

    prompts: Callable[[Split], Sequence[PromptTruth]]
    worst_reward: float | None
    """The reward stated for illegitimate text, which loses to every legitimate answer; None where no reward exists."""


@dataclass(frozen=True)
class Comparison:
    """Two answers to one prompt, in the order a judge sees them."""

    prompt: Prompt
    first: str
    second: str


class Judge(Protocol):
    """Compares answers."""

    def preferences(self, comparisons: Sequence[Comparison]) -> list[float]:
        """Per comparison, P(the second answer is preferred), 0 to 1; any text will do as an answer."""
        ...


@runtime_checkable
class KeptJudge(Judge, Protocol):
    """A judge that costs enough for its verdicts to be kept."""

    identity: str
    """Names all that a verdict depends on beside the comparison."""


@dataclass(frozen=True)
class Source(ABC):
    """Yields examples. Options are the fields of the subclass; relative paths in them are resolved by the host."""

    name: ClassVar[str]
    """What suites write."""
    path_options: ClassVar[tuple[str, ...]] = ()
    """Options that are paths, relative to the suite file where not absolute."""

    @abstractmethod
    def examples(self, split: Split, seed: int, limit: int | None = None) -> ExampleSet:
        """The examples of a split, in the order they are to be seen.

        Args:
            split: which part; a prompt is in one part only, whatever the seed.
            seed: of a row. Decides what `train` draws and its order; other splits do not depend on it.
            limit: at most this many examples; None for all (for a source that draws: its own stated number).

        Raises:
            DataError: nothing can be read; broken single rows are dropped and counted instead.
        """

    def fingerprint(self) -> str:
        """Names the content outside the options that examples depend on (bytes of files, a revision). Never a path."""
        return ""

    def path_free_options(self) -> Mapping[str, Any]:
        """Options as they enter identities: without those in `path_options`, whose content `fingerprint` names."""
        from harness.digest import changed_options

        return {k: v for k, v in changed_options(self).items() if k not in self.path_options}

    def described(self) -> str:
        """The source for people, on the board: its name, with what the options leave open, such as a commit."""
        return self.name

    def base_model(self) -> BaseRecipe | None:
        """The base model this source offers, if it does."""
        return None

    def oracle(self) -> Oracle | None:
        """The truth about this source, if it knows it."""
        return None

    def judge(self) -> Judge | None:
        """A judge of answers to this source's prompts, if it offers one."""
        return None

    def references(self, split: Split) -> Mapping[Prompt, str] | None:
        """Per prompt of a split, an answer to compare others with, if it offers any."""
        del split
        return None

    def tasks(self, folder: Path) -> tuple[str, ...]:
        """Write this source's own lm-eval tasks into `folder`, as YAML files with their data beside them.

        Returns:
            Names of the tasks; none where it offers none.
        """
        del folder
        return ()
