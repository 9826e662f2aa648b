"""What the policies answered to a few prompts, with what was found of each answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from harness.board import Board
from harness.board.evidence import TRAIN, Evidence
from harness.records import Record, RunManifest
from harness.report.files import payload
from harness.report.generations import FILE, Written, answers_of, content_of, items_of
from harness.report.report import Answer, Sample
from harness.report.verdicts import metrics_beside, verdicts
from harness.store import Store

MOST_PROMPTS = 24
LONGEST = 2_000
"""Characters of a text; longer ones are cut and marked."""
ALL_CHARACTERS = 4_000_000
"""Of all answers together, were each as long as it may be."""


_Kept: TypeAlias = tuple[int | None, str]
"""Seed and digest of an evaluation that kept answers."""


def samples(
    manifest: RunManifest, records: Mapping[str, Record], board: Board, stores: Sequence[Store]
) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    """A few prompts with every row's answer, and the metrics that stand beside answers, in the order of the board.

    The prompts are chosen by the ids of their items alone: of those that every row answered, sorted, as many as there
    is room for, at equal distances. The answers are those of each row's first seed that has any.
    """
    evidence = {row.label: [Evidence(c, records.get(c.digest or "")) for c in row.cells] for row in manifest.rows}
    ordered = {row.label: evidence[row.label] for row in board.rows if row.label in evidence}
    asking = {label: kept for label in _evaluators(manifest) if (kept := _answered(label, ordered))}
    beside = metrics_beside(board, asking)
    found: list[Sample] = []
    for (label, kept), share in zip(asking.items(), _shares(len(asking), len(ordered)), strict=True):
        found += _samples(label, kept, share, ordered, stores, beside)
    shown = {name for sample in found for answer in sample.answers for name in answer.verdicts}
    return tuple(found), tuple(heading.name for heading in board.metrics if heading.name in shown)


def _evaluators(manifest: RunManifest) -> list[str]:
    cells = (cell.what for row in manifest.rows for cell in row.cells if cell.what != TRAIN)
    return list(dict.fromkeys([*manifest.evaluators, *cells]))


def _answered(label: str, evidence: Mapping[str, Sequence[Evidence]]) -> dict[str, list[_Kept]]:
    """Per row, the evaluations that kept answers, seeds ascending; rows without one are left out."""
    found: dict[str, list[_Kept]] = {}
    for row, cells in evidence.items():
        kept = [one for one in cells if one.cell.what == label and one.record and FILE in one.record.payload]
        if kept:
            ascending = sorted(kept, key=lambda one: -1 if one.cell.seed is None else one.cell.seed)
            found[row] = [(one.cell.seed, one.cell.digest or "") for one in ascending]
    return found


def _shares(evaluators: int, rows: int) -> list[int]:
    """How many prompts of each evaluator are shown; the first ones have one more where they do not divide."""
    prompts = max(1, min(MOST_PROMPTS, ALL_CHARACTERS // (max(1, rows) * LONGEST)))
    return [max(1, (prompts + evaluators - 1 - k) // evaluators) for k in range(evaluators)]


def _samples(
    label: str,
    kept: Mapping[str, Sequence[_Kept]],
    share: int,
    evidence: Mapping[str, Sequence[Evidence]],
    stores: Sequence[Store],
    beside: frozenset[str],
) -> list[Sample]:
    """Of one evaluator."""
    first = {row: found for row, seeds in kept.items() if (found := _first(seeds, stores))}
    if not first:
        return []
    opening = next(iter(first.values()))[1]
    chosen = _spread(items_of(content_of(stores, opening)), share)
    written = _written(first, stores, chosen)
    if any(len(answers) < len(chosen) for answers in written.values()):
        chosen = _spread(_common(first, stores), share)
        written = _written(first, stores, chosen)
    found = {row: verdicts(label, evidence[row], seed, chosen, beside) for row, (seed, _) in first.items()}
    return [made for item in chosen if (made := _sample(label, item, written, found))]


def _first(evaluations: Sequence[_Kept], stores: Sequence[Store]) -> _Kept | None:
    """The first of them whose answers are still there."""
    return next((one for one in evaluations if payload(stores, one[1], FILE)), None)


def _written(
    first: Mapping[str, _Kept], stores: Sequence[Store], chosen: Sequence[str]
) -> dict[str, dict[str, Written]]:
    return {row: answers_of(content_of(stores, digest), chosen) for row, (_, digest) in first.items()}


def _common(first: Mapping[str, _Kept], stores: Sequence[Store]) -> set[str]:
    """What every row answered; a row that was asked other things than those before it leaves them what they share."""
    common: set[str] = set()
    for _, digest in first.values():
        items = items_of(content_of(stores, digest))
        common = common & items or common or items
    return common


def _spread(ids: Collection[str], most: int) -> list[str]:
    """At most that many of them, sorted, at equal distances."""
    ordered, n = sorted(ids), min(most, len(ids))
    return [ordered[k * len(ordered) // n] for k in range(n)]


def _sample(
    label: str,
    item: str,
    written: Mapping[str, Mapping[str, Written]],
    found: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> Sample | None:
    """None where nobody's answer can be read. Rows that were asked something else under this id are left out."""
    told = {row: answers[item] for row, answers in written.items() if item in answers}
    if not told:
        return None
    prompt = next(iter(told.values())).prompt
    answers = tuple(
        Answer(row, one.response[:LONGEST], one.finished, len(one.response) > LONGEST, found[row].get(item, {}))
        for row, one in told.items()
        if one.prompt == prompt
    )
    return Sample(label, item, _both_ends(prompt), answers)


def _both_ends(text: str) -> str:
    """A long prompt without its middle: it may end in what is asked."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} characters left out …]\n{text[-half:]}"
