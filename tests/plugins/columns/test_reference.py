import numpy as np
import tiny
from harness_plugins.columns.reference import Reference

from harness import Example, Response, user_prompt
from harness.run.lending import ModelScorer

EXAMPLES = [
    Example("a", user_prompt("w1 w2"), (Response("w3"), Response("w4 w5 w6"))),
    Example("b", user_prompt("w7"), (Response(""),)),
]


class Initial:
    """A bench with nothing on it but the initial policy."""

    def __init__(self, model):
        self.model = ModelScorer(model)


def test_it_is_the_summed_log_prob_of_the_initial_policy():
    initial = tiny.language_model()
    values = Reference().compute(EXAMPLES, Initial(initial))
    assert [v.shape for v in values] == [(2,), (1,)]
    assert all(v.dtype == np.float32 for v in values)
    for value, (total, tokens) in zip(values, initial.logps(EXAMPLES), strict=True):
        np.testing.assert_array_equal(value, total)
        assert (value < 0).all()
        assert len(tokens) == len(value)


def test_it_reads_the_initial_policy_and_learns_nothing():
    assert Reference.reads == "initial"
    assert not Reference.learns
