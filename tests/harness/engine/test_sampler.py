import itertools

import tiny
import torch

from harness.engine.sampler import draw
from harness.training import Tokens

PROMPTS = [(1, 5, 6), (1, 9), (1, 7, 8, 9, 10, 11), (1, 4)]
KEYS = [(0, i) for i in range(len(PROMPTS))]


def test_samples_do_not_depend_on_the_batch_they_are_drawn_in(monkeypatch):
    model = tiny.language_model("gpt-neox")
    together = draw(model, PROMPTS, each=3, max_tokens=12, keys=KEYS)
    monkeypatch.setattr("harness.engine.sampler.ROWS", 3)
    assert draw(model, PROMPTS, each=3, max_tokens=12, keys=KEYS) == together
    alone = [draw(model, [p], each=3, max_tokens=12, keys=[k])[0] for p, k in zip(PROMPTS, KEYS, strict=True)]
    assert alone == together


def test_a_response_ends_with_the_end_token_or_is_marked_unfinished():
    model = tiny.language_model()
    groups = draw(model, PROMPTS, each=8, max_tokens=20, keys=KEYS)
    for drawn in itertools.chain.from_iterable(groups):
        assert drawn.finished == (drawn.tokens[-1] == 2)
        assert 2 not in drawn.tokens[:-1]
        assert drawn.finished or len(drawn.tokens) == 20


def test_first_tokens_follow_the_models_distribution():
    model = tiny.language_model()
    drawn = draw(model, [PROMPTS[0]], each=20_000, max_tokens=1, keys=[(7,)])[0]
    with torch.no_grad():
        exact = model.causal(input_ids=torch.tensor([PROMPTS[0]])).logits[0, -1].softmax(-1)
    counts = torch.bincount(torch.tensor([d.tokens[0] for d in drawn]), minlength=64) / 20_000
    assert (counts - exact).abs().max() < 4.5 * (exact.max() / 20_000).sqrt()


def test_few_sequences_at_a_time_where_memory_is_short(monkeypatch):
    model = tiny.language_model()
    together = draw(model, PROMPTS, each=2, max_tokens=9, keys=KEYS)
    monkeypatch.setattr("harness.engine.sampler.CACHE_BYTES", 1)
    assert draw(model, PROMPTS, each=2, max_tokens=9, keys=KEYS) == together


def test_the_context_is_never_exceeded():
    model = tiny.language_model(tokens=Tokens(max=8, min_prompt=2))
    for responses, prompt in zip(draw(model, PROMPTS, each=2, max_tokens=50, keys=KEYS), PROMPTS, strict=True):
        assert all(len(r.tokens) + len(prompt) <= 8 for r in responses)
