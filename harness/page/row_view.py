"""One row of the ranked table, and what is told of it when it is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.board import Board, BoardRow
from harness.render.numbers import duration, settings, size, whole
from harness.render.text import NONE, one_line
from harness.report import Report, Surroundings

SIGNS = {
    "best": "◆",
    "tied with best": "●",
    "behind": "▼",
    "undetermined": "✚",
    "reference": "■",
    "control": "▶",
    "no figure": "–",
}
"""As figures draw them."""
LONGEST_SETTINGS = 2000
NAMELESS = "(no name)"
"""Of a row whose label has nothing that can be seen."""


@dataclass(frozen=True)
class Sortable:
    """Text, and the number it is sorted by; None where there is none."""

    text: str
    value: float | None


@dataclass(frozen=True)
class RowView:
    """One row."""

    label: str
    method: str
    kind: str
    standing: str
    sign: str
    place: int
    """In the order of the board, from 0."""
    rank: int
    """By standing, then in the order of the board."""
    competes: bool
    leads: bool
    """In the set of rows that may be the best."""
    tags: tuple[str, ...]
    """Such as "A/A of dpo" or "group A"."""
    source: str
    """Distribution and version of a third party's; empty for our own."""
    seeds: Sortable
    time: Sortable
    memory: Sortable
    tokens: Sortable
    tuned: str
    status: str
    reasons: tuple[str, ...]
    """What is not there, and why."""
    prompts: int | None
    facts: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """For the page's script: what is not in the table."""
        return {
            "label": self.label,
            "standing": self.standing,
            "sign": self.sign,
            "competes": self.competes,
            "source": self.source,
            "status": self.status,
            "reasons": self.reasons,
            "facts": self.facts,
            "sentences": self.sentences,
        }


def row_views(report: Report) -> tuple[RowView, ...]:
    """All rows in the order of the board."""
    board = report.board
    metrics = Counter(_family(heading.name) for heading in board.metrics)
    on_gpu = {label for one in report.surroundings if _on_gpu(one) for label in one.rows}
    sentences: dict[str, list[str]] = {}
    for family in board.comparisons:
        if family.metric == board.primary_metric:
            for one in family.comparisons:
                told = one.sentence + (f" Note: {one.note}." if one.note else "")
                sentences.setdefault(one.row, []).append(one_line(told, LONGEST_SETTINGS))
    return tuple(
        _view(board, row, place, sentences.get(row.label, ()), metrics, gpu=row.label in on_gpu)
        for place, row in enumerate(board.rows)
    )


def _on_gpu(one: Surroundings) -> bool:
    return str(one.engine.get("device", "")).startswith("cuda")


def _view(
    board: Board, row: BoardRow, place: int, sentences: Sequence[str], metrics: Mapping[str, int], *, gpu: bool
) -> RowView:
    train = row.cost.train_per_seed
    seconds = None if train is None else train.seconds if gpu else train.cpu_seconds
    tokens = None if train is None else train.response_tokens + train.sampled_tokens
    return RowView(
        label=one_line(row.label) or NAMELESS,
        method=one_line(row.method),
        kind=row.kind,
        standing=row.standing,
        sign=SIGNS[row.standing],
        place=place,
        rank=list(SIGNS).index(row.standing) * len(board.rows) + place,
        competes=not row.reference,
        leads=row.standing in {"best", "tied with best"},
        tags=tuple(_tags(row)),
        source="" if row.own else one_line(f"{row.distribution} {row.version}"),
        seeds=_seeds(row),
        time=Sortable(NONE, None)
        if seconds is None
        else Sortable(f"{duration(seconds)} {'GPU' if gpu else 'CPU'}", seconds),
        memory=Sortable(NONE, None) if train is None else Sortable(size(train.peak_bytes), train.peak_bytes),
        tokens=Sortable(NONE, None) if tokens is None else Sortable(whole(tokens), tokens),
        tuned=_tuned(row),
        status=row.status,
        reasons=tuple(_reasons(row, metrics)),
        prompts=row.prompts,
        facts=tuple(_facts(board, row)),
        sentences=tuple(sentences),
    )


def _tags(row: BoardRow) -> list[str]:
    found = [f"{row.kind}"] if row.kind != "method" and row.method not in {"base", "oracle"} else []
    if row.again:
        found.append(f"A/A of {one_line(row.again)}")
    elif row.default_of:
        found.append(f"{one_line(row.default_of)} before tuning")
    if row.group:
        found.append(f"group {one_line(row.group)}")
    return found


def _seeds(row: BoardRow) -> Sortable:
    if not row.seeds:
        return Sortable(NONE, None)
    used, planned = len(row.seeds_used), len(row.seeds)
    return Sortable(str(planned) if used == planned else f"{used} of {planned}", used)


def _tuned(row: BoardRow) -> str:
    if not row.training:
        return NONE
    return "tuned" if row.tuned else "before tuning" if row.default_of else "untuned"


def _family(metric: str) -> str:
    return metric.split("/")[0]


def _share(family: str, missing: int, metrics: int) -> str:
    return family if missing == metrics else f"{missing} of {metrics} figures of {family}"


def _reasons(row: BoardRow, of: Mapping[str, int]) -> list[str]:
    """The row's own reason; then every reason for a gap, with what it leaves out.

    Args:
        row: of the board.
        of: how many metrics each family has.
    """
    gaps: dict[tuple[str, str], list[str]] = {}
    for name, gap in row.skipped.items():
        gaps.setdefault((gap.state, gap.reason), []).append(name)
    told = [one_line(row.reason)] if row.reason else []
    for (state, reason), names in gaps.items():
        families = [_share(one_line(family), n, of[family]) for family, n in Counter(map(_family, names)).items()]
        found = f"{', '.join(families)} {state}: {one_line(reason)}"
        told += [found] if one_line(reason) not in " ".join(told) or not row.reason else []
    return told


def _facts(board: Board, row: BoardRow) -> list[tuple[str, str]]:
    beaten = ""
    if row.beaten_by is not None:
        beaten = f"{one_line(row.beaten_by[0])} (p {row.beaten_by[1]:.3g}, by Holm)"
    training = one_line(settings(row.training.items()), LONGEST_SETTINGS)
    told: Mapping[str, str] = {
        "Method": one_line(row.method),
        "Standing": row.standing,
        "Beaten by": beaten,
        "From": one_line(f"{row.distribution} {row.version}") + ("" if row.own else " (third party)"),
        "Options": one_line(settings(row.options.items()), LONGEST_SETTINGS),
        "Training": training,
        "Settings": _tuned(row),
        "Training prompts": "all" if row.training and row.prompts is None else whole(row.prompts or 0),
        "Was given": one_line(", ".join(row.saw), LONGEST_SETTINGS),
        "Trained on": one_line(board.groups.get(row.group, ""), LONGEST_SETTINGS) if row.group else "",
        "Seeds": ", ".join(map(str, row.seeds)),
        "Cost of a seed": _cost(row),
        "Counted": one_line(_counted(row), LONGEST_SETTINGS),
    }
    hidden = set[str]() if row.training else {"Settings", "Training prompts"}
    return [(name, text) for name, text in told.items() if text and name not in hidden]


def _cost(row: BoardRow) -> str:
    train, judge = row.cost.train_per_seed, row.cost.evaluate_per_seed
    parts: list[str] = []
    if train is not None:
        parts.append(
            f"training {duration(train.seconds)}, CPU {duration(train.cpu_seconds)}, peak {size(train.peak_bytes)}, "
            f"{whole(train.steps)} steps, {whole(train.response_tokens)} response tokens, "
            f"{whole(train.sampled_tokens)} tokens sampled"
        )
    if judge is not None:
        parts.append(f"evaluation {duration(judge.seconds)}, {whole(judge.sampled_tokens)} tokens sampled")
    return "; ".join(parts)


def _counted(row: BoardRow) -> str:
    return "; ".join(
        f"{what}: {', '.join(f'{whole(n)} {name}' for name, n in found.items() if n)}"
        for what, found in row.counted.items()
        if any(found.values())
    )
