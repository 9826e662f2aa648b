"""A registry of small plugins made by hand, and suites on disk to try them with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

import harness
from harness.errors import SuiteError
from harness.host import Origin, Registry, Shelf
from harness.suite import Suite, read_suite


class _Formula(harness.Method):
    source: ClassVar[str] = "for tests"

    def needs(self) -> Any:
        return frozenset({"pairs"})

    def terms(self, batch: Any) -> Any:
        return batch.policy.total

    def score(self, batch: Any) -> Any:
        return batch.policy.total


@dataclass(frozen=True)
class Pull(_Formula):
    """Pulls pairs apart.

    A second paragraph.
    """

    name: ClassVar[str] = "pull"
    beta: float = 0.1
    """Strength, 1/nats, > 0."""
    form: Literal["log", "square"] = "log"
    steps: int = 1
    layers: tuple[str, ...] = ()
    offset: float | None = None

    def __post_init__(self) -> None:
        if self.beta <= 0:
            raise ValueError(f"beta is {self.beta}; it must be positive")


@dataclass(frozen=True)
class Push(_Formula):
    name: ClassVar[str] = "push"
    beta: float = 0.1


@dataclass(frozen=True)
class Shuffled(_Formula):
    name: ClassVar[str] = "shuffled"
    base: harness.Method = Pull()
    share: float = 1.0


@dataclass(frozen=True)
class OnlyPull(_Formula):
    name: ClassVar[str] = "only_pull"
    base: Pull | None = None


class _Numbers(harness.Column):
    source: ClassVar[str] = "for tests"

    def compute(self, examples: Any, bench: Any) -> Any:
        raise NotImplementedError


@dataclass(frozen=True)
class Length(_Numbers):
    """How long a response is."""

    name: ClassVar[str] = "length"
    power: float = 1.0
    """Exponent, >= 0."""
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.power < 0:
            raise ValueError(f"power is {self.power}; it must not be negative")


@dataclass(frozen=True)
class Taught(_Numbers):
    """Learns from the training split."""

    name: ClassVar[str] = "taught"
    learns: ClassVar[bool] = True
    path_options: ClassVar[tuple[str, ...]] = ("lexicon",)
    model_options: ClassVar[tuple[str, ...]] = ("encoder",)
    rate: float = 1.0
    lexicon: str = ""
    encoder: str = ""


@dataclass(frozen=True)
class Graded(_Formula):
    name: ClassVar[str] = "graded"
    reward: harness.Column = Length()
    """What is maximised."""


@dataclass(frozen=True)
class OnlyTaught(_Formula):
    name: ClassVar[str] = "only_taught"
    reward: Taught | None = None


@dataclass(frozen=True)
class Accuracy(harness.Evaluator):
    name: ClassVar[str] = "accuracy"
    source: ClassVar[str] = "for tests"
    path_options: ClassVar[tuple[str, ...]] = ("answers",)
    model_options: ClassVar[tuple[str, ...]] = ("judge",)
    draws: int = 4
    """Samples per prompt."""
    answers: str = ""
    judge: str = ""

    def evaluate(self, subject: Any) -> Any:
        raise NotImplementedError


class _Examples(harness.Source):
    def examples(self, split: Any, seed: int, limit: int | None = None) -> Any:
        raise NotImplementedError


@dataclass(frozen=True)
class Table(_Examples):
    name: ClassVar[str] = "table"
    path_options: ClassVar[tuple[str, ...]] = ("path", "more")
    path: str = ""
    more: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)


@dataclass(frozen=True)
class Dice(_Examples):
    name: ClassVar[str] = "dice"
    noise: float = 0.1
    sides: int = 6


def _shelf(kind: str, *offers: type[Any]) -> Shelf[Any]:
    origins = {offer.name: Origin(offer.name, "tried-by-hand", "1", "0") for offer in offers}
    return Shelf(kind, {offer.name: offer for offer in offers}, origins)


@pytest.fixture
def registry() -> Registry:
    return Registry(
        _shelf("method", Graded, OnlyPull, OnlyTaught, Pull, Push, Shuffled),
        _shelf("evaluator", Accuracy),
        _shelf("source", Dice, Table),
        _shelf("column", Length, Taught),
    )


@pytest.fixture
def kinds() -> Any:
    """The plugin types, by name."""
    found = (Pull, Push, Shuffled, OnlyPull, Graded, OnlyTaught, Length, Taught, Accuracy, Table, Dice)
    return {kind.__name__: kind for kind in found}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a file into a fresh working folder."""
    monkeypatch.chdir(tmp_path)

    def written(text: str | bytes, name: str = "suite.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


@pytest.fixture
def read(write: Callable[..., Path], registry: Registry) -> Callable[..., Suite]:
    """Writes a suite and reads it."""

    def suite(text: str | bytes, **given: Any) -> Suite:
        return read_suite(str(write(text).name), registry=registry, **given)

    return suite


@pytest.fixture
def refusal(read: Callable[..., Suite]) -> Callable[..., str]:
    """Writes a suite, and tells what the error says."""

    def told(text: str | bytes, **given: Any) -> str:
        with pytest.raises(SuiteError) as caught:
            read(text, **given)
        return str(caught.value)

    return told


@pytest.fixture
def whole() -> str:
    """The least that is a whole suite; further keys may be written below it."""
    return "data: {source: dice}\nmethods: [pull]\nevaluators: [accuracy]\n"
