"""What an audit of a suite's data found, as plain data: the notes of an `audit` step, a part of the board's JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.records import LedgerRecord

VERSION = 2
"""Raised when an audit counts something else: what is done is then done again."""

NOTE = "audit"
"""Key of a record's notes."""


class _Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenFacts(_Plain):
    """How text became tokens."""

    template: Literal["chat", "plain", "tagged"]
    longest: int
    """Tokens: the longest prompt + response."""
    bos: str | None
    """The beginning-of-sequence token, where prompts begin with one."""
    eos: str
    """What every response that is not cut ends with."""
    answer_end: str | None = None
    """What the chat template writes after an answer, where `eos` is no part of it."""


class Lengths(_Plain):
    """Of the two responses of a pair, in tokens without the end-of-sequence token."""

    chosen: float
    """Mean."""
    rejected: float
    longer: float
    """Share of pairs whose chosen response is the longer one, 0 to 1."""
    equal: float
    """Share of pairs whose two are of one length."""
    accuracy: float
    """Of a scorer for which longer is better: longer + equal / 2."""
    ci95: tuple[float, float] | None
    """Of `accuracy`: pairs of one prompt are one cluster; None where there are fewer than two prompts."""


class SourceTally(_Plain):
    """How often responses of one source were preferred."""

    chosen: int
    rejected: int


class SplitAudit(_Plain):
    """One split, or the training split as some seeds see it."""

    name: str
    """"train, seeds 0-2", "validation", "test"."""
    ledger: LedgerRecord
    examples: int
    prompts: int
    """Distinct ones."""
    responses: int
    pairs: int
    found: dict[str, int]
    """Per check of `harness.audit_checks`, by its key: how many there are, 0 included."""
    named: dict[str, list[str]]
    """Ids of the first few examples that a check found."""
    lengths: Lengths | None
    """None where there are no pairs."""
    sources: dict[str, SourceTally]


class NearPair(_Plain):
    """A held-out prompt and one of the other split that it agrees with."""

    held_out: str
    """Id of an example."""
    other: str
    similarity: float
    """Jaccard; 1 for an exact copy."""
    held_out_text: str
    """How the prompt begins."""
    other_text: str


class SharedPrompts(_Plain):
    """Prompts of one split that are found in another. Counts are of the first split's examples, but for `_prompts`."""

    held_out: str
    other: str
    exact: int
    exact_prompts: int
    near: int
    """Not exact, but nearly so."""
    near_prompts: int
    patterned: int
    """Nearly the same, but as instances of a pattern that many prompts follow, of which only exact copies tell. Not
    counted in `near`."""
    named: list[NearPair]
    """The first few, exact ones first."""


class NearSettings(_Plain):
    """What counts as nearly the same."""

    threshold: float
    """Jaccard similarity of the sets of words and of pairs of neighbouring words."""
    common: float
    """What stands in more than this share of all prompts is left out."""
    pattern: int
    """A near prompt is an instance of a pattern where so many are somewhat like it, in whatever split."""
    alike: float
    """Jaccard similarity from which one is somewhat like another."""


class AuditRecord(_Plain):
    """The ledger of a suite's data."""

    tokens: TokenFacts
    splits: list[SplitAudit]
    absent: dict[str, str]
    """Splits that cannot be had, with the reason."""
    shared: list[SharedPrompts]
    near: NearSettings
