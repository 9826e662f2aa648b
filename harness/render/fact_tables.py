"""Tables of what is no figure: what a row is and saw, what it cost, what was counted, what became of the examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.board import Board, BoardRow
from harness.board.evidence import TRAIN
from harness.records import Cost, LedgerRecord
from harness.render.metric_tables import tone
from harness.render.numbers import duration, settings, size, whole
from harness.render.table import Column, Line, Table
from harness.render.text import NONE, one_line


def rows_table(board: Board) -> Table:
    """Method, options, training settings and what the row was given."""
    shared = _shared_training(board)
    lines = tuple(
        Line(
            (
                one_line(row.label),
                _method(row),
                one_line(settings(row.options.items())) or NONE,
                one_line(settings((k, v) for k, v in row.training.items() if k not in shared)) or NONE,
                one_line(", ".join(row.saw)) or NONE,
            ),
            tone(row),
        )
        for row in board.rows
    )
    columns = tuple(Column(title) for title in ("row", "method", "options", "training", "saw"))
    notes = (f"Every trained row: {one_line(settings(shared.items()))}.",) if shared else ()
    return Table("What each row is and saw", columns, lines, notes)


def _method(row: BoardRow) -> str:
    named = row.method if row.own else f"{row.method} (from {row.distribution} {row.version})"
    return one_line(f"{named}, as {row.again} at other seeds" if row.again else named)


def _shared_training(board: Board) -> Mapping[str, Any]:
    """Settings that are the same in every trained row; nothing where there is one row alone."""
    trained = [row.training for row in board.rows if row.training]
    if len(trained) < 2:
        return {}
    return {k: v for k, v in trained[0].items() if k != "learning_rate" and all(t.get(k, ...) == v for t in trained)}


def cost_table(board: Board) -> Table:
    """What a seed of each row cost, and the time of all its seeds together."""
    titles = (
        *("training", "CPU", "peak memory", "prompts", "response tokens", "tokens sampled"),
        *("evaluation", "tokens sampled to judge", "in all"),
    )
    columns = (Column("row"), *(Column(title, right=True) for title in titles))
    lines = tuple(Line((one_line(row.label), *_costs(row)), tone(row)) for row in board.rows)
    note = (
        "Median over seeds; in all: training and evaluation of all seeds. What rows share (the base model, columns) is "
        "charged to none."
    )
    return Table("Cost per seed", columns, lines, (note,))


def _costs(row: BoardRow) -> tuple[str, ...]:
    train, judge = row.cost.train_per_seed, row.cost.evaluate_per_seed
    everything = [cost.seconds for cost in (row.cost.train, row.cost.evaluate) if cost is not None]
    return (
        *_training_costs(train),
        duration(judge.seconds) if judge else NONE,
        whole(judge.sampled_tokens) if judge else NONE,
        duration(sum(everything)) if everything else NONE,
    )


def _training_costs(train: Cost | None) -> tuple[str, ...]:
    if train is None:
        return (NONE,) * 6
    times = duration(train.seconds), duration(train.cpu_seconds), size(train.peak_bytes)
    return (*times, whole(train.prompts), whole(train.response_tokens), whole(train.sampled_tokens))


def counted_table(board: Board) -> Table | None:
    """What evaluators and training counted on the way; None where nothing was."""
    names = dict.fromkeys(
        (what, name) for row in board.rows for what, found in row.counted.items() for name, n in found.items() if n
    )
    if not names:
        return None
    columns = (Column("row"), *(Column(one_line(f"{what}: {name}"), right=True) for what, name in names))
    lines = tuple(
        Line((one_line(row.label), *(_count(row, what, name) for what, name in names)), tone(row)) for row in board.rows
    )
    return Table("Counted on the way, all seeds together", columns, lines)


def _count(row: BoardRow, what: str, name: str) -> str:
    found = row.counted.get(what)
    absent = found is None and (what != TRAIN or not row.training)
    return NONE if absent else whole((found or {}).get(name, 0))


def ledger_table(board: Board) -> Table | None:
    """Examples read, kept, dropped and counted; splits alike in all of it on one line. None where nothing was read."""
    alike: dict[str, list[str]] = {}
    ledgers: dict[str, LedgerRecord] = {}
    for split, ledger in board.ledger.items():
        key = ledger.model_dump_json()
        alike.setdefault(key, []).append(split)
        ledgers[key] = ledger
    if not ledgers:
        return None
    columns = (
        Column("split"),
        Column("read", right=True),
        Column("kept", right=True),
        Column("dropped"),
        Column("counted"),
    )
    lines = tuple(Line((_splits(alike[key]), *_ledger_cells(ledger))) for key, ledger in ledgers.items())
    named = dict.fromkeys(one_line(text) for ledger in ledgers.values() for text in ledger.named)
    return Table("Examples", columns, lines, tuple(f"dropped: {text}" for text in named))


def _splits(names: list[str]) -> str:
    """`train, seed 0; seed 1; seed 2`: what the names begin with alike is said once."""
    first, *others = names
    head, comma, _ = first.partition(", ")
    short = [name.removeprefix(f"{head}{comma}") if comma else name for name in others]
    return one_line("; ".join([first, *short]))


def _ledger_cells(ledger: LedgerRecord) -> tuple[str, ...]:
    return whole(ledger.read), whole(ledger.kept), _tally(ledger.dropped), _tally(ledger.counted)


def _tally(counts: Mapping[str, int]) -> str:
    return one_line(", ".join(f"{whole(n)} {what}" for what, n in counts.items() if n)) or NONE
