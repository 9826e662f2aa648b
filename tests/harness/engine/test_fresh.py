from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch
from objectives import data

from harness.engine.collate import collate, facts
from harness.engine.encoding import Encoded
from harness.engine.fresh import FreshResponses
from harness.engine.sampler import draw, item_key
from harness.examples import Response, user_prompt
from harness.method import Sampling
from harness.training import Tokens


def fresh(examples=None, each=2, tokens=None, policy=None):
    policy = policy or tiny.language_model(tokens=tokens)
    encoded = policy.encoder.examples(examples or data(4))
    policy.encoder.counted.clear()
    return FreshResponses(policy, tiny.language_model(seed=1), Sampling(each, 6), encoded, seed=5)


def test_what_is_drawn_is_named_by_seed_step_and_example():
    made = fresh()
    joined = made.join(3, [2, 0])
    for index, example in zip([2, 0], joined, strict=True):
        own = made.encoded[index]
        key = (5, 3, item_key(own.example.id))
        (expected,) = draw(made.policy, [own.prompts[0]], each=2, max_tokens=6, keys=[key])
        assert example.responses == (*own.responses, *(d.tokens for d in expected))
        assert example.fresh.finished == tuple(d.finished for d in expected)
        assert example.samples == 2
    assert made.join(3, [0, 1, 2])[2] == joined[0]
    assert made.join(4, [2])[0].responses != joined[0].responses


def test_the_reference_scores_them_under_the_prompt_they_were_drawn_for():
    made = fresh()
    (joined,) = made.join(0, [1])
    scored = made.reference.logps_of([replace(joined, fresh=None)])[0][0]
    assert joined.fresh.reference == pytest.approx(scored[-2:].tolist(), abs=1e-5)


def test_a_prompt_is_computed_once_unless_it_had_to_be_cut_to_leave_room():
    made = fresh(tokens=Tokens(max=12, min_prompt=2))
    assert {len(e.prompts) for e in made.join(0, range(4))} == {1}
    long = [replace(data(1)[0], prompt=user_prompt(" ".join(["w1"] * 9)), responses=(Response("w2"), Response("w3")))]
    made = fresh(long, tokens=Tokens(max=12, min_prompt=2))
    (joined,) = made.join(0, [0])
    assert [len(p) for p in joined.prompts] == [10, 6]
    assert joined.prompt_of == (0, 0, 1, 1)
    assert made.policy.encoder.counted == {"prompts cut on the left to be sampled": 1}


def test_a_batch_holds_samples_apart_from_the_examples_own_responses():
    made = fresh()
    joined = made.join(0, [3, 1])
    columns = {"reference": [np.full(3, -1.0), np.full(3, -2.0)]}
    flat = made.policy.forward(joined)
    batch = collate(joined, flat, columns, facts(data()))
    without = collate(
        [made.encoded[3], made.encoded[1]],
        made.policy.forward([made.encoded[3], made.encoded[1]]),
        columns,
        facts(data()),
    )
    torch.testing.assert_close(batch.policy.total, without.policy.total)
    assert without.samples is None
    for name in ("prompt", "chosen", "rejected", "labelled"):
        assert torch.equal(getattr(batch, name), getattr(without, name))
    samples = batch.samples
    assert samples.prompt.tolist() == [0, 0, 1, 1]
    assert samples.reference.tolist() == [value for e in joined for value in e.fresh.reference]
    assert samples.finished.tolist() == [done for e in joined for done in e.fresh.finished]
    assert samples.policy.tokens.tolist() == [len(r) for e in joined for r in e.responses[-2:]]
    alone = [Encoded(e.example, e.prompts, (0, 0), e.responses[-2:]) for e in joined]
    torch.testing.assert_close(samples.policy.total, made.policy.forward(alone).total)
    assert samples.policy.total.requires_grad
