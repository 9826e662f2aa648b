"""Columns on disk and back: one number per distinct response, found by a key that names its text and its tokens.

A finished column step holds its keys in order beside their values. It is read by memory-mapping: what is looked up is
read, by binary search, and the rest stays on the disk.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.engine.encoding import Encoded
from harness.examples import Example, Prompt

FILE = "column.safetensors"
LAYOUT = 2
"""How columns are stored, and what their keys are: part of the identity of column steps, not of what reads them."""
TOGETHER = 32
"""Responses of one prompt that are computed together, at most: a prompt may have thousands."""
WIDTH = 16
"""Bytes of a key."""
KEY = np.dtype(f"S{WIDTH}")
"""Fixed width: two keys are compared byte by byte, NUL bytes included."""

Compute = Callable[[list[Encoded]], list[np.ndarray]]
"""Examples -> per example, (K,) float32."""


def response_keys(encoded: Encoded, *, tokens: bool = True) -> list[bytes]:
    """Per response, 16 bytes that name its text, its prompt's text and the tokens that are left of both.

    Args:
        tokens: False leaves the tokens out, for a column that reads no language model: it has one number per text,
            whichever model's tokenizer the examples were laid out by.
    """
    example = encoded.example
    asked: dict[tuple[int, Prompt], hashlib.blake2b] = {}
    keys: list[bytes] = []
    for response, ids, which in zip(example.responses, encoded.responses, encoded.prompt_of, strict=True):
        prompt = response.prompt or example.prompt
        begun = asked.get((which, prompt))
        if begun is None:
            begun = asked[which, prompt] = hashlib.blake2b(digest_size=WIDTH)
            _tell_texts(begun, [text for turn in prompt for text in (turn.role, turn.content)])
            if tokens:
                _tell_ids(begun, encoded.prompts[which])
        whole = begun.copy()
        _tell_texts(whole, [response.text])
        if tokens:
            _tell_ids(whole, ids)
        keys.append(whole.digest())
    return keys


def _tell_texts(told: hashlib.blake2b, texts: Sequence[str]) -> None:
    """Each with its length before it, so that no two lists of texts are told alike."""
    told.update(struct.pack("<q", len(texts)))
    for text in texts:
        data = text.encode()
        told.update(struct.pack("<q", len(data)))
        told.update(data)


def _tell_ids(told: hashlib.blake2b, ids: Sequence[int]) -> None:
    told.update(struct.pack(f"<q{len(ids)}i", len(ids), *ids))


def distinct(encoded: Sequence[Encoded], keys: Sequence[Sequence[bytes]], wanted: set[bytes]) -> list[Encoded]:
    """Examples that between them hold every wanted response once; one prompt's responses stand together.

    Args:
        keys: of every response.
        wanted: the keys of those that are asked for.
    """
    left = set(wanted)
    grouped: dict[tuple[Prompt, tuple[int, ...]], list[tuple[Encoded, int]]] = {}
    for item, names in zip(encoded, keys, strict=True):
        for index, key in enumerate(names):
            if key in left:
                left.remove(key)
                own = item.example.responses[index].prompt or item.example.prompt
                grouped.setdefault((own, item.prompts[item.prompt_of[index]]), []).append((item, index))
    return [
        _gather(own, members[at : at + TOGETHER])
        for (own, _), members in grouped.items()
        for at in range(0, len(members), TOGETHER)
    ]


def _gather(prompt: Prompt, members: Sequence[tuple[Encoded, int]]) -> Encoded:
    first, index = members[0]
    responses = tuple(item.example.responses[i] for item, i in members)
    return Encoded(
        example=Example(first.example.id, prompt, responses),
        prompts=(first.prompts[first.prompt_of[index]],),
        prompt_of=(0,) * len(members),
        responses=tuple(item.responses[i] for item, i in members),
    )


@dataclass(frozen=True)
class Table:
    """Keys in order, each once, with their values: in memory, or mapped from a file."""

    keys: np.ndarray
    """(n,) of `KEY`."""
    values: np.ndarray
    """(n,) float32."""

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def of(cls, keys: Sequence[bytes], values: np.ndarray) -> Table:
        """Of keys in any order, which may come more than once with one value."""
        ordered, first = np.unique(np.array(keys, dtype=KEY), return_index=True)
        return cls(ordered, np.asarray(values, dtype=np.float32)[first])

    @classmethod
    def open(cls, folder: Path) -> Table:
        """Of a finished column step; nothing but the header is read."""
        path = folder / FILE
        with path.open("rb") as handle:
            (size,) = struct.unpack("<Q", handle.read(8))  # the format of safetensors: its size, a header of JSON, data
            header = json.loads(handle.read(size))
        count = header["values"]["shape"][0]
        if not count:
            return cls(np.empty(0, KEY), np.empty(0, np.float32))
        places = {name: 8 + size + header[name]["data_offsets"][0] for name in ("keys", "values")}
        return cls(
            np.memmap(path, dtype=KEY, mode="r", offset=places["keys"], shape=(count,)),
            np.memmap(path, dtype="<f4", mode="r", offset=places["values"], shape=(count,)),
        )

    def write(self, folder: Path) -> None:
        """To the payload of a column step; same values, same bytes."""
        from safetensors.numpy import save_file

        keys = np.ascontiguousarray(self.keys).view(np.uint8).reshape(-1, WIDTH)
        save_file({"keys": keys, "values": np.ascontiguousarray(self.values)}, folder / FILE)

    def find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(m,) bool whether a key is there, and (m,) float32 its value, 0 where it is not."""
        if not len(self):
            return np.zeros(len(keys), bool), np.zeros(len(keys), np.float32)
        order = np.argsort(keys)  # neighbours are on one page of the file
        places = np.empty(len(keys), np.int64)
        places[order] = np.minimum(np.searchsorted(self.keys, keys[order]), len(self) - 1)
        there = self.keys[places] == keys
        return there, np.where(there, self.values[places], np.float32(0))


@dataclass
class ColumnValues:
    """The values of one column, as far as they are known: of finished steps, and computed since."""

    tokens: bool = True
    """Whether tokens are part of what a response is; see `response_keys`."""
    stored: list[Table] = field(default_factory=list[Table])
    fresh: dict[bytes, float] = field(default_factory=dict[bytes, float])

    def attach(self, stored: Table) -> None:
        """Know what a finished step holds. Of two values for one response the first stays, so that all rows read the
        same; one computed on the spot makes room for that which is stored.
        """
        self.stored.append(stored)
        if self.fresh:
            names = list(self.fresh)
            there, _ = stored.find(np.array(names, dtype=KEY))
            for place in np.flatnonzero(there).tolist():
                del self.fresh[names[place]]

    def keys(self, encoded: Iterable[Encoded]) -> list[list[bytes]]:
        """Of every response of every example."""
        return [response_keys(item, tokens=self.tokens) for item in encoded]

    def of(
        self,
        encoded: Sequence[Encoded],
        compute: Compute | None = None,
        keys: Sequence[Sequence[bytes]] | None = None,
    ) -> list[np.ndarray]:
        """Per example, (K,) float32.

        Args:
            compute: for what is not known; it is known from then on.
            keys: what `keys` gives, where that is at hand.

        Raises:
            KeyError: a response is not known, and there is nothing to compute it by.
        """
        named = self.keys(encoded) if keys is None else keys
        flat = [key for names in named for key in names]
        there, values = self._find(flat)
        if not there.all():
            unknown = np.flatnonzero(~there).tolist()
            if compute is None:
                raise KeyError(f"{len(unknown)} of {len(flat)} responses have no value")
            self._compute(distinct(encoded, named, {flat[i] for i in unknown}), compute)
            values[unknown] = [self.fresh[flat[i]] for i in unknown]
        edges = np.cumsum([len(names) for names in named])[:-1]
        return np.split(values, edges) if len(named) else []

    def _find(self, flat: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
        """(m,) bool whether a key is known, and (m,) float32 its value."""
        wanted = np.array(flat, dtype=KEY)
        there, values = np.zeros(len(wanted), bool), np.zeros(len(wanted), np.float32)
        for table in self.stored:
            if there.all():
                break
            asked = np.flatnonzero(~there)
            there[asked], values[asked] = table.find(wanted[asked])
        if self.fresh:
            for place in np.flatnonzero(~there).tolist():
                if (value := self.fresh.get(flat[place])) is not None:
                    there[place], values[place] = True, value
        return there, values

    def _compute(self, missing: list[Encoded], compute: Compute) -> None:
        for names, values in zip(self.keys(missing), compute(missing), strict=True):
            self.fresh.update(zip(names, map(float, values), strict=True))
