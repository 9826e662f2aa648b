"""A run in which all that comes from outside is hostile: labels, options, reasons, metrics, items, prompts, answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import boards
import numpy as np
from results_folder import write_run

from harness.audit_record import (
    NOTE,
    AuditRecord,
    Lengths,
    NearPair,
    NearSettings,
    SharedPrompts,
    SourceTally,
    SplitAudit,
    TokenFacts,
)
from harness.baseline_records import Acceptance, AcceptedChange, AcceptedFigure, HistoryRecord
from harness.records import (
    Cell,
    Cost,
    FigureRecord,
    LedgerRecord,
    Provenance,
    Published,
    Record,
    RowManifest,
    RunManifest,
    SharedStep,
    StatisticsRecord,
)
from harness.study_records import Circumstances, Design, RowSettings, StudiesRecord, StudyRecord, TrialRecord
from harness.upgrades import read_record

SUITE = "hostile"
SEEDS = (0, 1, 2)
PLAIN = {
    "truth": (("win_rate_behaviour", "fraction", True), ("legitimate", "fraction", True), ("reward", "reward", True)),
    "drift": (("kl", "nats", None), ("length", "tokens", None)),
}
"""Metrics under the names they have in real runs: what figures are drawn of."""


def digest_of(*parts: object) -> str:
    return hashlib.md5("\x00".join(map(str, parts)).encode()).hexdigest()


def run(texts: Sequence[str], metrics: int = 99) -> tuple[RunManifest, dict[str, Record]]:
    """A run with a row and an item for each of the texts, which stand wherever a text may; so many are metrics."""
    draw = np.random.default_rng(3)
    first = texts[0]
    records: dict[str, Record] = {}
    rows = [_row("base", "base", [None], texts, metrics, draw, records)]
    rows += [_row(text, text, SEEDS, texts, metrics, draw, records) for text in texts]
    again = _row(f"again {first}", first, [100, 101, 102], texts, metrics, draw, records)
    rows.append(again.model_copy(update={"again": first}))
    audit, shared = digest_of("audit"), digest_of("shared")
    records[audit] = _record("audit", audit, notes={NOTE: audit_of(texts).model_dump(mode="json")}, texts=texts)
    records[shared] = _record("column", shared, notes=dict.fromkeys(texts, 0.5), texts=texts)
    manifest = boards.manifest(
        rows,
        [*PLAIN, first],
        suite=SUITE,
        description=" ".join(texts),
        model=first,
        data=texts[-1],
        as_run={"description": first, "data": {"source": first}, "methods": [{"method": t, "label": t} for t in texts],
                **{text: [text, {text: text}] for text in texts}},
        ledgers={text: _ledger(text) for text in texts},
        audit=Cell(what="audit", seed=None, digest=audit, state="done"),
        shared=[SharedStep(what=text, digest=shared, rows=list(texts)) for text in texts],
        published=[Published(row=t, metric=f"{first}/{t}", per_seed={t: 0.5, "0": 0.5}, source=t) for t in texts],
        statistics=StatisticsRecord(baseline=first),
        studies=studies_of(texts, texts),
    )  # fmt: skip
    return manifest, records


def write(root: Path, texts: Sequence[str], metrics: int = 99) -> Path:
    """The run as a results folder, with what its policies answered. Returns the suite's folder."""
    manifest, records = run(texts, metrics)
    return write_run(root, manifest, records, answers=lambda _: _answers(texts), curve=lambda _: _curve(texts))


def history(texts: Sequence[str], metrics: int = 99) -> HistoryRecord:
    """Two acceptances of such a run."""
    plain = [f"{evaluator}/{metric}" for evaluator, found in PLAIN.items() for metric, *_ in found]
    named = [*plain, *(f"{texts[0]}/{text}" for text in texts[:metrics])]
    return history_of(texts, named, ["\n".join(texts), " ".join(texts)], SUITE)


def history_of(rows: Sequence[str], metrics: Sequence[str], messages: Sequence[str], suite: str) -> HistoryRecord:
    """An acceptance per message."""
    figures = [
        [
            AcceptedFigure(row=row, metric=metric, unit=metric, higher_is_better=True, mean=0.5 + number / 10,
                           ci95=(0.4, 0.6 + number / 10), per_seed={0: 0.5, 1: 0.6})
            for row in rows for metric in metrics
        ]
        for number in range(len(messages))
    ]  # fmt: skip
    changes = [
        AcceptedChange(row=r, metric=metrics[0], before=0.5, after=0.6, difference=0.1, low=0.0, high=0.2) for r in rows
    ]
    acceptances = [
        Acceptance(
            accepted=f"2026-01-0{number + 1}T00:00:00+00:00", message=message, commit=rows[number % len(rows)],
            version=rows[-1], suite_digest="0" * 32, board_digest=str(number) * 32, figures=figures[number],
            changes=changes if number else [], settings_changed=list(rows) if number else [],
        )
        for number, message in enumerate(messages)
    ]  # fmt: skip
    return HistoryRecord(suite=suite, acceptances=acceptances)


def _row(
    label: str,
    method: str,
    seeds: Sequence[int | None],
    texts: Sequence[str],
    metrics: int,
    draw: np.random.Generator,
    records: dict[str, Record],
) -> RowManifest:
    cells: list[Cell] = []
    for seed in seeds:
        if seed is not None:
            name = digest_of("train", label, seed)
            cells.append(Cell(what="train", seed=seed, digest=name, state="done"))
            counted = {"counted": dict.fromkeys(texts, 1), **{text: text for text in texts}}
            records[name] = _record("train", name, notes=counted, texts=texts)
        for evaluator in (*PLAIN, texts[0]):
            name = digest_of(evaluator, label, seed)
            cells.append(Cell(what=evaluator, seed=seed, digest=name, state="done"))
            plain = PLAIN.get(evaluator, tuple((text, text, True) for text in texts[:metrics]))
            figures = [_figure(f"{evaluator}/{m}", unit, higher, m, texts, draw) for m, unit, higher in plain]
            made = boards.evaluation(
                name, figures, evaluator=evaluator, items=[*texts, "plain"], counted=dict.fromkeys(texts, 2)
            )
            records[name] = made.model_copy(update={"provenance": _provenance(texts)})
        cells.append(Cell(what=texts[-1], seed=seed, digest=None, state="failed", reason=" ".join(texts)))
    return boards.row(
        label,
        cells,
        method=method,
        options={label: {label: [label, label]}, "beta": label},
        training={"learning_rate": 0.001, label: label},
        own=False,
        distribution=label,
        saw=[label, label],
    ).model_copy(update={"version": label})


def _figure(
    metric: str, unit: str, higher: bool | None, about: str, texts: Sequence[str], draw: np.random.Generator
) -> FigureRecord:
    return boards.figure(metric, draw.uniform(0, 1, len(texts) + 1), unit=unit, higher=higher, about=about)


def _provenance(texts: Sequence[str]) -> Provenance:
    named = {text: text for text in texts}
    plugins = {text: {"distribution": text, "version": text, "sources": text} for text in texts}
    return Provenance(
        started=texts[0], host={**named, "processor": texts[0], "gpus": list(texts)}, versions=named, plugins=plugins,
        engine=named,
    )  # fmt: skip


def _record(kind: str, digest: str, *, notes: dict[str, Any], texts: Sequence[str]) -> Record:
    cost = Cost(seconds=1.0, cpu_seconds=2.0, peak_bytes=10**9, steps=4, prompts=40, response_tokens=400)
    plain = {"kind": kind, "digest": digest, "identity": {}, "payload": [], "cost": cost, "notes": notes}
    return read_record(Record(**plain, provenance=_provenance(texts)).model_dump_json().encode())


def _ledger(text: str) -> LedgerRecord:
    return LedgerRecord(read=9, kept=7, dropped={text: 2}, counted={text: 3}, named=[text, f"{text}: {text}"])


def audit_of(texts: Sequence[str]) -> AuditRecord:
    first = texts[0]
    lengths = Lengths(chosen=4.0, rejected=5.0, longer=0.4, equal=0.1, accuracy=0.45, ci95=(0.4, 0.5))
    splits = [
        SplitAudit(
            name=text, ledger=_ledger(text), examples=9, prompts=9, responses=18, pairs=9, found={}, lengths=lengths,
            named={"empty_responses": [text]}, sources={text: SourceTally(chosen=4, rejected=5)},
        )
        for text in texts
    ]  # fmt: skip
    near = [NearPair(held_out=t, other=t, similarity=0.9, held_out_text=t, other_text=t) for t in texts]
    shared = SharedPrompts(
        held_out=first, other=texts[-1], exact=1, exact_prompts=1, near=1, near_prompts=1, patterned=0, named=near
    )
    tokens = TokenFacts(template="chat", longest=9, bos=first, eos=texts[-1], answer_end=first)
    settings = NearSettings(threshold=0.8, common=0.1, pattern=10, alike=0.5)
    return AuditRecord(tokens=tokens, splits=splits, absent={t: t for t in texts}, shared=[shared], near=settings)


def studies_of(texts: Sequence[str], rows: Sequence[str]) -> StudiesRecord:
    """A study of three trials for each of the rows."""

    def study(row: str, text: str) -> StudyRecord:
        trials = [
            TrialRecord(number=0, settings={text: text}, state="failed", value=None, reason=text, digest="0"),
            TrialRecord(number=1, settings={text: 0.1}, state="done", value=0.5, digest="1"),
            TrialRecord(number=2, settings={text: 0.2}, state="done", value=0.6, digest="2"),
        ]
        settings = RowSettings(method=text, options={text: text}, training={text: text}, init=None)
        return StudyRecord(
            row=row, space={text: {"choices": [text], "source": text}}, budget={"prompts": 9, "epochs": 1, "read": 9},
            higher_is_better=True, trials=trials, planned=3, best=2, own=settings, chosen=settings,
        )  # fmt: skip

    design = Design(
        trials=3, metric=f"{texts[0]}/{texts[0]}", split=texts[0], seed=0, training_seed=1, sampler=texts[-1],
        library=texts[-1],
    )  # fmt: skip
    named = {text: text for text in texts}
    return StudiesRecord(
        suite=texts[0], suite_digest="0" * 32, limit=None, design=design,
        circumstances=Circumstances(data=named, model=named, tokens=named),
        studies=[study(row, text) for row, text in zip(rows, cycle(texts), strict=False)],
    )  # fmt: skip


def _curve(texts: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"step": step, "loss": 1 / step, "gradient_norm": 1.0, "learning_rate": 0.1, **dict.fromkeys(texts, step / 9)}
        for step in range(1, 9)
    ]


def _answers(texts: Sequence[str]) -> list[dict[str, Any]]:
    answers = [{"item": t, "prompt": t, "response": t, "finished": i % 2 == 0} for i, t in enumerate(texts)]
    return [*answers, {"item": "plain", "prompt": "a\ud800b", "response": "\udc00\ud800 \x00", "finished": True}]
