"""A capability that preferences say nothing about: facts that the base is taught beside the pooled responses.

    question   what does fred paint        40 people, 10 verbs: 400 facts, none of them a prompt of the preference data
    answer     bridges                     one of the 12 topics, drawn once a variant; nothing but memory tells it

A fact of rank k is taught in proportion to 1 / (10 + k), k = 1 for the most frequent (Zipf 1935, Mandelbrot 1953), so
the base knows the frequent ones and guesses at many of the rare. Answers are words that preference data are full of, so
that training on preferences moves the weights that answer. F = 400 facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from harness_plugins.sources.world.language import TOPICS
from harness_plugins.sources.world.streams import Purpose, Stream

PEOPLE = (
    *("ada", "ben", "cleo", "dan", "emma", "fred", "gina", "hugo", "iris", "jack"),
    *("kate", "leo", "mia", "noah", "olga", "paul", "rosa", "sam", "tina", "uma"),
    *("vera", "walt", "xena", "yuri", "zoe", "alan", "beth", "carl", "dora", "eric"),
    *("fay", "glen", "greta", "ivan", "june", "kurt", "lena", "max", "nina", "otto"),
)
VERBS = ("paint", "study", "film", "draw", "teach", "sketch", "watch", "miss", "fear", "photograph")
FACTS = len(PEOPLE) * len(VERBS)
"""F: every person with every verb."""

FLATTENING = 10
"""Added to the rank of a fact: evens out how often the most frequent ones are taught."""

VALUES, RANKS = 0, 1
"""Parts of the stream of facts."""


@dataclass(frozen=True)
class Fact:
    """What one person does something with."""

    name: str
    """Distinct and stable: `fred-paint`."""
    question: str
    answer: int
    """Index into TOPICS."""


@cache
def facts(variant: int) -> tuple[Fact, ...]:
    """(F,) every fact of a world, by person and verb."""
    drawn = (Stream(Purpose.FACTS, variant, part=VALUES).uniforms(FACTS) * len(TOPICS)).astype(np.int64)
    told = [(person, verb) for person in PEOPLE for verb in VERBS]
    return tuple(
        Fact(f"{person}-{verb}", f"what does {person} {verb}", answer)
        for (person, verb), answer in zip(told, drawn.tolist(), strict=True)
    )


def exposures(variant: int, total: int) -> np.ndarray:
    """(F,) int64: how often each fact is told when `total` are; the sum is `total`, each differs from its share by less
    than one.
    """
    rank = 1 + Stream(Purpose.FACTS, variant, part=RANKS).permutation(FACTS)
    share = np.cumsum(1 / (FLATTENING + rank))
    told = np.floor(share / share[-1] * total + 0.5).astype(np.int64)
    return np.diff(told, prepend=0)


def lessons(variant: int, total: int) -> np.ndarray:
    """(total,) int64: which fact is told each time, in random order."""
    told = np.repeat(np.arange(FACTS), exposures(variant, total))
    return told[Stream(Purpose.LESSONS, variant).permutation(total)]


@cache
def fact_words() -> frozenset[str]:
    """Every word of every question; those of the answers are topics."""
    return frozenset(word for fact in facts(0) for word in fact.question.split())
