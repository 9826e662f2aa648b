"""One split: everything that can be counted example by example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.audit.boundary import mismatches
from harness.audit.judged import judged, tied
from harness.audit.lengths import PairLengths, lengths
from harness.audit.marks import Marks
from harness.audit.parts import Part
from harness.audit_checks import CHECKS
from harness.audit_record import SourceTally, SplitAudit
from harness.engine.encoding import Encoded, Encoder
from harness.engine.token_bank import TokenBank
from harness.examples import Example, Ledger, Pair
from harness.records import LedgerRecord
from harness.reporter import Progress

CHUNK = 500
"""Examples whose tokens are held at a time."""
NAMED = 5
"""How many examples a check names."""


@dataclass
class _Count:
    """What is found so far."""

    encoder: Encoder
    marks: Marks
    found: Counter[str] = field(default_factory=Counter[str])
    named: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    lengths: list[PairLengths] = field(default_factory=list[PairLengths])
    chosen: Counter[str] = field(default_factory=Counter[str])
    rejected: Counter[str] = field(default_factory=Counter[str])

    def note(self, key: str, example: Example, times: int = 1) -> None:
        if times:
            self.found[key] += times
            known = self.named.setdefault(key, [])
            if len(known) < NAMED and example.id not in known:
                known.append(example.id)

    def example(self, whole: Encoded, boundary: int) -> Encoded:
        """Everything but pairs; gives back the example as it is trained on."""
        example, cut = whole.example, self.encoder.cut(whole)
        for key in self.marks.of_prompts(whole):
            self.note(key, example)
        for response in whole.responses:
            for key in self.marks.of_response(response):
                self.note(key, example)
        self.note("empty", example, sum(not response.text.strip() for response in example.responses))
        self.note("boundary", example, boundary)
        shorter = zip(whole.responses, cut.responses, strict=True)
        self.note("response_cut", example, sum(len(a) > len(b) for a, b in shorter))
        self.note("prompt_cut", example, int(sum(map(len, cut.prompts)) < sum(map(len, whole.prompts))))
        return cut

    def pair(self, whole: Encoded, cut: Encoded, pair: Pair, said: str) -> None:
        example = whole.example
        chosen, rejected = (example.responses[i] for i in (pair.chosen, pair.rejected))
        if (chosen.text, chosen.prompt) == (rejected.text, rejected.prompt):
            self.note("identical", example)
        elif _tokens(cut, pair.chosen) == _tokens(cut, pair.rejected):
            self.note("collapsed", example)
        if tied(example, pair):
            self.note("tied", example)
        long, short = (self._length(whole.responses[i]) for i in (pair.chosen, pair.rejected))
        self.lengths.append(PairLengths(said, long, short))
        for tally, response in ((self.chosen, chosen), (self.rejected, rejected)):
            if response.source is not None:
                tally[response.source] += 1

    def _length(self, ids: tuple[int, ...]) -> int:
        return len(ids) - (ids[-1] == self.marks.eos)


def _tokens(encoded: Encoded, index: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return encoded.prompts[encoded.prompt_of[index]], encoded.responses[index]


def split_audit(part: Part, said: Sequence[str], encoder: Encoder, progress: Progress | None = None) -> SplitAudit:
    """One split's ledger.

    Args:
        part: its examples.
        said: what each example's prompt says, see `harness.examples.same_text`.
        encoder: how text becomes tokens; its own counts and tokens are left alone.
        progress: told of the examples that are done.
    """
    examples = part.examples.examples
    count = _Count(encoder, Marks.of(encoder.tokenizer))
    pairs_of, lost = judged(part.examples)
    count.found.update(lost)
    pairs = 0
    for start in range(0, len(examples), CHUNK):
        chunk = examples[start : start + CHUNK]
        count.encoder = replace(encoder, counted=Counter(), bank=TokenBank(0))  # every chunk is read once
        boundaries = mismatches(count.encoder, chunk)
        for place, (whole, boundary) in enumerate(zip(count.encoder.uncut(chunk), boundaries, strict=True)):
            cut = count.example(whole, boundary)
            for pair in pairs_of.get(whole.example.id, ()):
                pairs += 1
                count.pair(whole, cut, pair, said[start + place])
        if progress:
            progress(start + len(chunk), len(examples))
    _repeats(count, examples, said)
    return SplitAudit(
        name=part.name,
        ledger=_ledger(part.examples.ledger),
        examples=len(examples),
        prompts=len(set(said)),
        responses=sum(len(example.responses) for example in examples),
        pairs=pairs,
        found={check.key: count.found[check.key] for check in CHECKS},
        named={check.key: count.named[check.key] for check in CHECKS if check.key in count.named},
        lengths=lengths(count.lengths),
        sources=_tallies(count),
    )


def _ledger(ledger: Ledger) -> LedgerRecord:
    return LedgerRecord(
        read=ledger.read,
        kept=ledger.kept,
        dropped=dict(ledger.dropped),
        counted=dict(ledger.counted),
        named=list(ledger.named),
    )


def _repeats(count: _Count, examples: Sequence[Example], said: Sequence[str]) -> None:
    """Note examples whose prompt, or all of which, an earlier one has; an example that is drawn again repeats none."""
    prompts: set[str] = set()
    contents: set[Example] = set()
    drawn: set[str] = set()
    for example, prompt in zip(examples, said, strict=True):
        content = replace(example, id="")
        count.note("same_prompt", example, int(prompt in prompts))
        count.note("repeated", example, int(content in contents and example.id not in drawn))
        prompts.add(prompt)
        contents.add(content)
        drawn.add(example.id)


def _tallies(count: _Count) -> dict[str, SourceTally]:
    names = sorted({*count.chosen, *count.rejected})
    return {name: SourceTally(chosen=count.chosen[name], rejected=count.rejected[name]) for name in names}
