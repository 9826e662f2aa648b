"""What evaluators judge: a language model under its method's score, a column that rates, and a source's oracle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from harness.batch import Facts, Logps
from harness.column import name_of
from harness.engine.collate import collate, facts
from harness.engine.encoding import Encoded
from harness.engine.language_model import LanguageModel, finite
from harness.engine.sampler import answers, draw, item_key
from harness.errors import DataError, Unavailable
from harness.evaluator import Answer, Sample, Scored
from harness.examples import Example, Prompt, Response
from harness.method import Method
from harness.reporter import ticking
from harness.run.known_logps import Memories
from harness.run.surroundings import Surroundings

Columns = Callable[[str, Sequence[Encoded]], list[np.ndarray]]
"""(column name, examples) -> (K,) per example; computes what is not stored."""


@dataclass(kw_only=True)
class PolicySubject(Surroundings):
    """A language model, scored by its method's implicit reward; by summed log-prob where it has no method."""

    policy: LanguageModel
    reference: LanguageModel
    method: Method | None
    columns: Columns
    memories: Memories = field(default_factory=Memories)
    """What the policy and its reference scored for other evaluators."""

    def score(self, examples: Sequence[Example]) -> list[Scored]:
        """See `harness.evaluator.Subject`."""
        if not examples:
            return []
        encoded = self.policy.encoder.examples(examples)
        own = self.base if self.policy is self.base.model else self.memories.of(self.policy)
        logps = own.scored(examples, encoded, ticking(self.progress, len(encoded)))
        totals = finite(np.concatenate([t for t, _ in logps]), "the policy's log-probs of held-out responses")
        tokens = np.concatenate([n for _, n in logps])
        scores = self._scores(encoded, totals, tokens)
        edges = np.cumsum([len(e.responses) for e in encoded])[:-1]
        parts = zip(np.split(totals, edges), np.split(tokens, edges), np.split(scores, edges), strict=True)
        return [Scored(logp, count, score) for logp, count, score in parts]

    def _scores(self, encoded: Sequence[Encoded], totals: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        if self.method is None:
            return totals
        names = [name_of(column) for column in self.method.score_columns()]
        columns = {name: self.columns(name, encoded) for name in names}
        logps = Logps(torch.from_numpy(totals), torch.from_numpy(tokens).to(torch.float32))
        about: Facts = facts([e.example for e in encoded])
        with torch.no_grad():
            scores = self.method.score(collate(encoded, logps, columns, about)).float().numpy()
        if scores.shape != totals.shape:
            raise DataError(f"method {self.method.name!r} scored {scores.shape} responses of {totals.shape}")
        return finite(scores, f"the scores of {self.method.name!r}")

    def reference_logps(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """See `harness.evaluator.Subject`."""
        if self.reference is self.base.model:
            return self.base.of(examples)
        return self.memories.of(self.reference).of(examples)

    def sample(self, prompts: Mapping[str, Prompt], *, each: int, max_tokens: int, seed: int) -> list[Sample]:
        """See `harness.evaluator.Subject`."""
        if self.policy.tokenizer.get_vocab() != self.reference.tokenizer.get_vocab():
            raise Unavailable("this policy has another tokenizer than the suite's model: there is no KL between them")
        ids = list(prompts)
        tokens = self.policy.encoder.prompts(list(prompts.values()), max_tokens)
        keys = [(seed, item_key(i)) for i in ids]
        tick = ticking(self.progress, len(ids))
        drawn = draw(self.policy, tokens, each=each, max_tokens=max_tokens, keys=keys, tick=tick)
        self.sampled_tokens += sum(len(d.tokens) for group in drawn for d in group)
        texts = [[self._text(d.tokens) for d in group] for group in drawn]
        encoded = [
            Encoded(
                example=Example(item, prompts[item], tuple(Response(t) for t in group_texts)),
                prompts=(prompt,),
                prompt_of=(0,) * each,
                responses=tuple(d.tokens for d in group),
            )
            for item, prompt, group, group_texts in zip(ids, tokens, drawn, texts, strict=True)
        ]
        own, reference = self.policy.logps_of(encoded), self.reference.logps_of(encoded)
        return [
            Sample(
                item=item.example.id,
                text=item.example.responses[k].text,
                logp=float(own[i][0][k]),
                reference_logp=float(reference[i][0][k]),
                tokens=len(item.responses[k]),
                finished=drawn[i][k].finished,
            )
            for i, item in enumerate(encoded)
            for k in range(each)
        ]

    def answer(self, prompts: Mapping[str, Prompt], *, max_tokens: int) -> list[Answer]:
        """See `harness.evaluator.Subject`."""
        tokens = self.policy.encoder.prompts(list(prompts.values()), max_tokens)
        tick = ticking(self.progress, len(tokens))
        drawn = answers(self.policy, tokens, max_tokens=max_tokens, tick=tick)
        self.sampled_tokens += sum(len(d.tokens) for d in drawn)
        return [
            Answer(item, self._text(d.tokens), len(d.tokens), d.finished)
            for item, d in zip(prompts, drawn, strict=True)
        ]

    def _text(self, tokens: tuple[int, ...]) -> str:
        return self.policy.tokenizer.decode(list(tokens), skip_special_tokens=True)

    def language_model(self) -> tuple[Any, Any]:
        """See `harness.evaluator.Subject`."""
        return self.policy.causal, self.policy.tokenizer


@dataclass(kw_only=True)
class ColumnSubject(Surroundings):
    """A column as a row: it rates responses and writes none."""

    name: str
    columns: Columns

    def score(self, examples: Sequence[Example]) -> list[Scored]:
        """See `harness.evaluator.Subject`."""
        encoded = self.base.model.encoder.examples(examples)
        values = self.columns(self.name, encoded)
        return [
            Scored(None, np.array([len(r) for r in e.responses]), value)
            for e, value in zip(encoded, values, strict=True)
        ]


@dataclass(kw_only=True)
class OracleSubject(Surroundings):
    """The truth as a row: answers as p+ does, scores by the true reward (by log p+ where no reward exists)."""

    def __post_init__(self) -> None:
        assert self.oracle is not None
        self._truths = {truth.prompt: truth for truth in self.oracle.prompts(self.split)}

    def score(self, examples: Sequence[Example]) -> list[Scored]:
        """See `harness.evaluator.Subject`."""
        encoded = self.base.model.encoder.examples(examples)
        return [self._score(e) for e in encoded]

    def _score(self, encoded: Encoded) -> Scored:
        example = encoded.example
        truth = self._truths.get(example.prompt)
        if truth is None:
            raise DataError(f"the oracle knows nothing of the prompt of example {example.id!r}")
        places = {answer: i for i, answer in enumerate(truth.answers)}
        unknown = [r.text for r in example.responses if r.text not in places]
        if unknown:
            raise DataError(f"the oracle knows nothing of the response {unknown[0]!r} of example {example.id!r}")
        chosen = [places[r.text] for r in example.responses]
        logp = np.log(np.maximum(truth.preferred[chosen], np.finfo(np.float32).tiny)).astype(np.float32)
        score = logp if truth.reward is None else truth.reward[chosen].astype(np.float32)
        return Scored(logp, np.array([len(r) for r in encoded.responses]), score)

    def _speechless(self) -> Unavailable:
        return Unavailable("the oracle has no language model")
