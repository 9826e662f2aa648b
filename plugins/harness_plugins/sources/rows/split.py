"""Splits by prompt, and orders by key: both by hash, so that rows added elsewhere change neither."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from harness.examples import Example, Prompt, Split, same_text


def prompt_key(prompt: Prompt) -> str:
    """What must agree for two prompts to be in one split; see `harness.examples.same_text`."""
    return _hash(same_text(prompt))


def place(key: str, *, test: float, validation: float, seed: int) -> Split:
    """The split of a prompt. Its key's seeded hash is a point between 0 and 1: test comes first, then validation."""
    point = int(_hash(f"split {seed} {key}")[:13], 16) / 16**13
    if point < test:
        return "test"
    return "validation" if point < test + validation else "train"


def ordered(examples: Sequence[Example], key: str) -> list[Example]:
    """A random-looking order that `key` and the examples' ids decide."""
    return sorted(examples, key=lambda example: _hash(f"order {key} {example.id}"))


def resampled(examples: Sequence[Example], seed: int) -> list[Example]:
    """As many examples, drawn with replacement."""
    import numpy as np

    generator = np.random.default_rng(int(_hash(f"bootstrap {seed}"), 16))
    return [examples[i] for i in generator.integers(len(examples), size=len(examples))]


def interleaved(examples: Sequence[Example]) -> list[Example]:
    """Classes merged so that each has its overall share of every prefix, to less than one example.

    A class is what an example's labels say. Examples without labels are one class, whose order stays. Within a class of
    n, the i-th stands at (i + 1/2) / n of the whole.
    """
    classes: defaultdict[tuple[bool, ...], list[Example]] = defaultdict(list)
    for example in examples:
        classes[tuple(label.desirable for label in example.labels)].append(example)
    places = [((i + 0.5) / len(m), kind, e) for kind, m in classes.items() for i, e in enumerate(m)]
    return [example for _, _, example in sorted(places, key=lambda p: p[:2])]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
