"""The policies that evaluators judge: a language model under its method's score, and a source's oracle."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from harness.batch import Facts, Logps
from harness.engine.collate import collate, facts
from harness.engine.encoding import Encoded
from harness.engine.language_model import LanguageModel, finite
from harness.engine.sampler import draw
from harness.errors import DataError, Unavailable
from harness.evaluator import Sample, Scored
from harness.examples import Example, ExampleSet, Prompt, Response
from harness.method import Method
from harness.reporter import Progress, ticking
from harness.source import Oracle

Columns = Callable[[str, Sequence[Encoded]], list[np.ndarray]]
"""(column name, examples) -> (K,) per example; computes what is not stored."""


@dataclass
class BaseLogps:
    """The suite's base model, which remembers what it scored: evaluators ask the same of it for every row."""

    model: LanguageModel
    _known: dict[tuple[Example, ...], list[np.ndarray]] = field(
        default_factory=dict[tuple[Example, ...], "list[np.ndarray]"]
    )

    def of(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """Per example, (K,) float32 summed log-probs in nats."""
        key = tuple(examples)
        if key not in self._known:
            encoder = dataclasses.replace(self.model.encoder, counted=Counter())  # these are no truncations of a row
            self._known[key] = [total for total, _ in self.model.logps_of(encoder.examples(examples))]
        return self._known[key]


@dataclass
class PolicySubject:
    """A language model, scored by its method's implicit reward; by summed log-prob where it has no method."""

    policy: LanguageModel
    reference: LanguageModel
    base: BaseLogps
    method: Method | None
    columns: Columns
    held_out: ExampleSet
    oracle: Oracle | None
    progress: Progress | None = None
    """Told of the examples scored and the prompts answered."""
    sampled_tokens: int = 0
    """Drawn so far; part of the cost."""

    def examples(self) -> ExampleSet:
        """See `harness.evaluator.Subject`."""
        return self.held_out

    def score(self, examples: Sequence[Example]) -> list[Scored]:
        """See `harness.evaluator.Subject`."""
        if not examples:
            return []
        encoded = self.policy.encoder.examples(examples)
        logps = self.policy.logps_of(encoded, ticking(self.progress, len(encoded)))
        totals = finite(np.concatenate([t for t, _ in logps]), "the policy's log-probs of held-out responses")
        tokens = np.concatenate([n for _, n in logps])
        scores = self._scores(encoded, totals, tokens)
        edges = np.cumsum([len(e.responses) for e in encoded])[:-1]
        parts = zip(np.split(totals, edges), np.split(tokens, edges), np.split(scores, edges), strict=True)
        return [Scored(logp, count, score) for logp, count, score in parts]

    def _scores(self, encoded: Sequence[Encoded], totals: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        if self.method is None:
            return totals
        columns = {name: self.columns(name, encoded) for name in self.method.score_columns()}
        logps = Logps(torch.from_numpy(totals), torch.from_numpy(tokens).to(torch.float32))
        about: Facts = facts([e.example for e in encoded])
        with torch.no_grad():
            scores = self.method.score(collate(encoded, logps, columns, about)).float().numpy()
        if scores.shape != totals.shape:
            raise DataError(f"method {self.method.name!r} scored {scores.shape} responses of {totals.shape}")
        return finite(scores, f"the scores of {self.method.name!r}")

    def base_logps(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """See `harness.evaluator.Subject`."""
        return self.base.of(examples)

    def sample(self, prompts: Mapping[str, Prompt], *, each: int, max_tokens: int, seed: int) -> list[Sample]:
        """See `harness.evaluator.Subject`."""
        if self.policy.tokenizer.get_vocab() != self.reference.tokenizer.get_vocab():
            raise Unavailable("this policy has another tokenizer than the suite's model: there is no KL between them")
        ids = list(prompts)
        tokens = self.policy.encoder.prompts(list(prompts.values()), max_tokens)
        keys = [[seed, int(hashlib.sha256(i.encode()).hexdigest()[:8], 16)] for i in ids]
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

    def _text(self, tokens: tuple[int, ...]) -> str:
        return self.policy.tokenizer.decode(list(tokens), skip_special_tokens=True)

    def language_model(self) -> tuple[Any, Any]:
        """See `harness.evaluator.Subject`."""
        return self.policy.causal, self.policy.tokenizer


@dataclass
class OracleSubject:
    """The truth as a row: answers as p+ does, scores by the true reward (by log p+ where no reward exists)."""

    oracle: Oracle
    base: BaseLogps
    held_out: ExampleSet
    sampled_tokens: int = 0

    def __post_init__(self) -> None:
        self._truths = {truth.prompt: truth for truth in self.oracle.prompts("test")}

    def examples(self) -> ExampleSet:
        """See `harness.evaluator.Subject`."""
        return self.held_out

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

    def base_logps(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """See `harness.evaluator.Subject`."""
        return self.base.of(examples)

    def sample(self, prompts: Mapping[str, Prompt], *, each: int, max_tokens: int, seed: int) -> list[Sample]:
        """See `harness.evaluator.Subject`."""
        del prompts, each, max_tokens, seed
        raise Unavailable("the oracle has no language model")

    def language_model(self) -> tuple[Any, Any]:
        """See `harness.evaluator.Subject`."""
        raise Unavailable("the oracle has no language model")
