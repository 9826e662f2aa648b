import gc
import weakref

import numpy as np
import pytest
import tiny

from harness.examples import Example, ExampleSet, Response, user_prompt
from harness.run.known_logps import KnownLogps, Memories
from harness.run.subject import ColumnSubject, PolicySubject

EXAMPLES = tuple(
    Example(f"e{i}", user_prompt(f"w{i} w2"), (Response(f"w{i + 3}"), Response("w4 w5"))) for i in range(3)
)


@pytest.fixture(scope="module")
def models():
    return [tiny.language_model(seed=seed) for seed in range(3)]


def around(base):
    rest = {"source": object(), "models": None, "shared": None}
    return {"split": "test", "held_out": ExampleSet(EXAMPLES), "base": KnownLogps(base), **rest}


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


def test_a_policy_is_scored_once_for_all_evaluators_that_ask_the_same(models, monkeypatch):
    base, own, other = models
    subjects = [policy(base, own, other) for _ in range(3)]
    for subject in subjects:
        subject.memories = subjects[0].memories
    passes, score = [], type(own).logps_of
    monkeypatch.setattr(
        type(own), "logps_of", lambda model, *rest: passes.append((model is own, len(rest[0]))) or score(model, *rest)
    )
    found = [[*subject.score(EXAMPLES), *subject.reference_logps(EXAMPLES)] for subject in subjects]
    assert passes == [(True, 3), (False, 3)]
    assert all(np.array_equal(a.logp, b.logp) for a, b in zip(found[0][:3], found[2][:3], strict=True))
    subjects[0].score(EXAMPLES[:2])  # other examples are another question: no figure depends on what was asked before
    assert passes[2:] == [(True, 2)]


def test_cuts_of_a_row_are_counted_for_each_evaluator_however_often_it_is_scored(models):
    base, own, other = models
    long = (Example("long", user_prompt("w1 " * 3000), (Response("w1"),)),)
    subject = policy(base, own, other)
    counts = []
    for _ in range(2):
        own.encoder.counted.clear()
        subject.score(long)
        counts.append(dict(own.encoder.counted))
    assert counts == [{"prompts cut on the left": 1}] * 2


def test_what_a_model_scored_keeps_it_no_longer_than_whoever_loaded_it(models):
    memories = Memories()
    model = tiny.language_model(seed=4)
    memories.of(model).of(EXAMPLES)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    memories.of(models[0])
    assert len(memories._of) == 1


def test_references_scored_leave_the_rows_count_of_cuts_alone(models):
    base, own, other = models
    long = (Example("long", user_prompt("w1 " * 300), (Response("w1"),)),)
    subject = policy(base, own, other)
    before = dict(other.encoder.counted)
    subject.reference_logps(long)
    assert dict(other.encoder.counted) == before
