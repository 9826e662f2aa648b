"""All splits of a source, each by itself and then against one another."""

from __future__ import annotations

from harness.audit.marks import answer_end
from harness.audit.near import SETTINGS
from harness.audit.overlap import Asked, overlaps
from harness.audit.parts import parts
from harness.audit.split import split_audit
from harness.audit_record import AuditRecord, TokenFacts
from harness.engine.encoding import Encoder
from harness.examples import Example, Split, same_text
from harness.reporter import Progress
from harness.run.steps import AuditStep
from harness.source import Source

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def audit(source: Source, encoder: Encoder, work: AuditStep, progress: Progress | None = None) -> AuditRecord:
    """The ledger of a source's data as a suite uses them. Deterministic; nothing is changed.

    Args:
        source: where the examples come from.
        encoder: the base model's tokenizer under the suite's token settings.
        work: what is read.
        progress: told of the examples that are done; the comparison of prompts comes after them.

    Raises:
        DataError: the training split cannot be read.
        ModelError: the tokenizer refuses a prompt.
    """
    found, absent = parts(source, work)
    total = sum(len(part.examples) for part in found)
    asked: dict[Split, tuple[list[Example], list[str]]] = {}
    splits = []
    done = 0
    for part in found:
        said = [same_text(example.prompt) for example in part.examples]
        examples, texts = asked.setdefault(part.split, ([], []))
        examples += part.examples
        texts += said
        splits.append(split_audit(part, said, encoder, _after(progress, done, total)))
        done += len(part.examples)
    shared = overlaps([Asked.of(split, *asked[split]) for split in SPLITS if split in asked], progress)
    return AuditRecord(tokens=_facts(encoder), splits=splits, absent=absent, shared=shared, near=SETTINGS)


def _after(progress: Progress | None, before: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, _: progress(before + done, total)


def _facts(encoder: Encoder) -> TokenFacts:
    tokenizer = encoder.tokenizer
    template = "chat" if encoder.uses_chat_template else "tagged" if encoder.tokens.template == "tagged" else "plain"
    return TokenFacts(
        template=template,
        longest=encoder.longest,
        bos=tokenizer.bos_token if encoder.begins else None,
        eos=tokenizer.eos_token,
        answer_end=answer_end(encoder),
    )
