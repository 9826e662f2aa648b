import numpy as np
import pytest
from harness_plugins.sources.world import World
from harness_plugins.sources.world.behaviour import behaviour, pooled
from harness_plugins.sources.world.preferences import reward

WORLDS = (World(), World(structure="cycles"), World(raters=2, noise=0.3, length_bias=-0.1, sources=False, variant=2))
SPLITS = ("train", "validation", "test")


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("split", SPLITS)
def test_pooled_responses_are_exactly_half_chosen_and_half_rejected(world, split):
    for truth in world.oracle().prompts(split):
        assert np.abs((truth.preferred + truth.dispreferred) / 2 - pooled(truth.behaviour)).max() < 1e-12
        assert np.abs(truth.pooled - truth.pair.sum(axis=1)).max() < 1e-12


@pytest.mark.parametrize("world", WORLDS)
def test_all_tables_are_what_they_say(world):
    for truth in world.oracle().prompts("test"):
        for distribution in (truth.behaviour, truth.preferred, truth.dispreferred, truth.pair):
            assert distribution.min() >= 0
            assert abs(distribution.sum() - 1) < 1e-12
        assert np.array_equal(truth.pair, truth.pair.T)
        assert np.all(np.diag(truth.pair) == 0)
        assert np.abs(truth.labelled + truth.labelled.T - 1).max() < 1e-12
        assert np.abs(truth.beats + truth.beats.T - 1).max() < 1e-12
        assert np.all(np.diag(truth.beats) == 0.5)


def test_preferred_by_explicit_loops():
    truth = World(raters=4, length_bias=0.05).oracle().prompts("test")[3]
    mu, count = truth.behaviour, len(truth.answers)
    apart = 1 - sum(float(m) ** 2 for m in mu)
    chosen, rejected = np.zeros(count), np.zeros(count)
    for i in range(count):
        for j in range(count):
            if i != j:
                drawn = mu[i] * mu[j] / apart
                for winner, loser, chance in ((i, j, truth.labelled[i, j]), (j, i, truth.labelled[j, i])):
                    chosen[winner] += drawn * chance
                    rejected[loser] += drawn * chance
    assert np.allclose(chosen, truth.preferred, atol=1e-14)
    assert np.allclose(rejected, truth.dispreferred, atol=1e-14)


def test_the_worst_reward_is_the_smallest_of_the_whole_world():
    oracle = World().oracle()
    smallest = min(t.reward.min() for split in SPLITS for t in oracle.prompts(split))
    assert oracle.worst_reward == smallest == reward(World()).min()


def test_cycles_have_no_reward():
    oracle = World(structure="cycles").oracle()
    assert oracle.worst_reward is None
    assert all(t.reward is None for t in oracle.prompts("test"))


def test_the_truth_is_enumerated_once_and_cannot_be_written_to():
    world = World()
    assert world.oracle().prompts("test") is World().oracle().prompts("test")
    with pytest.raises(ValueError, match="read-only"):
        world.oracle().prompts("test")[0].behaviour[0] = 1.0


def test_choosing_the_preferred_answers_pays_but_leaves_room():
    """The world can tell methods apart: p+ beats mu by some points, the best answer by far more."""
    truths = World().oracle().prompts("test")
    by_preferred = np.mean([t.preferred @ t.beats @ t.behaviour for t in truths])
    by_best = np.mean([(t.beats @ t.behaviour).max() for t in truths])
    assert 0.55 < by_preferred < 0.6
    assert by_best > 0.7


def test_the_base_fits_what_labels_do_not_change():
    assert np.array_equal(behaviour(World()).mu, behaviour(World(structure="cycles", noise=0.0)).mu)
