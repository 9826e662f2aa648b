"""Token ids of texts that were tokenised before, for all encoders of a process whose tokenizers do the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MOST = 256 * 2**20
"""Bytes of texts and ids that one bank keeps. What comes after is tokenised whenever it is asked for: where the same
examples are read over and over, keeping the first of them serves best."""


def told_apart(tokenizer: Any) -> str | None:
    """Names all that decides which ids a tokenizer gives to a text; None where that cannot be told."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or not hasattr(backend, "to_str"):
        return None
    kind = type(tokenizer)
    told = (kind.__module__, kind.__qualname__, str(getattr(tokenizer, "split_special_tokens", None)), backend.to_str())
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


@dataclass
class TokenBank:
    """Ids of texts, without special tokens, 4 bytes each; read back they are tuples that share their integers."""

    most: int = MOST
    _known: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _held: int = 0
    _largest: int = -1
    _numbers: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=object))
    """(largest id so far + 1,): the integers themselves."""

    @property
    def held(self) -> int:
        """Bytes of texts and ids."""
        return self._held

    @property
    def largest(self) -> int:
        """At least the largest id that any text had so far; -1 at first."""
        return self._largest

    def of(self, texts: Iterable[str], tokenizer: Any) -> Mapping[str, tuple[int, ...]]:
        """Every text's ids; `tokenizer` is asked for what is not known, all in one call."""
        wanted = set(texts)
        new = sorted(wanted - self._known.keys())
        found = {text: self._tuple(self._known[text]) for text in wanted & self._known.keys()}
        if new:
            given = tokenizer(new, add_special_tokens=False, return_attention_mask=False, return_token_type_ids=False)
            for text, ids in zip(new, given["input_ids"], strict=True):
                kept = np.asarray(ids, dtype=np.int32).tobytes()
                self._largest = max(self._largest, max(ids, default=-1))
                found[text] = self._tuple(kept)
                size = len(text) + len(kept)
                if self._held + size <= self.most:
                    self._known[text] = kept
                    self._held += size
        return found

    def _tuple(self, kept: bytes) -> tuple[int, ...]:
        if self._largest >= len(self._numbers):
            self._numbers = np.arange(2 * self._largest + 2).astype(object)
        return tuple(self._numbers[np.frombuffer(kept, dtype=np.int32)].tolist())


@dataclass
class TokenBanks:
    """One bank for each way to tokenise."""

    most: int = MOST
    _banks: dict[str, TokenBank] = field(default_factory=dict[str, TokenBank])

    def of(self, tokenizer: Any) -> TokenBank:
        """The bank of all tokenizers that do what this one does; one of its own where that cannot be told."""
        name = told_apart(tokenizer)
        return TokenBank(self.most) if name is None else self._banks.setdefault(name, TokenBank(self.most))
