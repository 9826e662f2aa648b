"""What a judge's verdicts are worth: agreement with people, position, length, consistency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.judges.ask import Asked
from harness.judges.interval import Share, difference, share

EVEN = 1e-9
"""Chances as near to one half as this are ties."""


@dataclass(frozen=True)
class Measured:
    """One judge against people. None where there is no pair to tell from."""

    judge: str
    pairs: int
    """Asked about."""
    counted: Mapping[str, int]
    """Pairs by what became of them."""
    agreement: Share | None
    """With the verdict of most raters, over pairs where there is one: the answer that the judge prefers in the mean of
    both orders; a tie of the judge counts one half."""
    agreement_one_order: Share | None
    """Likewise, of a judge that is asked in one order alone, drawn at random."""
    agreement_with_rater: Share | None
    """With a rater drawn at random, over pairs with known shares, ties of people included."""
    ceiling: Share | None
    """What a judge that always sides with most raters would have there."""
    first_preferred: Share | None
    """How often it prefers the answer it sees first; 0.5 for a fair one."""
    order_decides: Share | None
    """Share of pairs whose verdict is another when the answers change places."""
    agreement_winner_longer: Share | None
    """Agreement where people prefer the longer answer."""
    agreement_winner_shorter: Share | None
    """Agreement where people prefer the shorter one."""
    longer_preferred: Share | None
    """How often it prefers the longer answer."""
    people_prefer_longer: Share | None
    length_bias: Share | None
    """The former minus the latter, pair by pair."""
    self_consistency: Share | None
    """Share of pairs with the same verdict when asked again in the same order; None where nothing was."""
    repeats: bool
    """False for a judge that says the same again by construction."""
    subsets: Mapping[str, Share]
    """Agreement within each named part of the data, where there are several."""
    notes: Mapping[str, Any]


def measured(asked: Asked) -> Measured:
    """The figures of one judge, over the pairs whose verdicts can be read in both orders.

    Lengths are in characters. Intervals take pairs about one prompt as one group.
    """
    readable = ~(np.isnan(asked.chosen_first) | np.isnan(asked.chosen_second))
    pairs = [pair for pair, kept in zip(asked.pairs, readable, strict=True) if kept]
    prompts = np.array([hash(pair.prompt) for pair in pairs])
    first, second = _verdict(asked.chosen_first[readable]), _verdict(asked.chosen_second[readable])
    both = _verdict((asked.chosen_first[readable] + asked.chosen_second[readable]) / 2)
    label = np.array([pair.label for pair in pairs], np.float64)
    known = np.array([pair.share is not None for pair in pairs], bool)
    longer = np.array([pair.longer for pair in pairs], np.int64)
    people = _verdict(label)

    def over(kept: np.ndarray, values: np.ndarray) -> Share | None:
        return share(values[kept], prompts[kept].tolist())

    decided, uneven = people != 0.5, longer != 0
    agrees = 1 - np.abs(both - people)
    one_order = 1 - (np.abs(first - people) + np.abs(second - people)) / 2
    winner = np.sign(people - 0.5) * longer
    everything = np.ones(len(pairs), bool)
    for_longer, people_longer = _side(both, longer), _side(label, longer)
    subsets = sorted({pair.subset for pair in pairs if pair.subset is not None})
    of = np.array([pair.subset or "" for pair in pairs])
    by_subset = {name: over(decided & (of == name), agrees) for name in subsets} if len(subsets) > 1 else {}
    counted = {
        "verdicts that cannot be read": int((~readable).sum()),
        "ties of people": int((~decided).sum()),
        "ties of the judge": int((both == 0.5).sum()),
        "answers of equal length": int((~uneven).sum()),
        "shares of raters known": int(known.sum()),
    }
    return Measured(
        judge=asked.called,
        pairs=len(asked.pairs),
        counted=counted,
        agreement=over(decided, agrees),
        agreement_one_order=over(decided, one_order),
        agreement_with_rater=over(known, label * both + (1 - label) * (1 - both)),
        ceiling=over(known, np.maximum(label, 1 - label)),
        first_preferred=over(everything, (first + 1 - second) / 2),
        order_decides=over(everything, (first != second).astype(np.float64)),
        agreement_winner_longer=over(decided & (winner > 0), agrees),
        agreement_winner_shorter=over(decided & (winner < 0), agrees),
        longer_preferred=over(uneven, for_longer),
        people_prefer_longer=over(uneven, people_longer),
        length_bias=difference((for_longer - people_longer)[uneven], prompts[uneven].tolist()),
        self_consistency=_consistency(asked),
        repeats=asked.repeats,
        subsets={name: found for name, found in by_subset.items() if found is not None},
        notes=asked.notes,
    )


def _verdict(chances: np.ndarray) -> np.ndarray:
    """1, 0, or 0.5 for a tie; NaN stays NaN."""
    return np.where(np.abs(chances - 0.5) <= EVEN, 0.5, np.where(np.isnan(chances), np.nan, chances > 0.5))


def _side(for_chosen: np.ndarray, longer: np.ndarray) -> np.ndarray:
    """What is for the chosen answer, as what is for the longer one."""
    return np.where(longer > 0, for_chosen, 1 - for_chosen)


def _consistency(asked: Asked) -> Share | None:
    if asked.again is None:
        return None
    before, after = _verdict(asked.chosen_first[: len(asked.again)]), _verdict(asked.again)
    kept = ~(np.isnan(before) | np.isnan(after))
    prompts = [hash(pair.prompt) for pair, k in zip(asked.pairs, kept, strict=False) if k]
    return share((before == after)[kept].astype(np.float64), prompts)
