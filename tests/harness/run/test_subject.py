import numpy as np
import pytest
import tiny

from harness.examples import Example, ExampleSet, Response, user_prompt
from harness.run.subject import ColumnSubject, PolicySubject
from harness.run.surroundings import BaseLogps

EXAMPLES = tuple(
    Example(f"e{i}", user_prompt(f"w{i} w2"), (Response(f"w{i + 3}"), Response("w4 w5"))) for i in range(3)
)


@pytest.fixture(scope="module")
def models():
    return [tiny.language_model(seed=seed) for seed in range(3)]


def around(base):
    rest = {"source": object(), "models": None, "shared": None}
    return {"split": "test", "held_out": ExampleSet(EXAMPLES), "base": BaseLogps(base), **rest}


def policy(base, own, reference):
    return PolicySubject(**around(base), policy=own, reference=reference, method=None, columns=lambda *_: [])


def same(found, model):
    return all(np.array_equal(a, b) for a, (b, _) in zip(found, model.logps(EXAMPLES), strict=True))


def test_the_reference_is_what_a_row_started_from(models):
    base, own, other = models
    assert same(policy(base, own, other).reference_logps(EXAMPLES), other)
    assert same(policy(base, own, base).reference_logps(EXAMPLES), base)
    rating = ColumnSubject(**around(base), name="x", columns=lambda *_: [])
    assert same(rating.reference_logps(EXAMPLES), base)


def test_a_row_that_is_the_base_is_scored_once_for_all(models, monkeypatch):
    base, own, _ = models
    first = policy(base, base, base)
    scored = first.score(EXAMPLES)
    second = policy(base, own, base)
    second.base = first.base
    monkeypatch.setattr(type(base), "logps_of", lambda *_: pytest.fail("computed again"))
    for found in (first.reference_logps(EXAMPLES), first.base_logps(EXAMPLES), second.base_logps(EXAMPLES)):
        assert all(np.array_equal(a, b.logp) for a, b in zip(found, scored, strict=True))


def test_references_scored_leave_the_rows_count_of_cuts_alone(models):
    base, own, other = models
    long = (Example("long", user_prompt("w1 " * 300), (Response("w1"),)),)
    subject = policy(base, own, other)
    before = dict(other.encoder.counted)
    subject.reference_logps(long)
    assert dict(other.encoder.counted) == before
