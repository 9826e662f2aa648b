"""Holds a run to a baseline: every figure, loss, cost and example."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from harness.baseline_records import BaselineRecord
from harness.board.belongs import unlike
from harness.board.make import Draft, draft
from harness.errors import HarnessError
from harness.gate.changes import listed, row_changed, versions_changed
from harness.gate.compare import RowPool, Twice, compared, pools_of
from harness.gate.costs import cost_changes, other_host
from harness.gate.ledgers import items_changed, ledger_changed
from harness.gate.losses import losses_of, novelties
from harness.gate.margins import Settings
from harness.gate.outcome import FigureChange, Outcome, Verdict
from harness.gate.surroundings import host_of, steps_of, versions_of, weights_of
from harness.gate.values import values_of
from harness.gate.verdicts import verdicts
from harness.records import Record, RunManifest
from harness.statistics import LEAST_ROWS


def check(
    baseline: BaselineRecord, manifest: RunManifest, records: Mapping[str, Record], settings: Settings
) -> Outcome:
    """Hold a run to a baseline.

    Args:
        baseline: of `read_baseline`.
        manifest: of the run.
        records: by digest, as for `harness.board.make_board`.
        settings: how.

    Raises:
        HarnessError: the run is of another suite, or a trial.
        StoreError: values of the baseline are damaged.
    """
    _belongs(baseline, manifest)
    settings.margins.check({figure.metric for row in baseline.rows for figure in row.figures})
    found = draft(manifest, records)
    rows = {row.label: row for row in found.rows}
    pairs = twice(baseline, found)
    steps = steps_of(manifest, records)
    other, weights = _other_weights(baseline, manifest, weights_of(manifest, records))
    pools, pooling = pooled_spreads(baseline, pairs, settings)
    lost = _lost_by_base(baseline, pairs, other)
    figures = verdicts([compared(one, pools) for one in pairs], other, lost, settings)
    others, varying = items_changed(baseline, pairs)
    ledger = (*ledger_changed(baseline.ledgers, manifest.ledgers), *others)
    losses = losses_of(baseline, rows)
    elsewhere = other_host(baseline.host, host_of(steps))
    kept = [row for row in baseline.rows if row.label in rows]
    costs = tuple(c for row in kept for c in cost_changes(row, rows[row.label], settings.cost_factor, elsewhere))
    versions = versions_changed(baseline.versions, versions_of(steps))
    metrics = [heading.name for heading in found.metrics if not heading.subset]
    notes = (
        *([weights] if weights else []),
        *([pooling] if pooling else []),
        *(told for row in kept for told in row_changed(row, rows[row.label])),
        *([versions] if versions else []),
        *varying,
        *novelties(baseline, rows, metrics),
    )
    tests = sum(1 for one in figures if one.p is not None)
    wrong = bool(losses or ledger or any(one.grown for one in costs) or any(f.verdict == "dropped" for f in figures))
    verdict: Verdict = "regression" if wrong else "holds" if tests else "undetermined"
    if verdict == "undetermined":
        notes = (_untested(figures), *notes)
    return Outcome(manifest.suite, verdict, settings.alpha, tests, figures, losses, ledger, costs, notes)


def _untested(figures: Sequence[FigureChange]) -> str:
    """Why nothing can be said: the reason that most figures have."""
    reasons = Counter(one.note.partition("; ")[0] for one in figures)
    if not reasons:
        return "the run and the baseline have no figure in common"
    return f"no figure could be tested: {reasons.most_common(1)[0][0]}"


def _belongs(baseline: BaselineRecord, manifest: RunManifest) -> None:
    if baseline.suite != manifest.suite:
        raise HarnessError(
            f"the baseline is of the suite {baseline.suite!r}, these results are of {manifest.suite!r}",
            fix="name the baseline of this suite, or the results of that one",
        )
    if manifest.trial:
        raise HarnessError(
            "a trial run cannot be held to a baseline: --limit cut its examples short",
            where=manifest.suite,
            fix="run the suite without --limit",
        )
    reasons = unlike(baseline.as_run, manifest.as_run)
    if reasons:
        raise HarnessError(
            f"the baseline does not belong to these results (here: the baseline, there: the run): {'; '.join(reasons)}",
            where=manifest.suite,
            fix="run the suite as it was when the baseline was accepted, or accept these results as the new baseline",
        )


def twice(baseline: BaselineRecord, found: Draft) -> list[Twice]:
    """Every metric of every row that both have, in the order of the baseline; not those that became another figure.

    Raises:
        StoreError: values of the baseline are damaged.
    """
    values, rows = values_of(baseline), {row.label: row for row in found.rows}
    made: list[Twice] = []
    for row in baseline.rows:
        now = rows.get(row.label)
        for figure in row.figures:
            measure = None if now is None else now.metrics.get(figure.metric)
            if now is None or measure is None:
                continue
            if (measure.unit, measure.higher_is_better) == (figure.unit, figure.higher_is_better):
                before = values[row.label].get(figure.metric)
                after = found.tables.get(figure.metric, {}).get(row.label)
                contender = row.contender and not now.reference
                made.append(Twice(row.label, figure, measure, before, after, contender, now.prompts))
    return made


def pooled_spreads(
    baseline: BaselineRecord, pairs: Sequence[Twice], settings: Settings
) -> tuple[dict[tuple[str, int | None], RowPool], str]:
    """The seed spreads that rows have in common, where the baseline's suite declared so before it ran; a note."""
    stated = baseline.as_run.get("statistics")
    declared = isinstance(stated, Mapping) and stated.get("seed_spread") == "pooled"  # pyright: ignore[reportUnknownMemberType]
    if not declared or settings.seed_spread == "own":
        return {}, ""
    pools = pools_of(pairs)
    wanted = {p.metric for p in pairs if p.trained and p.contender and p.before.higher_is_better is not None}
    lacking = sorted(wanted - {metric for metric, _ in pools})
    if not lacking:
        return pools, ""
    told = f"the suite declares one seed spread for its rows, but fewer than {LEAST_ROWS} rows tell it for"
    return pools, f"{told} {listed(lacking)}: each row's own is used there"


def _other_weights(
    baseline: BaselineRecord, manifest: RunManifest, weights: Mapping[str, str]
) -> tuple[frozenset[str], str]:
    """Rows whose base model is not known to have the weights that it has in the baseline, and a note."""
    known = baseline.weights
    differ = [name for name in {**known, **weights} if not known.get(name) or known.get(name) != weights.get(name)]
    rows = frozenset(
        label
        for step in manifest.shared
        for label in step.rows
        if any(m == step.what or m.startswith(f"{step.what} (") for m in differ)
    )
    if not differ:
        return rows, ""
    unknown = any(not known.get(name) or not weights.get(name) for name in differ)
    told = "was made anew and has other weights than in the baseline"
    if unknown:
        told = "is not known to have the weights that it has in the baseline"
    return rows, f"the {listed(differ)} {told}: what it lost itself is let pass in the rows that were trained from it"


def _lost_by_base(baseline: BaselineRecord, pairs: Sequence[Twice], other: frozenset[str]) -> dict[str, float]:
    """Per metric, how much worse the base model itself is, where it is another one than in the baseline."""
    bases = {row.label for row in baseline.rows if row.method == "base"} & other
    found = [p for p in pairs if p.row in bases and p.before.higher_is_better is not None]
    return {p.metric: p.drop for p in found if math.isfinite(p.drop) and p.drop > 0}
