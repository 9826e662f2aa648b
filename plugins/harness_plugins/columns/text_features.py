"""Prompt and response as hashed features of words, without a vocabulary to keep."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import harness

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

HASHED = 1 << 18
"""Number of features; names that fall on one number share a weight."""
_WORD = re.compile(r"\w+|[^\w\s]")


def plain(prompt: harness.Prompt) -> str:
    """The turns of a prompt, one after the other."""
    return "\n\n".join(turn.content for turn in prompt)


def words(text: str) -> list[str]:
    """Words and punctuation marks, in lower case."""
    return _WORD.findall(text.lower())


def features(prompt: str, response: str, *, ngrams: int, crosses: int) -> Iterator[str]:
    """Names of what a row has: n-grams of the response, words of the prompt, and pairs of both.

    Args:
        prompt: text.
        response: text.
        ngrams: longest run of words of the response.
        crosses: of the first so many distinct words of each, every pair; 0 for none.
    """
    asked, said = words(prompt), words(response)
    for n in range(1, ngrams + 1):
        for i in range(len(said) - n + 1):
            yield "r " + " ".join(said[i : i + n])
    for word in asked:
        yield "p " + word
    for a in list(dict.fromkeys(asked))[:crosses]:
        for b in list(dict.fromkeys(said))[:crosses]:
            yield f"x {a} {b}"


def hashed(rows: Sequence[tuple[str, str]], *, ngrams: int, crosses: int) -> csr_matrix:
    """(rows, HASHED) float32 presence of each feature, 1 or 0, in rows of unit length.

    Args:
        rows: (prompt, response) texts.
        ngrams: see `features`.
        crosses: see `features`.
    """
    import numpy as np
    from sklearn.feature_extraction.text import HashingVectorizer

    def analyse(row: tuple[str, str]) -> Iterator[str]:
        return features(*row, ngrams=ngrams, crosses=crosses)

    options: dict[str, Any] = {"binary": True, "alternate_sign": False, "norm": "l2", "dtype": np.float32}
    options["analyzer"] = analyse
    vectoriser: Any = HashingVectorizer(n_features=HASHED, **options)
    return vectoriser.transform(rows)
