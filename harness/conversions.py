"""The few stated conversions between what data carry and what a method needs.

    candidates with rewards -> pairs     all ordered pairs of one prompt; equal rewards are dropped and counted
    pairs -> labels                      the chosen response of each pair is desirable, the rejected one is not
    pairs -> candidates                  nothing to do: the responses of a pair are K = 2 candidates

There are no others: a reward is never invented, and labels never become pairs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from itertools import combinations

from harness.errors import DataError
from harness.examples import Example, ExampleSet, Label, Need, Pair, carries

TIED = "tied candidate pairs"
ONE_TEXT = "candidate pairs of one text"
"""What the ledger calls pairs that are none."""


def pairs_from_rewards(examples: ExampleSet) -> ExampleSet:
    """Every ordered pair of each example's responses, the one with the larger reward chosen.

    Pairs of equal reward are dropped and counted as `tied candidate pairs`, pairs of one text scored twice as
    `candidate pairs of one text`; an example left with no pair is dropped as `no candidate preferred`.
    """
    kept: list[Example] = []
    ties = repeats = 0
    for example in examples:
        rewards = [r.reward for r in example.responses]
        pairs: list[Pair] = []
        for i, j in combinations(range(len(rewards)), 2):
            a, b = rewards[i], rewards[j]
            if a is None or b is None:
                raise DataError(f"example {example.id!r} has a response without a reward")
            if a == b:
                ties += 1
            elif example.responses[i].text == example.responses[j].text:
                repeats += 1
            else:
                pairs.append(Pair(i, j) if a > b else Pair(j, i))
        if pairs:
            kept.append(dataclasses.replace(example, pairs=tuple(pairs)))
    lost = len(examples) - len(kept)
    ledger = examples.ledger.plus(
        dropped={"no candidate preferred": lost} if lost else None,
        counted={k: n for k, n in ((TIED, ties), (ONE_TEXT, repeats)) if n},
    )
    return ExampleSet(tuple(kept), ledger)


def labels_from_pairs(examples: ExampleSet) -> ExampleSet:
    """Each pair's chosen response labelled desirable and its rejected one undesirable, once per pair."""

    def labelled(example: Example) -> Example:
        labels: list[Label] = []
        for pair in example.pairs:
            labels += [Label(pair.chosen, True), Label(pair.rejected, False)]
        return dataclasses.replace(example, labels=tuple(labels))

    return ExampleSet(tuple(labelled(e) for e in examples), examples.ledger)


def meet(examples: ExampleSet, needs: Iterable[Need]) -> ExampleSet:
    """These examples, converted so that each carries all that `needs` names.

    Raises:
        DataError: no stated conversion gets there; the message says what is needed, what there is, and how many
            examples lack what only some have.
    """
    wanted = frozenset(needs)
    has = carries(examples)
    if "pairs" not in has and {"candidates", "rewards"} <= has and wanted & {"pairs", "labels"}:
        examples = pairs_from_rewards(examples)
        has = carries(examples)
    if "labels" in wanted and "labels" not in has and "pairs" in has:
        examples = labels_from_pairs(examples)
        has = carries(examples)
    missing = sorted(wanted - has)
    if missing:
        there = ", ".join(sorted(has)) or "none of what methods can use"
        raise DataError(f"needs {', '.join(missing)}; the data carry {there}{_partly(missing, examples)}")
    return examples


def _partly(missing: Iterable[Need], examples: ExampleSet) -> str:
    """How many examples lack what is missing, where some have it; empty where none has."""
    told: list[str] = []
    for need in missing:
        lacking = sum(need not in carries((example,)) for example in examples)
        if lacking < len(examples):
            told.append(f"{lacking:,} of {len(examples):,} examples lack {need}")
    return f" ({', '.join(told)})" if told else ""
