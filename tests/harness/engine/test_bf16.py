"""In bf16, the packed pass errs no more against float64 than the padded pass of transformers does."""

import random

import numpy as np
import pytest
import tiny
import torch

from harness.examples import Example, Response, user_prompt

MODELS = 8
"""Random models a family: one rounding more or less is chance, and the mean over many is not."""


def text(draw, longest):
    return " ".join(f"w{draw.randrange(60)}" for _ in range(draw.randint(0, longest)))


def examples(seed, count=12):
    draw = random.Random(seed)
    return [
        Example(f"e{i}", user_prompt(text(draw, 12)), tuple(Response(text(draw, 9)) for _ in range(3)))
        for i in range(count)
    ]


def errors(family):
    """(models, responses) nats a token of the packed pass in bf16, and of the padded one, against float64."""
    packed, padded = [], []
    for seed in range(MODELS):
        model = tiny.language_model(family, seed)
        encoded = model.encoder.examples(examples(seed))
        exact = tiny.language_model(family, seed, torch.float64)
        exact.refusal = "for the test"
        with torch.no_grad():
            truth = exact.forward(encoded)
            model.dtype = "bf16"
            found = model.forward(encoded)
            model.refusal = "for the test"
            plain = model.forward(encoded)
        assert found.total.dtype == plain.total.dtype == torch.float32
        for into, logps in ((packed, found), (padded, plain)):
            into.append(((logps.total.double() - truth.total).abs() / truth.tokens).numpy())
    return np.stack(packed), np.stack(padded)


@pytest.mark.parametrize("family", tiny.CONFIGS)
def test_the_packed_pass_errs_no_more_than_the_padded_one(family, record_property):
    packed, padded = errors(family)
    for name, found in (("packed", packed), ("padded", padded)):
        record_property(name, float(np.sqrt((found**2).mean())))
    more = (packed**2 - padded**2).mean(1)
    chance = more.std(ddof=1) / np.sqrt(MODELS)
    assert more.mean() <= 2.5 * chance, "the packed pass errs more than chance would have it"
    assert np.sqrt((packed**2).mean()) <= 1.15 * np.sqrt((padded**2).mean())
