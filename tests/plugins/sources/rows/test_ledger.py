"""Whatever a file holds, every row of it is kept in one split or dropped for a reason."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, get_args

import pytest
from harness_plugins.sources.files import Files

import harness
from harness.examples import Split

HOSTILE: tuple[Any, ...] = (
    None, "", " ", "text", 0, -1, 1e308, float("nan"), True, [], {}, [[]], [{}], {"role": "user"}, "\ud800", "\x00",
    [{"role": "user", "content": "hi"}], [{"role": "robot", "content": "hi"}], [{"role": "assistant", "content": None}],
    "\n\nHuman: a\n\nAssistant: b", [1, 2, 3], {"content": ["x"]}, 10**400, "x" * 5000, [None, None],
)  # fmt: skip
COLUMNS = ("prompt", "chosen", "rejected", "votes", "share", "chosen_source", "score_chosen", "dataset", "messages")
GOOD = b'{"prompt": "p", "chosen": "a", "rejected": "b"}'
LINES = (b"", b"{", b"[1]", b"null", b'{"prompt": "\xff"}', b'{"a":' * 2000, b"  ", b'{"prompt": "a"} {}')


def line(draw: random.Random, number: int) -> bytes:
    kind = draw.random()
    if kind < 0.1:
        return draw.choice(LINES)
    row: dict[str, Any] = {"prompt": f"Question {draw.randrange(40)}?", "chosen": f"yes {number}", "rejected": "no"}
    if kind < 0.6:
        for _ in range(draw.randrange(1, 4)):
            row[draw.choice(COLUMNS)] = draw.choice(HOSTILE)
        if draw.random() < 0.3:
            row.pop(draw.choice(list(row)))
    return json.dumps(row).encode()


def read(source: Files, split: Split, seed: int) -> harness.ExampleSet | None:
    try:
        return source.examples(split, seed)
    except harness.DataError as error:
        if "split is empty" in error.problem:
            return None
        raise


@pytest.mark.parametrize("trial", range(30))
def test_read_is_kept_and_dropped(tmp_path: Path, trial: int):
    draw = random.Random(trial)
    lines = [line(draw, i) for i in range(draw.randrange(1, 120))] + [
        b'{"prompt": "p", "chosen": "a", "rejected": "b"}'
    ]
    held = [GOOD, *(line(draw, i) for i in range(20))]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "b.jsonl").write_bytes(b"\n".join(held))
    own = {"test_path": str(tmp_path / "b.jsonl")} if trial % 2 else {}
    source = Files(path=str(tmp_path / "a.jsonl"), **own, split_seed=trial, bootstrap=trial % 3 == 0)
    kept, ledgers = 0, []
    for split in get_args(Split):
        found = read(source, split, trial)
        if found is None:
            continue
        assert len(found) == found.ledger.kept
        kept += found.ledger.kept
        ledgers.append(found.ledger)
    assert ledgers
    for ledger in ledgers:
        assert (ledger.read, ledger.dropped) == (ledgers[0].read, ledgers[0].dropped)
        assert ledger.read == kept + sum(ledger.dropped.values())
        assert all(count > 0 for count in ledger.dropped.values())
        assert len(ledger.named) == min(10, sum(ledger.dropped.values()))
    files = [lines, *([held] if own else [])]
    assert ledgers[0].read == sum(bool(text.strip()) for listed in files for text in listed)
