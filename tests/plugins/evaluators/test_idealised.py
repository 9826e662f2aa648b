import math

import numpy as np
import pytest
import torch
from harness_plugins.evaluators.idealised import ranked_right_by_optimum


def test_it_is_the_formula():
    margin, share = np.array([-2.0, -3.0, 1.0, 1.0]), np.array([0.75, 0.75, 0.4, 0.1])
    expected = [m + math.log(a / (1 - a)) / 0.5 > 0 for m, a in zip(margin, share, strict=True)]
    assert expected == [True, False, True, False]
    assert ranked_right_by_optimum(margin, share, 0.5, 0.001).tolist() == expected


def test_it_is_where_gradient_descent_on_the_dpo_loss_ends():
    draw = np.random.default_rng(0)
    reference, share = draw.normal(scale=8, size=40), draw.uniform(0.05, 0.95, 40)
    beta, a = 0.2, torch.from_numpy(share)
    margin = torch.from_numpy(reference.copy()).requires_grad_()
    search = torch.optim.LBFGS([margin], max_iter=500, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def loss():
        search.zero_grad()
        h = beta * (margin - torch.from_numpy(reference))
        value = -(a * torch.nn.functional.logsigmoid(h) + (1 - a) * torch.nn.functional.logsigmoid(-h)).sum()
        value.backward()
        return value

    search.step(loss)
    assert (margin.detach().numpy() > 0).tolist() == ranked_right_by_optimum(reference, share, beta, 0).tolist()


@pytest.mark.parametrize(("floor", "expected"), [(0.0, [1, 0]), (0.001, [0, 1]), (0.499, [0, 1])])
def test_unanimous_raters_decide_alone_in_the_limit(floor, expected):
    far = np.array([-1e6, 1e6])
    assert ranked_right_by_optimum(far, np.array([1.0, 0.0]), 0.1, floor).tolist() == expected
