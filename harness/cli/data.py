"""The ledger of a suite's data on a terminal, and for programs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from harness.audit_checks import Weight, findings
from harness.render.audit_tables import MARKS, shared_prompts_table, sources_table, split_table, told
from harness.render.terminal import print_table
from harness.render.text import one_line

if TYPE_CHECKING:
    from harness.audit_record import AuditRecord, TokenFacts
    from harness.suite import Suite

STYLES: dict[Weight, str] = {"bad": "bold red", "doubtful": "yellow", "note": "dim"}


def plain_data(suite: Suite, audit: AuditRecord) -> dict[str, Any]:
    """The audit with what it found, worst first."""
    found = [dataclasses.asdict(one) for one in findings(audit)]
    return {"suite": suite.name, "data": suite.source.described(), "findings": found, **audit.model_dump(mode="json")}


def show_data(suite: Suite, audit: AuditRecord, console: Console) -> None:
    """Tables first, then what was found in sentences, worst first."""
    console.print(Text.assemble((suite.name, "bold"), f": {one_line(suite.source.described())}"))
    console.print(Text(_tokens(audit.tokens), style="dim"))
    console.print()
    for table in (split_table(audit), sources_table(audit), shared_prompts_table(audit)):
        if table is not None:
            print_table(console, table)
    for split, reason in audit.absent.items():
        console.print(Text(one_line(f"not audited: {split}: {reason}"), style="dim"))
    for dropped in dict.fromkeys(text for split in audit.splits for text in split.ledger.named):
        console.print(Text(f"dropped: {one_line(dropped)}", style="dim"))
    sentences = told(findings(audit))
    for weight, text in sentences:
        console.print(Text.assemble((f"{MARKS[weight]} ", STYLES[weight]), text))
    if all(weight == "note" for weight, _ in sentences):
        console.print(Text("\u2713 nothing is wrong with these data that this audit looks for", style="green"))


def _tokens(facts: TokenFacts) -> str:
    begins = f"begins with {facts.bos!r}" if facts.bos else "without a beginning-of-sequence token"
    return (
        f"Template: {facts.template}. A prompt {begins}; a response ends with {facts.eos!r}. At most "
        f"{facts.longest:,} tokens of prompt and response."
    )
