"""The splits that a suite uses, read once each; the training split once for all seeds that see the same examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import DataError
from harness.examples import Example, ExampleSet, Split
from harness.run.steps import AuditStep
from harness.source import Source


@dataclass(frozen=True)
class Part:
    """Examples that are audited together."""

    name: str
    split: Split
    examples: ExampleSet


def parts(source: Source, work: AuditStep) -> tuple[list[Part], dict[str, str]]:
    """Every split, training first, and those that cannot be had, with the reason.

    Raises:
        DataError: the training split cannot be read.
    """
    found = _training(source, work)
    absent: dict[str, str] = {}
    for split in ("validation", "test"):
        try:
            found.append(Part(split, split, source.examples(split, 0, work.limit)))
        except DataError as error:
            absent[split] = error.problem
    return found, absent


def _training(source: Source, work: AuditStep) -> list[Part]:
    """Seeds that see the same examples, in whatever order, are one part."""
    alike: list[tuple[Counter[Example], list[int], ExampleSet]] = []
    for seed in work.seeds:
        examples = source.examples("train", seed, work.limit)
        if work.limit is None and work.train is not None and len(examples) < work.train:
            examples = source.examples("train", seed, work.train)
        content = Counter(examples.examples)
        for known, seeds, _ in alike:
            if known == content:
                seeds.append(seed)
                break
        else:
            alike.append((content, [seed], examples))
    return [Part(_named(seeds, len(alike)), "train", examples) for _, seeds, examples in alike]


def _named(seeds: Sequence[int], groups: int) -> str:
    """`train`, or with its seeds where what they see differs."""
    if groups == 1:
        return "train"
    return f"train, seed {seeds[0]}" if len(seeds) == 1 else f"train, seeds {', '.join(map(str, seeds))}"
