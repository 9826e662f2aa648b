"""Pairs of scored candidates, at most so many a prompt: ten thousand candidates would make fifty million."""

from __future__ import annotations

import dataclasses
import math
import random

import harness
from harness.conversions import pairs_from_rewards
from harness.digest import digest

NOT_DRAWN = "candidate pairs not drawn"
"""What the ledger calls them."""


def candidate_pairs(examples: harness.ExampleSet, most: int) -> harness.ExampleSet:
    """As `harness.conversions.pairs_from_rewards`, but where a prompt's candidates make more than `most` pairs, so many
    of those are drawn: uniformly, by the id of the example, so that every row has the same ones.
    """
    large = {e.id for e in examples if math.comb(len(e.responses), 2) > most}
    small = pairs_from_rewards(harness.ExampleSet(tuple(e for e in examples if e.id not in large), examples.ledger))
    if not large:
        return small
    made = {e.id: e for e in small}
    ties = repeats = left = lost = 0
    for example in examples:
        if example.id not in large:
            continue
        pairs: list[harness.Pair] = []
        every = math.comb(len(example.responses), 2)
        for number in random.Random(digest(example.id)).sample(range(every), most):
            i, j = _pair(number)
            a, b = example.responses[i], example.responses[j]
            assert a.reward is not None
            assert b.reward is not None
            if a.reward == b.reward:
                ties += 1
            elif a.text == b.text:
                repeats += 1
            else:
                pairs.append(harness.Pair(i, j) if a.reward > b.reward else harness.Pair(j, i))
        left += every - most
        lost += not pairs
        if pairs:
            made[example.id] = dataclasses.replace(example, pairs=tuple(pairs))
    counts = {"tied candidate pairs": ties, "candidate pairs of one text": repeats, NOT_DRAWN: left}
    ledger = small.ledger.plus(
        dropped={"no candidate preferred": lost} if lost else None, counted={k: n for k, n in counts.items() if n}
    )
    return harness.ExampleSet(tuple(made[e.id] for e in examples if e.id in made), ledger)


def _pair(number: int) -> tuple[int, int]:
    """The number-th of (1, 0), (2, 0), (2, 1), (3, 0), ..."""
    i = (1 + math.isqrt(1 + 8 * number)) // 2
    return i, number - i * (i - 1) // 2
