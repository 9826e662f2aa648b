"""The pairs that methods are given, whatever the data state them as."""

from __future__ import annotations

from harness.conversions import ONE_TEXT, TIED, pairs_from_rewards
from harness.examples import Example, ExampleSet, Pair, carries


def judged(examples: ExampleSet) -> tuple[dict[str, tuple[Pair, ...]], dict[str, int]]:
    """Pairs by an example's id, and how many were tied or of one text and so are none.

    Scored candidates without pairs are converted, as they are for methods that need pairs.
    """
    if not any(example.pairs for example in examples) and {"candidates", "rewards"} <= carries(examples):
        converted = pairs_from_rewards(examples)
        counted, before = converted.ledger.counted, examples.ledger.counted
        lost = {
            key: counted.get(name, 0) - before.get(name, 0) for key, name in (("tied", TIED), ("identical", ONE_TEXT))
        }
        return {example.id: example.pairs for example in converted}, lost
    return {example.id: example.pairs for example in examples}, {}


def tied(example: Example, pair: Pair) -> bool:
    """True if raters were of two minds, or the scores are equal and no rater says more."""
    if pair.share is not None:
        return pair.share == 0.5
    chosen, rejected = (example.responses[i].reward for i in (pair.chosen, pair.rejected))
    return chosen is not None and chosen == rejected
