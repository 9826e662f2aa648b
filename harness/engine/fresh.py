"""Fresh responses of the policy, drawn before each step for the methods that learn from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from harness.engine.encoding import Encoded, Encoder, Fresh
from harness.engine.language_model import LanguageModel
from harness.engine.sampler import Drawn, draw, item_key
from harness.method import Sampling


@dataclass
class FreshResponses:
    """Draws for one row-seed: what it draws depends on the weights, `seed`, the step and the example's id alone."""

    policy: LanguageModel
    reference: LanguageModel
    sampling: Sampling
    encoded: Sequence[Encoded]
    """All examples of the row."""
    seed: int

    def __post_init__(self) -> None:
        self._prompts = _prompts(self.policy.encoder, self.encoded, self.sampling.max_tokens)

    def join(self, step: int, batch: Sequence[int]) -> list[Encoded]:
        """These examples, each with its samples as further responses, scored by the reference."""
        drawn = draw(
            self.policy,
            [self._prompts[i] for i in batch],
            each=self.sampling.each,
            max_tokens=self.sampling.max_tokens,
            keys=[(self.seed, step, item_key(self.encoded[i].example.id)) for i in batch],
        )
        samples = [self._alone(i, group) for i, group in zip(batch, drawn, strict=True)]
        scored = self.reference.logps_of(samples)
        return [
            _joined(self.encoded[i], sample, total.tolist(), group)
            for i, sample, (total, _), group in zip(batch, samples, scored, drawn, strict=True)
        ]

    def _alone(self, index: int, group: Sequence[Drawn]) -> Encoded:
        responses = tuple(d.tokens for d in group)
        return Encoded(self.encoded[index].example, (self._prompts[index],), (0,) * len(group), responses)


def _prompts(encoder: Encoder, encoded: Sequence[Encoded], max_tokens: int) -> list[tuple[int, ...]]:
    """Cuts are counted apart from those of the examples' own responses."""
    counted = encoder.counted.copy()
    prompts = encoder.prompts([e.example.prompt for e in encoded], max_tokens)
    cut = encoder.counted.total() - counted.total()
    encoder.counted.clear()
    encoder.counted.update(counted)
    if cut:
        encoder.counted["prompts cut on the left to be sampled"] += cut
    return prompts


def _joined(own: Encoded, sample: Encoded, reference: Sequence[float], group: Sequence[Drawn]) -> Encoded:
    """The prompt is shared where it is the same tokens."""
    (prompt,) = sample.prompts
    prompts = own.prompts if prompt in own.prompts else (*own.prompts, prompt)
    return dataclasses.replace(
        own,
        prompts=prompts,
        prompt_of=(*own.prompt_of, *(prompts.index(prompt) for _ in group)),
        responses=(*own.responses, *sample.responses),
        fresh=Fresh(tuple(reference), tuple(d.finished for d in group)),
    )
