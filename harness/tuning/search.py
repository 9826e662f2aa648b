"""One study: a fixed number of trials proposed by Optuna, the first with the row's own settings.

Nothing is kept of the search itself. Proposals follow from the seed and the outcomes told, so a study that was killed
is played again from the start, and outcomes that are stored cost nothing.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.search_space import Bounded, Choices, Setting
from harness.study_records import TrialState

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

AT_RANDOM = 4
"""Trials that are not modelled: the row's own settings and three at random. Not a share of all trials, so that a study
with more trials begins with those of a shorter one."""
DIGITS = 3
"""Significant digits of a proposed number: nobody wants to read more in a suite."""
SAMPLER = f"TPE after the row's own settings and {AT_RANDOM - 1} drawn at random; numbers to {DIGITS} digits"

Settings: TypeAlias = Mapping[str, Setting]


@dataclass(frozen=True)
class Outcome:
    """What became of a trial."""

    state: TrialState
    digest: str
    """Of the step that judged it."""
    value: float | None = None
    higher_is_better: bool = True
    reason: str = ""

    @property
    def worth(self) -> float | None:
        """The value, or its negative where lower is better; None for a trial without one."""
        return self.value if self.value is None or self.higher_is_better else -self.value


@dataclass(frozen=True)
class Trial:
    """One trial and its outcome."""

    number: int
    settings: Settings
    outcome: Outcome


def library() -> str:
    """What proposes the settings, with its version."""
    return f"optuna {importlib.metadata.version('optuna')}"


def search(
    space: Mapping[str, Bounded],
    own: Settings,
    *,
    trials: int,
    seed: int,
    run: Callable[[int, Settings], Outcome | None],
) -> Iterator[Trial]:
    """The trials of a study, each as soon as it is run.

    Args:
        space: where each setting is searched.
        own: the row's own value of each.
        trials: how many.
        seed: of the proposals, below 2**32.
        run: (number, settings) -> what becomes of it; None where that is not known and may not be found out, which
            ends the study early.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=AT_RANDOM)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.enqueue_trial(dict(own))
    distributions = {name: distribution(space[name], own[name]) for name in sorted(space)}
    for number in range(trials):
        asked = study.ask(distributions)
        settings = {name: _rounded(space[name], asked.params[name]) for name in space} if number else dict(own)
        outcome = run(number, settings)
        if outcome is None:
            return
        if outcome.worth is None:
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(asked, outcome.worth)
        yield Trial(number, settings, outcome)


def distribution(dimension: Bounded, own: Setting) -> BaseDistribution:
    """A dimension as Optuna has it; in whole numbers where the row's own value is one."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.values)
    if isinstance(own, int) and not isinstance(own, bool):
        return IntDistribution(round(dimension.low), round(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _rounded(dimension: Bounded, value: Any) -> Setting:
    if isinstance(dimension, Choices) or not isinstance(value, float):
        return value
    return min(max(float(f"{value:.{DIGITS}g}"), dimension.low), dimension.high)


def best(trials: Sequence[Trial]) -> Trial | None:
    """The best trial, the earliest of equals; None where none has a value."""
    worths = [(trial.outcome.worth, trial) for trial in trials]
    judged = [(worth, trial) for worth, trial in worths if worth is not None]
    return max(judged, key=lambda one: one[0])[1] if judged else None
