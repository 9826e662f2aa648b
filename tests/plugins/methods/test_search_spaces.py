"""What our methods declare to be tuned."""

import pytest
from harness_plugins.methods.dora import DoRA
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.hypo import HyPO
from harness_plugins.methods.random_labels import RandomLabels
from harness_plugins.methods.reweighting import Reweighting
from harness_plugins.methods.rpo import RPO

import harness
from harness import host
from harness.suite import read_suite
from harness.suite.settings import setting, with_settings

METHODS = [kind for kind in host.load().methods.offers.values() if kind.__module__.startswith("harness_plugins.")]


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.name)
def test_a_method_declares_the_learning_rate_and_options_it_has_each_with_a_source(kind):
    method, training = kind(), harness.Training()
    space = method.search_space()
    assert harness.LEARNING_RATE in space
    for name, dimension in space.items():
        own = setting(method, training, name)
        assert dimension.source
        bounded = dimension.of(own) if isinstance(dimension, harness.Around) else dimension
        assert bounded.holds(own)
        for value in (bounded.low, bounded.high):
            assert setting(*with_settings(method, training, {name: value}), name) == value


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.name)
def test_every_method_says_itself_what_is_tuned(kind):
    assert kind.search_space is not harness.Method.search_space


def test_a_wrapper_passes_on_what_its_base_declares():
    assert RandomLabels().search_space() == {
        harness.LEARNING_RATE: DPO().search_space()[harness.LEARNING_RATE],
        "base.beta": DPO().search_space()["beta"],
    }
    assert RandomLabels(base=RPO()).search_space().keys() == {harness.LEARNING_RATE, "base.beta", "base.eta"}
    twice = DoRA(base=Reweighting())
    assert twice.search_space().keys() == {harness.LEARNING_RATE, "base.base.beta", "lam"}
    settings = {"base.base.beta": 0.3, "training.learning_rate": 1e-5}
    method, training = with_settings(twice, harness.Training(), settings)
    assert (method.base.base.beta, training.learning_rate) == (0.3, 1e-5)


def test_the_weight_of_the_kl_is_searched_around_the_rows_own():
    dimension = HyPO(lam=1e-4).search_space()["lam"]
    assert isinstance(dimension, harness.Around)
    assert dimension.of(1e-4).low == pytest.approx(1e-5)


def test_every_trained_row_of_core_is_tuned_under_one_budget():
    suite = read_suite("core-tune", registry=host.load())
    assert suite.tune is not None
    assert suite.tune.trials == 8
    assert [row.label for row in suite.rows if row.space] == [row.label for row in suite.rows if row.method]
