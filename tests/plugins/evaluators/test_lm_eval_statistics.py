import random

import numpy as np
import pytest
from harness_plugins.evaluators.lm_eval.bootstrap import bootstrap_stderr
from harness_plugins.evaluators.lm_eval.jackknife import pseudo_values
from lm_eval.api import metrics

DRAWS = random.Random(3)
LOGPS = [-abs(DRAWS.gauss(3, 1)) for _ in range(17)]
WEIGHTED = [(logp, DRAWS.randrange(1, 9)) for logp in LOGPS]
JUDGED = [(DRAWS.randrange(2), DRAWS.randrange(2)) for _ in range(17)]


@pytest.mark.parametrize(("statistic", "items"), [(metrics.perplexity, LOGPS), (metrics.weighted_perplexity, WEIGHTED)])
@pytest.mark.parametrize("iters", [7, 2500])
def test_the_bootstrap_is_lm_evals_to_the_last_digit(statistic, items, iters, monkeypatch, capsys):
    monkeypatch.setenv("DISABLE_MULTIPROC", "1")
    assert bootstrap_stderr(statistic, items, iters) == metrics.bootstrap_stderr(statistic, items, iters)


@pytest.mark.parametrize(
    ("aggregate", "items"),
    [
        (metrics.perplexity, LOGPS),
        (metrics.weighted_perplexity, WEIGHTED),
        (metrics.bits_per_byte, WEIGHTED),
        (metrics.f1_score, JUDGED),
        (metrics.matthews_corrcoef, JUDGED),
    ],
)
def test_pseudo_values_are_those_of_leaving_one_out(aggregate, items):
    value = aggregate(items)
    found = pseudo_values(aggregate, items, value)
    count = len(items)
    wanted = [count * value - (count - 1) * aggregate(items[:i] + items[i + 1 :]) for i in range(count)]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_there_are_no_pseudo_values_where_nothing_can_be_left_out_or_the_aggregate_is_unknown():
    assert pseudo_values(metrics.perplexity, LOGPS[:1], 1.0) is None
    assert pseudo_values(metrics.median, LOGPS, -3.0) is None
    assert pseudo_values(metrics.perplexity, [0.0, -5000.0], 9.0) is None
