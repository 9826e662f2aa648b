"""Responses drawn from a policy: batched, cached, one prefill per prompt, and the same whatever the batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.engine.decoder import Decoder, choose_decoder
from harness.engine.language_model import LanguageModel
from harness.engine.numerics import engine_numerics

ROWS = 512
"""Sequences drawn side by side, at most."""

CACHE_BYTES = 2 << 30
"""Keys and values kept for the sequences drawn side by side, at most."""

Choose = Callable[[Tensor, Tensor, int], Tensor]
"""((rows, vocabulary) logits, (rows,) which of the pass they are, step) -> (rows,) token ids."""


@dataclass(frozen=True)
class Drawn:
    """A response as token ids, the end-of-sequence token included where it came."""

    tokens: tuple[int, ...]
    finished: bool
    """False if the cap on tokens stopped it."""


def item_key(name: str) -> int:
    """An integer that names an item, for `draw`'s keys."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)


def draw(
    policy: LanguageModel,
    prompts: Sequence[tuple[int, ...]],
    *,
    each: int,
    max_tokens: int,
    keys: Sequence[Sequence[int]],
    tick: Callable[[int], None] | None = None,
) -> list[list[Drawn]]:
    """Draw `each` responses per prompt at temperature 1, without dropout.

    Every response has its own stream of uniform numbers, named by its prompt's key and its place, and inverts the
    cumulative distribution with it: the batch it is drawn in changes nothing but rounding.

    Args:
        policy: in any mode; it is left as it was.
        prompts: token ids, at least one each, and room for at least one more.
        each: responses per prompt.
        max_tokens: at most so many tokens a response, fewer where the model's context ends.
        keys: per prompt, integers that seed its streams.
        tick: called with the number of prompts done.

    Returns:
        Per prompt, in order, its responses.
    """

    def by_lot(part: Sequence[int]) -> Choose:
        numbers = np.stack([_uniforms(keys[i], k, max_tokens) for i in part for k in range(each)])
        uniforms = torch.from_numpy(numbers).to(policy.device)
        return lambda logits, rows, step: _invert(logits, uniforms[rows, step])

    return _respond(policy, prompts, each, max_tokens, by_lot, tick)


def answers(
    policy: LanguageModel,
    prompts: Sequence[tuple[int, ...]],
    *,
    max_tokens: int,
    tick: Callable[[int], None] | None = None,
) -> list[Drawn]:
    """The greedy response to each prompt: at every step the likeliest token. For the arguments, see `draw`."""

    def likeliest(part: Sequence[int]) -> Choose:
        del part
        return lambda logits, rows, step: logits.argmax(-1)  # noqa: ARG005

    return [found for (found,) in _respond(policy, prompts, 1, max_tokens, likeliest, tick)]


@torch.no_grad()
def _respond(
    policy: LanguageModel,
    prompts: Sequence[tuple[int, ...]],
    each: int,
    max_tokens: int,
    choosing: Callable[[Sequence[int]], Choose],
    tick: Callable[[int], None] | None,
) -> list[list[Drawn]]:
    """Pass by pass, longest prompts first; `choosing` is given the prompts of a pass."""
    if not prompts:
        return []
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]), reverse=True)
    found: dict[int, list[Drawn]] = {}
    longest = max(map(len, prompts)) + max_tokens
    per_pass = max(1, min(ROWS, CACHE_BYTES // (longest * _cache_bytes(policy))) // each)
    with engine_numerics(), _evaluating(policy):
        decoder = policy.decoder = policy.decoder or choose_decoder(policy.causal, exact=policy.dtype == "fp32")
        for start in range(0, len(order), per_pass):
            part = order[start : start + per_pass]
            drawn = _one_pass(policy, decoder, [prompts[i] for i in part], each, max_tokens, choosing(part))
            for row, i in enumerate(part):
                found[i] = drawn[row * each : (row + 1) * each]
            if tick:
                tick(len(part))
    return [found[i] for i in range(len(prompts))]


@contextmanager
def _evaluating(policy: LanguageModel) -> Generator[None]:
    """Without dropout, in the policy's own precision; its mode comes back afterwards."""
    training = policy.model.training
    policy.model.eval()
    try:
        with torch.autocast(policy.device.type, torch.bfloat16, enabled=policy.dtype == "bf16"):
            yield
    finally:
        policy.model.train(training)


def _cache_bytes(policy: LanguageModel) -> int:
    """Bytes of keys and values per token, in float32."""
    config = policy.causal.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * heads * width * 4


def _uniforms(key: Sequence[int], place: int, count: int) -> np.ndarray:
    return np.random.Generator(np.random.PCG64([*key, place])).random(count)


def _one_pass(
    policy: LanguageModel,
    decoder: Decoder,
    prompts: Sequence[tuple[int, ...]],
    each: int,
    max_tokens: int,
    choose: Choose,
) -> list[Drawn]:
    """`each` rows per prompt, side by side; a row that has ended leaves the batch."""
    device, eos = policy.device, policy.tokenizer.eos_token_id
    room = [min(max_tokens, policy.encoder.longest - len(p)) for p in prompts for _ in range(each)]
    decoding = decoder.start(policy.causal, max(map(len, prompts)) + max(room))
    logits = decoding.prompts(prompts, each)
    alive = torch.arange(len(room), device=device)
    cap = torch.tensor(room, device=device)
    written = torch.full((len(room), max(room)), -1, dtype=torch.int64, device=device)
    for step in range(max(room)):
        chosen = choose(logits, alive, step)
        written[alive, step] = chosen
        going = (chosen != eos) & (cap[alive] > step + 1)
        if not going.all():
            order = closed_up(going)
            if not len(order):
                break
            decoding.keep(order)
            alive, chosen = alive[order], chosen[order]
        logits = decoding.follow(chosen)
    lengths = (written >= 0).sum(1).tolist()
    return [_drawn(row[:length], eos) for row, length in zip(written.tolist(), lengths, strict=True)]


def _drawn(tokens: Sequence[int], eos: int) -> Drawn:
    return Drawn(tuple(tokens), tokens[-1] == eos)


def closed_up(going: Tensor) -> Tensor:
    """(n,) int64: the n rows that go on. Those in places 0 to n stay; those behind move to where one has ended."""
    left = int(going.sum())
    order = torch.arange(left, device=going.device)
    order[~going[:left]] = going[left:].nonzero().squeeze(1) + left
    return order


def _invert(logits: Tensor, uniforms: Tensor) -> Tensor:
    """(rows,) token ids: the first whose cumulative probability exceeds the uniform number."""
    cumulative = (logits.float() - logits.amax(-1, keepdim=True)).exp_().cumsum(-1, dtype=torch.float64)
    return torch.searchsorted(cumulative, (uniforms * cumulative[:, -1]).unsqueeze(1), right=True).squeeze(1)
