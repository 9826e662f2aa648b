import numpy as np
import pytest
from harness_plugins.sources.world import World
from harness_plugins.sources.world.behaviour import behaviour, pooled
from harness_plugins.sources.world.language import FORM_OF, LENGTHS, STYLE_OF, STYLES, attributes
from harness_plugins.sources.world.preferences import reward
from harness_plugins.sources.world.splits import split_prompts

WORLDS = (World(), World(sources=False), World(human_share=0.9, variant=3))


def one_hot():
    columns = [attributes()[:, [a]] == np.arange(attributes()[:, a].max() + 1) for a in range(4)]
    return np.concatenate(columns, axis=1).astype(float)


def explained_on_unseen(values):
    """Share of the variance on test prompts that a least-squares fit on training prompts explains."""
    x, train, test = one_hot(), split_prompts(0, "train"), split_prompts(0, "test")
    weights = np.linalg.lstsq(x[train], values[train], rcond=None)[0]
    residual = values[test] - x[test] @ weights
    return 1 - residual.var() / values[test].var()


@pytest.mark.parametrize("world", WORLDS)
def test_mu_is_a_distribution_over_all_answers(world):
    mu = behaviour(world).mu
    assert np.abs(mu.sum(axis=1) - 1).max() < 1e-12
    assert mu.min() > 0.001


def test_the_sources_mix_to_mu_and_the_human_one_is_better():
    world = World(human_share=0.3)
    known, rewards = behaviour(world), reward(world)
    human, model = known.human * known.mu, (1 - known.human) * known.mu
    assert np.abs(human.sum(axis=1) - 0.3).max() < 1e-12
    assert np.abs(model.sum(axis=1) - 0.7).max() < 1e-12
    assert (human * rewards).sum() / human.sum() > (model * rewards).sum() / model.sum() + 0.3


@pytest.mark.parametrize(("share", "posterior"), [(0.0, 0.0), (1.0, 1.0)])
def test_one_source_alone_wrote_everything(share, posterior):
    assert np.all(behaviour(World(human_share=share)).human == posterior)


def test_without_sources_nobody_is_told():
    assert behaviour(World(sources=False)).human is None


def test_reward_is_additive_in_attributes_so_unseen_combinations_are_predictable():
    assert explained_on_unseen(reward(World())) > 1 - 1e-12


def test_log_odds_of_one_writer_are_additive_so_unseen_combinations_are_predictable():
    log_odds = np.log(behaviour(World(sources=False)).mu)
    assert explained_on_unseen(log_odds - log_odds[:, [0]]) > 1 - 1e-12


def test_what_is_best_depends_on_the_prompt():
    best = STYLE_OF[reward(World()).argmax(axis=1)]
    assert (np.bincount(best, minlength=len(STYLES)) > 50).sum() >= 4


@pytest.mark.parametrize("world", WORLDS)
def test_length_is_distributed_alike_in_every_style(world):
    styles = behaviour(world).mu.reshape(-1, len(STYLES), 3)
    assert np.abs(styles / styles.sum(axis=2, keepdims=True) - [0.3, 0.4, 0.3]).max() < 1e-12


@pytest.mark.parametrize("world", WORLDS)
def test_length_and_reward_are_uncorrelated_in_every_style_of_every_prompt(world):
    rewards = reward(world).reshape(-1, len(STYLES), 3)
    weights, lengths = np.array([0.3, 0.4, 0.3]), LENGTHS.reshape(len(STYLES), 3)
    centred = rewards - (rewards * weights).sum(axis=2, keepdims=True)
    assert np.abs((centred * weights * lengths).sum(axis=2)).max() < 1e-12
    assert rewards[..., 1].std() > 0.5  # there is something to be correlated with


def test_reward_has_mean_0_and_standard_deviation_1_under_mu():
    mu, rewards = behaviour(World()).mu, reward(World())
    mean = (mu * rewards).sum(axis=1).mean()
    assert abs(mean) < 2e-3
    assert abs((mu * (rewards - mean) ** 2).sum(axis=1).mean() - 1) < 2e-3


def test_form_matters_within_a_style():
    rewards = reward(World())
    assert np.abs(rewards[:, FORM_OF == 0] - rewards[:, FORM_OF == 1]).max() > 0.1


def test_pooled_is_that_of_two_distinct_draws():
    mu = np.array([0.5, 0.3, 0.2])
    apart = sum(mu[i] * mu[j] for i in range(3) for j in range(3) if i != j)
    drawn = [sum(mu[i] * mu[j] / apart for j in range(3) if i != j) for i in range(3)]
    assert np.allclose(pooled(mu), drawn, atol=1e-15)
