"""What an evaluator that compares answers may offer beside its figures: its judges themselves."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from harness.evaluator import Evaluator

if TYPE_CHECKING:
    from pathlib import Path

    from harness.column import Rater, Scorer
    from harness.source import Comparison, Judge


class Lender(Protocol):
    """What the host lends to a judge. Every `Subject` is one."""

    def scorer(self, model: str) -> Scorer:
        """A language model, which an option in `Evaluator.model_options` names."""
        ...

    def rater(self, model: str) -> Rater:
        """A sequence classifier, which an option in `Evaluator.model_options` names."""
        ...

    def identity(self, model: str) -> str:
        """Names all that numbers from `scorer(model)` or `rater(model)` depend on beside the texts."""
        ...

    def judge(self) -> Judge | None:
        """The source's own judge, where it offers one."""
        ...

    def kept(self, name: str) -> Path:
        """A folder in the results for what is paid for once."""
        ...

    def tell(self, done: int, total: int) -> None:
        """Progress, for whoever watches."""
        ...

    def say(self, text: str) -> None:
        """A sentence for whoever watches: what is about to be paid, and what was."""
        ...


@dataclass(frozen=True)
class Verdicts:
    """What a judge said of some comparisons."""

    preferences: tuple[float, ...]
    """Per comparison, P(the second answer is preferred), 0 to 1; NaN where the verdict cannot be read."""
    called: str
    """The judge, for people, in a sentence."""
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Plain data: what the judge is, what it counted, what it cost."""


@dataclass(frozen=True)
class Recorded:
    """Verdicts that somebody recorded, in a file."""

    annotations: Path
    outputs: Path | None = None
    """The answers that were judged, where they are in a file of their own."""
    references: Path | None = None
    """Likewise what they were compared with."""


@dataclass(frozen=True)
class JudgingEvaluator(Evaluator):
    """An evaluator whose judges `harness judge` can measure against people, and whose recorded verdicts it can replay.
    Its option `judge` says which judge compares answers.
    """

    judges: ClassVar[Mapping[str, str]]
    """Each judge, as the option `judge` names it -> the option that says which one it is (a model, an address, a
    file); empty where there is only one."""

    def repeats(self) -> bool:
        """True if the judge, asked the same again, might answer otherwise."""
        return False

    @abstractmethod
    def compare(self, comparisons: Sequence[Comparison], lender: Lender) -> Verdicts:
        """What the judge says of each comparison, of the second answer as it stands.

        Raises:
            Unavailable: there is no such judge here.
            HarnessError: it fails.
        """

    @abstractmethod
    def replay(
        self, recorded: Sequence[Recorded], *, length_control: bool, tell: Callable[[int, int], None]
    ) -> list[Mapping[str, Any]]:
        """The figures of each recording, as plain data; `win_rate` (0 to 1), `standard_error` and `n` among them.

        Args:
            recorded: at least one.
            length_control: whether figures that need the texts are wanted too.
            tell: progress.

        Raises:
            DataError: a file cannot be read, or holds something else.
        """
