"""Prompts that are nearly the same: a library's MinHash finds candidates, their true Jaccard similarity decides."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from harness.audit_record import NearSettings
from harness.examples import Prompt
from harness.reporter import Progress

SETTINGS = NearSettings(threshold=0.65, common=0.5, pattern=10, alike=0.5)
"""A word changed in a prompt of eight words leaves 0.67. Our choice; what it finds is told in docs/data.md."""

PERMUTATIONS, BANDS, ROWS = 128, 32, 4
"""A pair at the threshold becomes a candidate with probability 1 - (1 - 0.65^4)^32 = 0.998."""
SLACK = 0.15
"""A candidate is looked at where its estimated similarity is no more than this below what is sought: 3.5 of the
estimate's standard deviations."""

_UNSPACED = (
    r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese and Japanese
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer, with the marks on their letters
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
"""A word, or a character of a script that writes no spaces between words."""


def shingles(prompt: Prompt) -> frozenset[str]:
    """The words of a prompt and its pairs of neighbouring words; case and punctuation make no difference."""
    said = " ".join(turn.content for turn in prompt)
    words = _WORD.findall(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", said).casefold()))
    return frozenset(words) | {f"{a} {b}" for a, b in pairwise(words)}


def jaccard(one: Collection[str], other: Collection[str]) -> float:
    """Size of the intersection over size of the union; 0 for two empty sets."""
    shared = len(frozenset(one) & frozenset(other))
    whole = len(one) + len(other) - shared
    return shared / whole if whole else 0.0


def without_common(sets: Mapping[str, frozenset[str]], settings: NearSettings = SETTINGS) -> dict[str, frozenset[str]]:
    """The sets without what most prompts share, such as a system text, which tells nothing of where one came from.

    Args:
        sets: by prompt.
        settings: says what is common; what no more than ten prompts share never is.
    """
    most = max(10, settings.common * len(sets))
    counts = Counter(part for parts in sets.values() for part in parts)
    common = {part for part, count in counts.items() if count > most}
    return {prompt: parts - common for prompt, parts in sets.items()}


@dataclass(frozen=True)
class Neighbours:
    """What is somewhat like a prompt."""

    alike: tuple[tuple[float, str], ...]
    """(similarity, prompt), most similar first; no more than make a pattern."""
    patterned: bool
    """There are so many that the prompt follows a pattern."""


class NearIndex:
    """Prompts to be compared with."""

    def __init__(self, sets: Mapping[str, frozenset[str]], settings: NearSettings = SETTINGS) -> None:
        from datasketch import MinHashLSH

        self._settings = settings
        self._names = [name for name, parts in sets.items() if parts]
        self._sets = [sets[name] for name in self._names]
        self._index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
        self._places = {name: place for place, name in enumerate(self._names)}
        self._sketches = _sketches(self._sets)
        self._values = np.array([sketch.hashvalues for sketch in self._sketches])
        with self._index.insertion_session() as session:
            for place, sketch in enumerate(self._sketches):
                session.insert(place, sketch, check_duplication=False)

    def neighbours(self, names: Collection[str], progress: Progress | None = None) -> dict[str, Neighbours]:
        """Of prompts in the index, the others that are somewhat like them; those that have none are left out."""
        found: dict[str, Neighbours] = {}
        for done, name in enumerate(names):
            if progress:
                progress(done, len(names))
            near = self._of(name) if name in self._places else None
            if near is not None and near.alike:
                found[name] = near
        return found

    def _of(self, name: str) -> Neighbours:
        own, most = self._places[name], self._settings.pattern
        candidates: list[Any] = self._index.query(self._sketches[own])
        places = np.array(sorted(place for place in candidates if place != own), dtype=np.int64)
        likely = (self._values[places] == self._values[own]).mean(axis=1)
        alike: list[tuple[float, str]] = []
        for at in np.argsort(-likely, kind="stable").tolist():
            if likely[at] < self._settings.alike - SLACK or len(alike) == most:
                break
            similarity = jaccard(self._sets[own], self._sets[places[at]])
            if similarity >= self._settings.alike:
                alike.append((similarity, self._names[places[at]]))
        return Neighbours(tuple(sorted(alike, key=lambda pair: (-pair[0], pair[1]))), len(alike) == most)


def _sketches(sets: Sequence[frozenset[str]]) -> list[Any]:
    from datasketch import MinHash

    encoded = ([part.encode() for part in parts] for parts in sets)
    return MinHash.bulk(encoded, num_perm=PERMUTATIONS, hashfunc=zlib.crc32)
