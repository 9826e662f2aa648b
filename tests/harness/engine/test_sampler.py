import itertools

import pytest
import tiny
import torch
from plain_sampling import KEYS, PROMPTS, one_by_one

from harness.engine.sampler import answers, draw, item_key
from harness.training import Tokens

every_family = pytest.mark.parametrize("family", tiny.CONFIGS)


@pytest.mark.parametrize("family", ["llama", "mistral", "gemma"])
def test_samples_do_not_depend_on_the_batch_they_are_drawn_in(family, monkeypatch):
    model = tiny.language_model(family)
    together = draw(model, PROMPTS, each=2, max_tokens=8, keys=KEYS)
    assert draw(model, PROMPTS[::-1], each=2, max_tokens=8, keys=KEYS[::-1])[::-1] == together
    for rows in (2, 5):  # one prompt at a time, and two
        monkeypatch.setattr("harness.engine.sampler.ROWS", rows)
        assert draw(model, PROMPTS, each=2, max_tokens=8, keys=KEYS) == together


@every_family
def test_cache_padding_and_batch_change_no_response(family):
    model = tiny.language_model(family)
    drawn = draw(model, PROMPTS, each=2, max_tokens=8, keys=KEYS)
    for prompt, key, group in zip(PROMPTS, KEYS, drawn, strict=True):
        assert [d.tokens for d in group] == [one_by_one(model, prompt, key, place, 8) for place in range(2)]
    found = answers(model, PROMPTS, max_tokens=8)
    assert [d.tokens for d in found] == [one_by_one(model, prompt, None, 0, 8) for prompt in PROMPTS]
    assert [d.finished for d in found] == [d.tokens[-1] == 2 for d in found]


def test_more_samples_of_a_prompt_leave_the_first_as_they_were():
    model = tiny.language_model()
    few, many = (draw(model, PROMPTS, each=each, max_tokens=8, keys=KEYS) for each in (1, 4))
    assert [group[:1] for group in many] == few


def test_a_policy_in_training_is_sampled_without_dropout_and_goes_on_training():
    model = tiny.language_model("gpt2")
    still = draw(model, PROMPTS, each=2, max_tokens=9, keys=KEYS), answers(model, PROMPTS, max_tokens=9)
    for module in model.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    model.model.train()
    before = torch.get_rng_state()
    assert (draw(model, PROMPTS, each=2, max_tokens=9, keys=KEYS), answers(model, PROMPTS, max_tokens=9)) == still
    assert all(module.training for module in model.model.modules())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_bf16_policy_is_sampled_as_it_is_trained():
    model = tiny.language_model()
    exact = draw(model, PROMPTS, each=4, max_tokens=9, keys=KEYS)
    model.dtype = "bf16"
    rounded = draw(model, PROMPTS, each=4, max_tokens=9, keys=KEYS)
    assert rounded != exact
    assert rounded == draw(model, PROMPTS, each=4, max_tokens=9, keys=KEYS)


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
    model = tiny.language_model(tokens=Tokens(max=9, min_prompt=2))
    for responses, prompt in zip(draw(model, PROMPTS, each=2, max_tokens=50, keys=KEYS), PROMPTS, strict=True):
        assert all(len(r.tokens) + len(prompt) <= 9 for r in responses)


def test_nothing_is_drawn_for_no_prompt():
    assert draw(tiny.language_model(), [], each=2, max_tokens=3, keys=[]) == []


def test_items_are_named_by_their_text():
    assert item_key("a") == item_key("a") != item_key("b")
