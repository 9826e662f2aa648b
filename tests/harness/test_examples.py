"""What a set of examples carries is decided by its examples, and no row is lost without a word."""

from __future__ import annotations

import dataclasses

import pytest

from harness.examples import Example, ExampleSet, Label, Ledger, Message, Pair, Response, carries, user_prompt

TWO = (Response("yes", source="human", reward=1.0), Response("no", source="model", reward=0.0))
FULL = Example("a", user_prompt("?"), TWO, pairs=(Pair(0, 1, share=0.75),), labels=(Label(0, True),))


def without(**changes: object) -> Example:
    return dataclasses.replace(FULL, **changes)


def test_a_user_prompt_is_one_user_turn():
    assert user_prompt("Hi") == (Message("user", "Hi"),)


def test_everything_is_carried_where_every_example_has_it():
    assert carries([FULL, FULL]) == {"pairs", "shares", "labels", "candidates", "rewards", "sources"}


@pytest.mark.parametrize(
    ("poorer", "lost"),
    [
        (without(pairs=()), {"pairs", "shares"}),
        (without(pairs=(Pair(0, 1),)), {"shares"}),
        (without(labels=()), {"labels"}),
        (without(responses=TWO[:1], pairs=()), {"pairs", "shares", "candidates"}),
        (without(responses=(TWO[0], Response("no", source="model"))), {"rewards"}),
        (without(responses=(TWO[0], Response("no", reward=0.0))), {"sources"}),
    ],
)
def test_one_example_that_lacks_it_is_enough_to_lose_it(poorer: Example, lost: set[str]):
    assert carries([FULL, poorer]) == carries([FULL]) - lost


def test_no_example_carries_nothing():
    assert carries([]) == frozenset()


def test_a_set_is_a_sequence_in_its_own_order():
    other = without(id="b")
    examples = ExampleSet((FULL, other))
    assert list(examples) == [FULL, other]
    assert (examples[1], examples[-1], len(examples)) == (other, other, 2)
    assert other in examples


def test_rows_dropped_later_are_added_to_the_ledger_and_no_longer_kept():
    ledger = Ledger(read=10, kept=8, dropped={"empty": 2}, counted={"ties": 1}, named=("f:3: empty",))
    later = ledger.plus(dropped={"empty": 1, "tied": 2}, counted={"ties": 4, "cut": 1})
    assert later == Ledger(
        read=10, kept=5, dropped={"empty": 3, "tied": 2}, counted={"ties": 5, "cut": 1}, named=("f:3: empty",)
    )
    assert later.read == later.kept + sum(later.dropped.values())
    assert ledger.plus() == ledger
