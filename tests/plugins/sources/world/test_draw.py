import numpy as np
import pytest
from harness_plugins.sources.world import World
from harness_plugins.sources.world.behaviour import behaviour
from harness_plugins.sources.world.draw import draw_pairs, pick
from harness_plugins.sources.world.language import ANSWERS
from harness_plugins.sources.world.oracle import truths
from harness_plugins.sources.world.splits import split_prompts
from harness_plugins.sources.world.streams import Purpose, Stream

PROMPTS = 5
CHUNKS, EACH = 10, 20_000
"""A million draws: 10 chunks of 20,000 for each of 5 prompts."""


def a_million(world):
    """How often each answer was chosen and rejected, and written by the human; (prompts, A) counts."""
    own = split_prompts(world.variant, "test")[:PROMPTS]
    chosen, rejected, human = (np.zeros((PROMPTS, ANSWERS)) for _ in range(3))
    for chunk in range(CHUNKS):
        drawn = draw_pairs(world, np.repeat(own, EACH), Stream(Purpose.TRAIN, world.variant, seed=chunk))
        place = np.repeat(np.arange(PROMPTS), EACH)
        winner = np.where(drawn.first_chosen, 0, 1)
        rows = np.arange(len(place))
        np.add.at(chosen, (place, drawn.answers[rows, winner]), 1)
        np.add.at(rejected, (place, drawn.answers[rows, 1 - winner]), 1)
        if drawn.human is not None:
            np.add.at(human, (np.repeat(place, 2), drawn.answers.ravel()), drawn.human.ravel())
    return chosen, rejected, human


@pytest.mark.parametrize("world", [World(), World(structure="cycles", raters=2, noise=0.05, length_bias=0.05)])
def test_a_million_draws_agree_with_enumeration(world):
    chosen, rejected, human = a_million(world)
    count = CHUNKS * EACH
    known = truths(world, "test")[:PROMPTS]
    expected = {
        "preferred": (chosen / count, np.stack([t.preferred for t in known]), count),
        "dispreferred": (rejected / count, np.stack([t.dispreferred for t in known]), count),
        "pooled": ((chosen + rejected) / (2 * count), np.stack([t.pooled for t in known]), count),
    }
    for name, (found, p, n) in expected.items():
        distance = np.abs(found - p) / np.sqrt(p * (1 - p) / n)
        assert distance.max() < 5, name
    posterior = behaviour(world).human[split_prompts(world.variant, "test")[:PROMPTS]]
    written = chosen + rejected
    assert (np.abs(human / written - posterior) / np.sqrt(posterior * (1 - posterior) / written)).max() < 5


def test_the_two_answers_are_distinct_and_their_order_tells_nothing():
    world = World()
    drawn = draw_pairs(world, np.tile(split_prompts(0, "train"), 60), Stream(Purpose.TRAIN, 0, 9))
    assert (drawn.answers[:, 0] != drawn.answers[:, 1]).all()
    assert abs(drawn.first_chosen.mean() - 0.5) < 5 * 0.5 / np.sqrt(len(drawn.prompts))


def test_labels_follow_the_votes():
    drawn = draw_pairs(World(), split_prompts(0, "train"), Stream(Purpose.TRAIN, 0))
    assert np.array_equal(drawn.first_chosen, drawn.votes >= 2)


def test_a_tied_vote_is_settled_by_a_fair_coin():
    world = World(raters=2)
    drawn = draw_pairs(world, np.tile(split_prompts(0, "train"), 20), Stream(Purpose.TRAIN, 0))
    tied = drawn.votes == 1
    assert tied.sum() > 5000
    assert abs(drawn.first_chosen[tied].mean() - 0.5) < 5 * 0.5 / np.sqrt(tied.sum())
    assert np.array_equal(drawn.first_chosen[~tied], drawn.votes[~tied] == 2)


def test_fewer_pairs_are_the_first_of_more():
    own = split_prompts(0, "train")
    more, fewer = (draw_pairs(World(), own[:n], Stream(Purpose.TRAIN, 0, 2)) for n in (900, 100))
    assert np.array_equal(more.answers[:100], fewer.answers)
    assert np.array_equal(more.votes[:100], fewer.votes)


def test_pick_never_takes_a_weight_of_zero():
    weights = np.array([[0.0, 0.4, 0.0, 0.6, 0.0]])
    edges = np.array([0.0, 0.4 - 1e-16, 0.4, 1 - 2**-53])
    assert pick(np.repeat(weights, 4, axis=0), edges).tolist() == [1, 1, 3, 3]
