"""What the gate found, in sentences: all that fails a run, the whole of it, and what it could not have seen."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.board.sentences import p_text
from harness.gate.outcome import CostChange, FigureChange, Loss, Outcome
from harness.render.numbers import between, decimals_of, fixed, size
from harness.render.text import one_line

LONG = 2000
"""Characters of a sentence."""

FailureKind: TypeAlias = Literal["dropped", "lost", "ledger", "cost"]


@dataclass(frozen=True)
class Failure:
    """One thing that fails a run; every text is one printable line."""

    kind: FailureKind
    row: str
    """Empty for the ledger."""
    what: str
    """`preference/accuracy`, `row lost`, `training, CPU seconds per seed`."""
    text: str
    """What happened, without row and metric."""

    @property
    def subject(self) -> str:
        """`dpo, preference/accuracy`."""
        return ", ".join(part for part in (self.row, self.what) if part)


def failures(outcome: Outcome) -> tuple[Failure, ...]:
    """All that fails the run: figures that dropped, losses, the ledger, costs."""
    found = [
        Failure("dropped", one_line(one.row), one_line(one.metric), figure_sentence(one, outcome.tests))
        for one in outcome.dropped
    ]
    found += [Failure("lost", one_line(one.row), loss_title(one), one_line(one.reason, LONG)) for one in outcome.losses]
    found += [Failure("ledger", "", "ledger", one_line(text, LONG)) for text in outcome.ledger]
    found += [Failure("cost", one_line(one.row), one_line(one.what), cost_sentence(one)) for one in outcome.grown]
    return tuple(found)


def loss_title(loss: Loss) -> str:
    """`row lost`, `metric lost: truth/reward`."""
    metric = one_line(loss.metric)
    return f"{loss.kind} lost" + (f": {metric}" if metric else "")


def verdict_sentence(outcome: Outcome) -> str:
    """The whole outcome in a sentence."""
    return f"{headline(outcome)}: {detail(outcome)}"


def headline(outcome: Outcome) -> str:
    """The verdict alone: `core holds its baseline`."""
    told = {"holds": " holds its baseline", "regression": " falls short of its baseline"}
    return one_line(outcome.suite) + told.get(outcome.verdict, ": nothing can be said")


def detail(outcome: Outcome) -> str:
    """What the verdict stands on, with a full stop."""
    if outcome.verdict == "undetermined":
        return _ended(outcome.notes[0]) if outcome.notes else "no figure could be tested."
    tested = f"{outcome.tests} tested {_plural('figure', outcome.tests)}"
    if outcome.verdict == "holds":
        return (
            f"none of {tested} dropped; no row, metric or seed is lost, the ledger is the same, no cost has grown "
            "beyond what is allowed."
        )
    lost = Counter(one.kind for one in outcome.losses)
    parts = [f"{len(outcome.dropped)} of {tested} dropped"] if outcome.dropped else []
    parts += [f"{count} {_plural(kind, count)} lost" for kind, count in lost.items()]
    parts += ["the ledger of the data has changed"] if outcome.ledger else []
    parts += [f"{len(outcome.grown)} {_plural('cost', len(outcome.grown))} grown"] if outcome.grown else []
    return f"{', '.join(parts)}."


def other_notes(outcome: Outcome) -> tuple[str, ...]:
    """The notes that the sentence of the verdict does not hold."""
    return outcome.notes[1:] if outcome.verdict == "undetermined" else outcome.notes


def count_sentence(outcome: Outcome) -> str:
    """How many figures of which verdict; empty where there are none."""
    counts = Counter(one.verdict for one in outcome.figures)
    told = [f"{count} {verdict}" for verdict, count in counts.most_common()]
    return f"{len(outcome.figures)} {_plural('figure', len(outcome.figures))}: {', '.join(told)}." if told else ""


def figure_sentence(one: FigureChange, tests: int) -> str:
    """`worse by 0.031 [0.012, 0.050], from 0.652 to 0.621; p 0.004 by Holm over 180 figures; margin 0.010; ...`."""
    places = figure_places([one])
    moved = f"from {fixed(one.baseline, places)} to {fixed(one.run, places)}"
    told = [moved] if one.drop is None else [f"{_by(one, one.drop, places)}, {moved}"]
    if one.holm_p is not None:
        told.append(f"p {p_text(one.holm_p)} by Holm over {tests} {_plural('figure', tests)}")
    if one.margin:
        told.append(f"margin {one.margin:.4g}")
    if one.detectable is not None:
        told.append(f"detectable {fixed(one.detectable, places)}")
    told += [text for text in (one.how, one.note) if text]
    return one_line("; ".join(told), LONG)


def _by(one: FigureChange, drop: float, places: int) -> str:
    """`worse by 0.031 [0.012, 0.050]`; of a metric without a direction `lower by`."""
    way = ("worse", "better") if one.higher_is_better is not None else ("lower", "higher")
    low, high = (one.low, one.high) if drop >= 0 else (_minus(one.high), _minus(one.low))
    return f"{way[drop < 0]} by {fixed(abs(drop), places)}{between(low, high, places)}"


def cost_sentence(one: CostChange) -> str:
    """`3.3 times the baseline: 40 instead of 12; 2 times are allowed`."""
    before, after = amount(one, one.baseline), amount(one, one.run)
    times = f"{one.run / one.baseline:.3g} times the baseline: " if one.baseline > 0 else ""
    note = f"; {one.note}" if one.note else ""
    return one_line(f"{times}{after} instead of {before}; {one.allowed:.3g} times are allowed{note}", LONG)


def amount(cost: CostChange, value: float) -> str:
    """A cost as people read it, by what it is of."""
    if "bytes" in cost.what or "memory" in cost.what:
        return size(round(value))
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def power_sentences(outcome: Outcome) -> list[str]:
    """What the gate could not have seen: the range of detectable drops, by unit."""
    told = by_unit([(one, one.detectable) for one in outcome.figures if one.detectable is not None])
    if not told:
        return []
    return [f"A true drop of less than this may well have been missed (80 % power, margins included): {told}."]


def by_unit(found: Sequence[tuple[FigureChange, float]]) -> str:
    """`fraction: 0.012 to 0.31, half of them from 0.045 on; nats: 0.2`; empty for nothing."""
    units: dict[str, list[float]] = {}
    for one, value in found:
        units.setdefault(one_line(one.unit) or "no unit", []).append(value)
    return "; ".join(f"{unit}: {_range(values)}" for unit, values in units.items())


def _range(values: Sequence[float]) -> str:
    ends = list(dict.fromkeys(f"{value:.2g}" for value in (min(values), max(values))))
    half = f", half of them from {statistics.median_low(values):.2g} on" if len(ends) > 1 and len(values) > 2 else ""
    return " to ".join(ends) + half


def figure_places(figures: Sequence[FigureChange]) -> int:
    """Decimals that figures of one metric are shown with."""
    halves = [(one.high - one.low) / 2 for one in figures if one.low is not None and one.high is not None]
    return decimals_of(halves, [value for one in figures for value in (one.baseline, one.run)])


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _ended(text: str) -> str:
    line = one_line(text, LONG)
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."
