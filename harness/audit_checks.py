"""What an audit looks for: what each check counts, how bad a finding is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.audit_record import AuditRecord, SharedPrompts, SplitAudit

Weight: TypeAlias = Literal["bad", "doubtful", "note"]
"""bad: figures on these data mislead; doubtful: look at it; note: worth knowing."""


@dataclass(frozen=True)
class Check:
    """One thing that is counted in every split."""

    key: str
    title: str
    """Of a column of a table."""
    what: str
    """As a clause: "pairs made equal by cutting"."""
    of: Literal["examples", "responses", "pairs"]
    weight: Weight
    fix: str = ""


CHECKS = (
    Check(
        "collapsed",
        "same tokens",
        "pairs whose two responses are the same tokens (cut, or unknown to the tokenizer)",
        "pairs",
        "bad",
        "raise tokens.max or lower tokens.min_prompt, or use a tokenizer that knows the characters",
    ),
    Check(
        "identical", "chosen = rejected", "pairs with chosen = rejected", "pairs", "bad", "take them out of the data"
    ),
    Check(
        "doubled_bos",
        "begin twice",
        "prompts that begin with two beginning-of-sequence tokens",
        "examples",
        "bad",
        "take bos_token out of the chat template, or set tokens.template: plain",
    ),
    Check(
        "prompt_ends_with_eos",
        "end before the response",
        "prompts that end with the end-of-sequence token, before the response",
        "examples",
        "bad",
        "mend the chat template so that a generation prompt follows the last turn, or set tokens.template: plain",
    ),
    Check(
        "marks_in_prompt",
        "marks in prompts",
        "prompts whose text holds a beginning- or end-of-sequence token",
        "examples",
        "doubtful",
        "take the token's text out of the data: it is read as the token itself",
    ),
    Check(
        "marks_in_response",
        "marks in responses",
        "responses with a beginning- or end-of-sequence token inside",
        "responses",
        "doubtful",
        "take the token's text out of the data: it is read as the token itself",
    ),
    Check(
        "doubled_eos",
        "end twice",
        "responses that end with two end-of-sequence tokens",
        "responses",
        "doubtful",
        "take the end-of-sequence token's text off the ends of the responses",
    ),
    Check(
        "missing_eos",
        "no end",
        "responses that are not cut and do not end with the end-of-sequence token",
        "responses",
        "bad",
        "report this: the engine ends every response",
    ),
    Check(
        "empty",
        "empty responses",
        "empty responses",
        "responses",
        "doubtful",
        "take them out unless saying nothing is an answer",
    ),
    Check(
        "repeated",
        "repeated examples",
        "examples that repeat an earlier one",
        "examples",
        "doubtful",
        "take the copies out of the data",
    ),
    Check(
        "response_cut",
        "responses cut",
        "responses cut on the right, without an end-of-sequence token",
        "responses",
        "doubtful",
        "raise tokens.max",
    ),
    Check("prompt_cut", "prompts cut", "prompts cut on the left", "examples", "doubtful", "raise tokens.max"),
    Check("tied", "ties", "pairs without a winner: half the votes, or equal scores", "pairs", "note"),
    Check(
        "boundary",
        "other tokens if joined",
        "responses whose tokens would be others if prompt and response were read as one text",
        "responses",
        "note",
    ),
    Check("same_prompt", "prompt asked before", "examples whose prompt an earlier one has", "examples", "note"),
)
"""In the order in which they are told."""


@dataclass(frozen=True)
class Finding:
    """Something that an audit found in one split, or between two."""

    weight: Weight
    what: str
    split: str
    count: int
    of: int
    fix: str
    strict: bool
    """True for leaks, collapsed or equal pairs, and two tokens at the start: what `harness data --strict` refuses."""


STRICT = frozenset({"collapsed", "identical", "doubled_bos"})
"""Keys of checks."""


def findings(audit: AuditRecord) -> list[Finding]:
    """All that was found, worst first, else in the order of splits and checks."""
    found = [one for split in audit.splits for one in _of_split(split)]
    found = [*(one for pair in audit.shared for one in _of_pair(pair, audit)), *_of_tokens(audit), *found]
    order = ("bad", "doubtful", "note")
    return sorted(found, key=lambda one: order.index(one.weight))


def _of_split(split: SplitAudit) -> Iterator[Finding]:
    whole = {"examples": split.examples, "responses": split.responses, "pairs": split.pairs}
    for check in CHECKS:
        count = split.found.get(check.key, 0)
        if count:
            strict = check.key in STRICT
            yield Finding(check.weight, check.what, split.name, count, whole[check.of], check.fix, strict)


def _of_pair(pair: SharedPrompts, audit: AuditRecord) -> Iterator[Finding]:
    place = pair.held_out
    whole = sum(split.examples for split in audit.splits if split.name == pair.held_out)
    fix = f"take these prompts out of the {pair.other} data, or hold out others (data.split_seed)"
    leak = pair.other == "train"
    weight: Weight = "bad" if leak else "doubtful"
    if pair.exact:
        what = f"examples whose prompt is also in the {pair.other} split"
        yield Finding(weight, what, place, pair.exact, whole, fix, leak)
    if pair.near:
        what = f"examples whose prompt is nearly one of the {pair.other} split"
        yield Finding(weight, what, place, pair.near, whole, fix, leak)
    if pair.patterned:
        what = f"examples whose prompt follows a pattern, as others of the {pair.other} split do"
        yield Finding("note", what, place, pair.patterned, whole, "", strict=False)


def _of_tokens(audit: AuditRecord) -> Iterator[Finding]:
    if audit.tokens.answer_end is not None:
        whole = sum(split.responses for split in audit.splits)
        what = (
            f"responses end with {audit.tokens.eos!r}, but the chat template ends an answer with "
            f"{audit.tokens.answer_end!r}"
        )
        fix = "set eos_token in tokenizer_config.json to the token that ends a turn"
        yield Finding("doubtful", what, "all splits", whole, whole, fix, strict=False)
