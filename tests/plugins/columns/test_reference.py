import numpy as np
import pytest
import tiny
from harness_plugins.columns.reference import Reference

import harness
from harness import Example, Response, user_prompt

EXAMPLES = [
    Example("a", user_prompt("w1 w2"), (Response("w3"), Response("w4 w5 w6"))),
    Example("b", user_prompt("w7"), (Response(""),)),
]


def test_it_is_the_summed_log_prob_of_the_initial_policy():
    initial = tiny.language_model()
    values = Reference().compute(EXAMPLES, initial)
    assert [v.shape for v in values] == [(2,), (1,)]
    assert all(v.dtype == np.float32 for v in values)
    for value, (total, tokens) in zip(values, initial.logps(EXAMPLES), strict=True):
        np.testing.assert_array_equal(value, total)
        assert (value < 0).all()
        assert len(tokens) == len(value)


def test_it_asks_for_the_initial_policy_and_says_so_where_there_is_none():
    assert Reference.uses_initial_policy
    with pytest.raises(harness.HarnessError, match="without an initial policy"):
        Reference().compute(EXAMPLES, None)
