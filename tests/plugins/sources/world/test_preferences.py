import itertools

import numpy as np
import pytest
from harness_plugins.sources.world import World
from harness_plugins.sources.world.language import ANSWERS, LENGTHS, OFF_TOPIC, STYLE_OF, STYLES
from harness_plugins.sources.world.preferences import beats, majority, reward, vote
from harness_plugins.sources.world.splits import split_prompts
from scipy.optimize import linprog

FIRST, SECOND = np.arange(ANSWERS)[:, None], np.arange(ANSWERS)[None, :]
CYCLES = World(structure="cycles")


def some_reward_orders(preferred):
    """Whether any reward puts i at least 1 above j wherever i is preferred to j (the scale of a reward is free)."""
    wins = [(i, j) for i, j in itertools.permutations(range(len(preferred)), 2) if preferred[i, j] > 0.5 + 1e-9]
    above = np.zeros((len(wins), len(preferred)))
    for row, (i, j) in enumerate(wins):
        above[row, [i, j]] = -1, 1
    found = linprog(np.zeros(len(preferred)), A_ub=above, b_ub=-np.ones(len(wins)), bounds=(None, None))
    assert found.status in {0, 2}
    return found.status == 0


@pytest.mark.parametrize("world", [World(), CYCLES, World(length_bias=0.1), World(structure="cycles", raters=4)])
def test_one_of_two_is_preferred_and_one_is_labelled(world):
    prompts = split_prompts(0, "test")[:, None, None]
    for table in (beats(world, prompts, FIRST, SECOND), majority(vote(world, prompts, FIRST, SECOND), world.raters)):
        assert np.abs(table + table.transpose(0, 2, 1) - 1).max() < 1e-12


def test_bradley_terry_is_the_logistic_function_of_the_difference_in_reward():
    r = reward(World())[11]
    assert np.allclose(
        beats(World(), np.array(11), FIRST, SECOND), 1 / (1 + np.exp(r[None, :] - r[:, None])), atol=1e-15
    )


@pytest.mark.parametrize("prompt", [0, 500, 1919])
def test_a_reward_orders_bradley_terry_and_none_orders_cycles(prompt):
    assert some_reward_orders(beats(World(), np.array(prompt), FIRST, SECOND))
    assert not some_reward_orders(beats(CYCLES, np.array(prompt), FIRST, SECOND))


def test_every_prompt_of_the_cyclic_world_has_a_cycle_of_clear_preferences():
    one_each = np.arange(len(STYLES)) * 3
    i, j = one_each[None, :, None], one_each[None, None, :]
    clear = beats(CYCLES, np.arange(1920)[:, None, None], i, j) > 0.6
    through = (clear.astype(int) @ clear.astype(int)) > 0  # i > k > j for some k
    assert (through & clear.transpose(0, 2, 1)).any(axis=(1, 2)).all()


def test_off_topic_answers_lose_to_all_others_in_the_cyclic_world():
    off = STYLES.index(OFF_TOPIC) == STYLE_OF
    table = beats(CYCLES, np.arange(1920)[:, None, None], FIRST, SECOND)
    assert table[:, ~off][:, :, off].min() > 0.8
    assert reward(CYCLES) is None


@pytest.mark.parametrize("raters", [1, 2, 3, 4, 5])
def test_majority_by_counting_every_outcome(raters):
    q, total = 0.3, 0.0
    for votes in itertools.product([0, 1], repeat=raters):
        chance = np.prod([q if v else 1 - q for v in votes])
        total += chance * {-1: 0.0, 0: 0.5, 1: 1.0}[int(np.sign(2 * sum(votes) - raters))]
    assert majority(np.array([q]), raters)[0] == pytest.approx(total, abs=1e-15)


def test_a_vote_is_flipped_by_noise_and_swayed_by_length_and_the_truth_is_not():
    plain, noisy, swayed = World(noise=0.0), World(noise=0.2), World(noise=0.0, length_bias=0.1)
    at = np.array(42)
    q, r = vote(plain, at, FIRST, SECOND), reward(plain)[42]
    assert np.allclose(q, beats(plain, at, FIRST, SECOND))
    assert np.allclose(vote(noisy, at, FIRST, SECOND), 0.8 * q + 0.2 * (1 - q))
    margin = r[:, None] - r[None, :] + 0.1 * (LENGTHS[:, None] - LENGTHS[None, :])
    assert np.allclose(vote(swayed, at, FIRST, SECOND), 1 / (1 + np.exp(-margin)))
    assert np.array_equal(beats(swayed, at, FIRST, SECOND), beats(noisy, at, FIRST, SECOND))


def test_raters_at_pure_noise_say_nothing():
    assert np.allclose(majority(vote(World(noise=0.5), np.array(3), FIRST, SECOND), 3), 0.5)
