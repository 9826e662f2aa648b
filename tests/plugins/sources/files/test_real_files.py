"""On real preferences from elsewhere, where they are at hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from harness_plugins.sources.files import Files

from harness import Example, Ledger
from harness.conversions import meet
from harness.examples import Need, carries

DATA = Path(__file__).parents[5] / "shared" / "data" / "preferences"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no preferences in {DATA}")


def whole(name: str, **options: tuple[str, ...]) -> tuple[list[Example], Ledger]:
    source = Files(path=str(DATA / name), **options)  # pyright: ignore[reportArgumentType]
    found = [source.examples(split, 0) for split in ("train", "validation", "test")]
    ledger = found[0].ledger
    assert ledger.read == sum(ledger.dropped.values()) + sum(e.ledger.kept for e in found)
    prompts = [{tuple(turn.content for turn in e.prompt) for e in part} for part in found]
    assert sum(map(len, prompts)) == len(set.union(*prompts))
    examples = [example for part in found for example in part]
    assert len({e.id for e in examples}) == len(examples)
    counted = sum((Counter(part.ledger.counted) for part in found), Counter[str]())
    return examples, Ledger(ledger.read, len(examples), ledger.dropped, dict(counted), ledger.named)


@pytest.mark.parametrize(
    ("name", "rows", "carried", "counted"),
    [
        ("pairs.jsonl.gz", 2146, {"pairs", "candidates"}, {"empty responses": 4}),
        ("dpo_en_demo.json.gz", 300, {"pairs", "candidates"}, {}),
        ("kto_en_demo.json.gz", 300, {"labels"}, {}),
        ("candidates.jsonl.gz", 3220, {"candidates", "rewards", "sources"}, {"repeated candidates": 42}),
        ("sources.jsonl.gz", 96, {"candidates", "sources"}, {}),
    ],
)
def test_every_row_is_read(name: str, rows: int, carried: set[Need], counted: dict[str, int]):
    examples, ledger = whole(name)
    assert carries(examples) == carried
    assert ledger == Ledger(rows, rows, {}, counted, ())


def test_the_demo_pairs_keep_their_turns():
    examples, _ = whole("dpo_en_demo.json.gz")
    roles = Counter(tuple(turn.role for turn in e.prompt) for e in examples)
    assert roles[("user",)] == 114
    assert roles[("system", "user")] == 80
    assert all(e.prompt[-1].role == "user" for e in examples)


def test_unpaired_labels_are_half_and_half():
    examples, _ = whole("kto_en_demo.json.gz")
    assert Counter(label.desirable for e in examples for label in e.labels) == {True: 150, False: 150}


def test_four_candidates_a_prompt_become_pairs():
    found = Files(path=str(DATA / "candidates.jsonl.gz")).examples("test", 0)
    assert {len(e.responses) for e in found} == {4}
    assert "pairs" in carries(meet(found, {"pairs"}))


def test_the_votes_of_one_subset_are_shares():
    examples, ledger = whole("pairs.jsonl.gz", subsets=("open_instruct_human",))
    assert carries(examples) == {"pairs", "shares", "candidates", "sources"}
    assert min(e.pairs[0].share or 0 for e in examples) > 0.5
    assert ledger.dropped == {"of a subset that is not asked for": 1474}
