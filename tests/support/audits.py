"""A source of given examples, a tokenizer with a chat template, and an audit of the one by the other, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import tiny

import harness
from harness.audit import audit
from harness.engine.encoding import Encoder
from harness.errors import DataError
from harness.examples import Example, ExampleSet, Ledger, Pair, Response, user_prompt
from harness.run.steps import AuditStep
from harness.training import Tokens

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ m['role'] + ' ' + m['content'] + ' ' }}{% if m['role'] == 'assistant' %}"
    "{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant ' }}{% endif %}"
)


@dataclass(frozen=True)
class Given(harness.Source):
    """Examples by split; of the training split by seed where they differ."""

    name: ClassVar[str] = "given"
    splits: dict = field(default_factory=dict)

    def examples(self, split, seed, limit=None):
        found = self.splits.get((split, seed), self.splits.get(split))
        if found is None:
            raise DataError(f"the {split} split is empty")
        kept = tuple(found)[:limit]
        return ExampleSet(kept, Ledger(read=len(found), kept=len(found)))


def pair(name, prompt, chosen, rejected, share=None, sources=(None, None), rewards=(None, None)):
    responses = tuple(
        Response(t, source=s, reward=r) for t, s, r in zip((chosen, rejected), sources, rewards, strict=True)
    )
    return Example(name, user_prompt(prompt), responses, (Pair(0, 1, share),))


def clean(count=40, start=0):
    """Pairs in which there is nothing to find: prompts, and responses, that share no two neighbouring words."""
    return [
        pair(f"{start + i}", " ".join(f"w{start + i}x{k}" for k in range(6)), f"w{i % 9} w1", f"w{i % 7} w2 w3")
        for i in range(count)
    ]


def encoder(template=None, words=60, **tokens):
    tokenizer = tiny.tokenizer(words)
    tokenizer.chat_template = template
    return Encoder(tokenizer, Tokens(**{"min_prompt": 4, **tokens}), 64)


def audited(splits, *, seeds=(0,), using=None, train=None, limit=None, progress=None):
    """The record of an audit."""
    return audit(Given(splits=splits), using or encoder(), AuditStep(tuple(seeds), train, limit), progress)


def found(record, name="train"):
    """What the checks of a split found, without zeros."""
    split = next(s for s in record.splits if s.name == name)
    return {key: count for key, count in split.found.items() if count}
