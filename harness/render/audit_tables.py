"""The ledger of a suite's data: a few lines for a board, everything for `harness data`."""

from __future__ import annotations

from collections.abc import Sequence

from harness.audit_checks import CHECKS, Check, Finding, Weight, findings
from harness.audit_record import AuditRecord, Lengths, NearPair, SharedPrompts, SplitAudit
from harness.render.numbers import fixed, whole
from harness.render.table import Column, Line, Table
from harness.render.text import NONE, one_line

MARKS: dict[Weight, str] = {"bad": "\u2717", "doubtful": "!", "note": "\u00b7"}
MOST_SOURCES = 3
"""Sources that a board names per split."""


def audit_table(audit: AuditRecord) -> Table:
    """One line a split; what was looked for and not found is told below."""
    there = [check for check in CHECKS if any(split.found.get(check.key) for split in audit.splits)]
    columns = (
        Column("split"),
        Column("examples", right=True),
        Column("pairs", right=True),
        *(Column(check.title, right=True) for check in there),
        Column("tokens, chosen : rejected", right=True),
        Column("length alone", right=True),
        Column("sources, chosen : rejected"),
    )
    lines = tuple(_line(split, there) for split in audit.splits)
    return Table("Audit of the data", columns, lines, tuple(_notes(audit, there)))


def _line(split: SplitAudit, there: Sequence[Check]) -> Line:
    cells = (
        one_line(split.name),
        whole(split.examples),
        whole(split.pairs),
        *(whole(split.found.get(check.key, 0)) for check in there),
        _token_means(split.lengths),
        _length_alone(split.lengths),
        _sources(split),
    )
    bad = any(check.weight == "bad" and split.found.get(check.key) for check in there)
    return Line(cells, "trouble" if bad else "plain")


def _token_means(lengths: Lengths | None) -> str:
    return f"{fixed(lengths.chosen, 1)} : {fixed(lengths.rejected, 1)}" if lengths else NONE


def _length_alone(lengths: Lengths | None) -> str:
    if lengths is None:
        return NONE
    half = f" \u00b1 {fixed((lengths.ci95[1] - lengths.ci95[0]) / 2, 3)}" if lengths.ci95 else ""
    return f"{fixed(lengths.accuracy, 3)}{half}"


def _sources(split: SplitAudit) -> str:
    ranked = sorted(split.sources.items(), key=lambda item: (-item[1].chosen - item[1].rejected, item[0]))
    told = [f"{name} {whole(n.chosen)} : {whole(n.rejected)}" for name, n in ranked[:MOST_SOURCES]]
    more = f" and {len(ranked) - MOST_SOURCES} more" if len(ranked) > MOST_SOURCES else ""
    return one_line(", ".join(told) + more) if told else NONE


def _notes(audit: AuditRecord, there: Sequence[Check]) -> list[str]:
    absent = [check.title for check in CHECKS if check not in there]
    notes = ["Length alone: accuracy of calling the longer response the chosen one (equal ones half), 95 % interval."]
    apart = [f"{s.held_out} and {s.other}" for s in audit.shared if not s.exact and not s.near]
    if apart:
        notes.append(f"No prompts are shared, exactly or nearly, between {one_line('; '.join(apart))}.")
    patterned = [f"{whole(s.patterned)} of {s.held_out} with {s.other}" for s in audit.shared if s.patterned]
    if patterned:
        listed = one_line(", ".join(patterned))
        notes.append(f"Prompts of one pattern, always nearly the same, are not in this: {listed}.")
    notes += [one_line(_shared_note(shared, audit)) for shared in audit.shared if shared.exact or shared.near]
    notes += [one_line(f"{split}: {reason}") for split, reason in audit.absent.items()]
    return [*notes, f"Looked for and not found: {', '.join(absent)}."] if absent else notes


def _shared_note(shared: SharedPrompts, audit: AuditRecord) -> str:
    one = shared.named[0]
    return (
        f"Of the {shared.held_out} examples, {whole(shared.exact)} have a prompt of the {shared.other} split, "
        f"{whole(shared.near)} nearly one (Jaccard {audit.near.threshold:g} or more), such as {one.held_out} and "
        f"{one.other}: {one.held_out_text}"
    )


def audit_banners(audit: AuditRecord | None, reason: str) -> list[str]:
    """What must not be overlooked: one line each.

    Args:
        audit: what was found.
        reason: why there is none; empty where none was asked for.
    """
    if audit is None:
        return [one_line(f"Data: they were not audited: {reason}.")] if reason else []
    return [f"Data: {text}" for weight, text in told(findings(audit)) if weight == "bad"]


def told(found: Sequence[Finding]) -> list[tuple[Weight, str]]:
    """What was found, where and how much of it, and what to do: a sentence or two for each."""
    alike: dict[tuple[Weight, str, str], list[str]] = {}
    for one in found:
        place = f"{one.split} {whole(one.count)} of {whole(one.of)} ({100 * one.count / one.of:.1f} %)"
        alike.setdefault((one.weight, one.what, one.fix), []).append(place)
    return [
        (weight, one_line(f"{what}: {', '.join(places)}." + (f" To mend it, {fix}." if fix else ""), 600))
        for (weight, what, fix), places in alike.items()
    ]


def split_table(audit: AuditRecord) -> Table:
    """Every count of every split, a column each."""
    splits = audit.splits
    columns = (Column(""), Column("what"), *(Column(one_line(split.name), right=True) for split in splits))
    reasons = dict.fromkeys(reason for split in splits for reason in split.ledger.dropped)
    counted = dict.fromkeys(what for split in splits for what in split.ledger.counted)
    lines = [
        Line((NONE, "rows read", *(whole(split.ledger.read) for split in splits))),
        Line((NONE, "rows kept, before any limit", *(whole(split.ledger.kept) for split in splits))),
        *(
            Line(
                (
                    NONE,
                    one_line(f"rows dropped: {what}"),
                    *(whole(split.ledger.dropped.get(what, 0)) for split in splits),
                )
            )
            for what in reasons
        ),
        *(
            Line(
                (
                    NONE,
                    one_line(f"rows counted: {what}"),
                    *(whole(split.ledger.counted.get(what, 0)) for split in splits),
                )
            )
            for what in counted
        ),
        Line((NONE, "examples", *(whole(split.examples) for split in splits))),
        Line((NONE, "distinct prompts", *(whole(split.prompts) for split in splits))),
        Line((NONE, "responses", *(whole(split.responses) for split in splits))),
        Line((NONE, "pairs", *(whole(split.pairs) for split in splits))),
        *(_check_line(check, splits) for check in CHECKS),
        Line((NONE, "tokens of a response, chosen : rejected", *(_token_means(split.lengths) for split in splits))),
        Line((NONE, "share of pairs whose chosen is longer", *(_longer(split.lengths) for split in splits))),
        Line((NONE, "accuracy of length alone, 95 % interval", *(_length_alone(split.lengths) for split in splits))),
    ]
    return Table("What is in the data", columns, tuple(lines))


def _check_line(check: Check, splits: Sequence[SplitAudit]) -> Line:
    counts = [split.found.get(check.key, 0) for split in splits]
    mark = MARKS[check.weight] if any(counts) else "\u2713"
    tone = "trouble" if check.weight != "note" and any(counts) else "plain"
    return Line((mark, check.what, *(whole(count) for count in counts)), tone)


def _longer(lengths: Lengths | None) -> str:
    return fixed(lengths.longer, 3) if lengths else NONE


def sources_table(audit: AuditRecord) -> Table | None:
    """How often each source's responses were chosen and rejected; None where no source is known."""
    names = sorted({name for split in audit.splits for name in split.sources})
    if not names:
        return None
    columns = (Column("source"), *(Column(one_line(split.name), right=True) for split in audit.splits))
    lines = tuple(Line((one_line(name), *(_tally(split, name) for split in audit.splits))) for name in names)
    return Table("Responses by source, chosen : rejected", columns, lines)


def _tally(split: SplitAudit, name: str) -> str:
    found = split.sources.get(name)
    return f"{whole(found.chosen)} : {whole(found.rejected)}" if found else NONE


def shared_prompts_table(audit: AuditRecord) -> Table | None:
    """How many prompts two splits share; None where there is one split."""
    if not audit.shared:
        return None
    titles = ("exactly", "prompts", "nearly", "prompts", "of one pattern")
    columns = (Column("examples of"), Column("with a prompt of"), *(Column(title, right=True) for title in titles))
    lines = tuple(
        Line(
            (
                one_line(s.held_out),
                one_line(s.other),
                *(whole(n) for n in (s.exact, s.exact_prompts, s.near, s.near_prompts, s.patterned)),
            ),
            "trouble" if s.exact or s.near else "plain",
        )
        for s in audit.shared
    )
    note = (
        "Exactly: case, white space and Unicode forms make no difference. Nearly: the words and pairs of neighbouring "
        f"words agree to {audit.near.threshold:g} (Jaccard); what stands in over {100 * audit.near.common:g} % of the "
        f"prompts is left out. Of one pattern: nearly the same, but {audit.near.pattern} or more prompts are like it "
        f"({audit.near.alike:g}), so that only exact copies tell."
    )
    return Table("Prompts shared between splits", columns, lines, (note, *_named(audit.shared)))


def _named(shared: Sequence[SharedPrompts]) -> list[str]:
    return [one_line(_pair(s, pair)) for s in shared for pair in s.named]


def _pair(shared: SharedPrompts, pair: NearPair) -> str:
    told = f"{shared.held_out} {pair.held_out}, {shared.other} {pair.other}"
    if pair.similarity == 1:
        return f"{told}: {pair.held_out_text}"
    return f"{told} ({pair.similarity:.2f}): {pair.held_out_text} / {pair.other_text}"
