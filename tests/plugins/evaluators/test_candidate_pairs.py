import math

from harness_plugins.evaluators.candidate_pairs import NOT_DRAWN, candidate_pairs

from harness import Example, ExampleSet, Ledger, Response, user_prompt
from harness.conversions import pairs_from_rewards


def scored(name, *rewards):
    return Example(name, user_prompt(name), tuple(Response(f"r{i}", reward=float(r)) for i, r in enumerate(rewards)))


def example_set(*made):
    return ExampleSet(made, Ledger(read=len(made), kept=len(made)))


def test_few_candidates_make_all_their_pairs():
    some = example_set(scored("a", 1, 2, 3), scored("b", 1, 1), scored("c", 2, 1))
    assert candidate_pairs(some, 10) == pairs_from_rewards(some)


def test_of_many_a_fixed_part_is_drawn_without_repetition():
    some = example_set(scored("a", 1, 2), scored("b", *range(60)), scored("c", 2, 1))
    found = candidate_pairs(some, 100)
    assert [e.id for e in found] == ["a", "b", "c"]
    pairs = found[1].pairs
    assert len({(p.chosen, p.rejected) for p in pairs}) == len(pairs) == 100
    assert all(p.chosen > p.rejected for p in pairs)
    assert found.ledger.counted == {NOT_DRAWN: math.comb(60, 2) - 100}
    assert candidate_pairs(example_set(some[1]), 100)[0].pairs == pairs


def test_every_pair_is_drawn_in_the_end():
    (found,) = candidate_pairs(example_set(scored("a", *range(60))), math.comb(60, 2) - 1)
    assert len({(p.chosen, p.rejected) for p in found.pairs}) == math.comb(60, 2) - 1


def test_ties_are_dropped_and_counted_there_too():
    some = example_set(scored("a", *[0] * 30), scored("b", *[0] * 15, *[1] * 15))
    found = candidate_pairs(some, 200)
    assert [e.id for e in found] == ["b"]
    assert found.ledger.counted["tied candidate pairs"] == 400 - len(found[0].pairs)
    assert (found.ledger.kept, found.ledger.dropped) == (1, {"no candidate preferred": 1})
