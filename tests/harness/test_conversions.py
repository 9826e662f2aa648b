"""The stated conversions do what they say, count what they drop, and there are no others."""

from __future__ import annotations

import pytest

from harness.conversions import labels_from_pairs, meet, pairs_from_rewards
from harness.errors import DataError
from harness.examples import Example, ExampleSet, Label, Ledger, Pair, Response, user_prompt


def candidates(name: str, *rewards: float | None) -> Example:
    return Example(name, user_prompt(name), tuple(Response(f"{name}{k}", reward=r) for k, r in enumerate(rewards)))


def examples(*given: Example) -> ExampleSet:
    return ExampleSet(given, Ledger(read=len(given), kept=len(given)))


def test_candidates_become_every_ordered_pair_and_ties_are_counted():
    converted = pairs_from_rewards(examples(candidates("a", 0.5, 2.0, 0.5, -1.0)))
    assert set(converted[0].pairs) == {Pair(1, 0), Pair(1, 2), Pair(1, 3), Pair(0, 3), Pair(2, 3)}
    assert converted.ledger == Ledger(read=1, kept=1, counted={"tied candidate pairs": 1})


def test_an_example_whose_candidates_all_tie_is_dropped_and_counted():
    converted = pairs_from_rewards(examples(candidates("a", 1.0, 1.0), candidates("b", 1.0, 2.0)))
    assert [e.id for e in converted] == ["b"]
    assert converted.ledger == Ledger(
        read=2, kept=1, dropped={"no candidate preferred": 1}, counted={"tied candidate pairs": 1}
    )


def test_one_text_scored_twice_is_no_preference_and_is_counted():
    twice = Example(
        "a", user_prompt("a"), tuple(Response(t, reward=r) for t, r in (("x", 0.0), ("x", 1.0), ("y", 2.0)))
    )
    converted = pairs_from_rewards(examples(twice))
    assert set(converted[0].pairs) == {Pair(2, 0), Pair(2, 1)}
    assert converted.ledger.counted == {"candidate pairs of one text": 1}


def test_a_reward_is_never_invented():
    with pytest.raises(DataError, match="'a' has a response without a reward"):
        pairs_from_rewards(examples(candidates("a", 1.0, None)))


def test_a_response_is_labelled_once_per_pair_it_stands_in():
    three = Example("a", user_prompt("a"), (Response("x"), Response("y"), Response("z")), (Pair(0, 1), Pair(0, 2)))
    assert labels_from_pairs(examples(three))[0].labels == (
        Label(0, True),
        Label(1, False),
        Label(0, True),
        Label(2, False),
    )


def test_what_is_there_already_is_left_alone():
    given = examples(
        Example("a", user_prompt("a"), (Response("x", reward=0.0), Response("y", reward=1.0)), (Pair(0, 1),))
    )
    assert meet(given, {"pairs", "candidates", "rewards"}) is given


def test_candidates_reach_labels_by_way_of_pairs():
    met = meet(examples(candidates("a", 0.0, 1.0)), {"labels"})
    assert met[0].pairs == (Pair(1, 0),)
    assert met[0].labels == (Label(1, True), Label(0, False))


def test_needing_only_rewards_makes_no_pairs():
    assert meet(examples(candidates("a", 0.0, 1.0)), {"candidates", "rewards"})[0].pairs == ()


def test_labels_never_become_pairs():
    unpaired = Example("a", user_prompt("a"), (Response("x"),), labels=(Label(0, True),))
    with pytest.raises(DataError, match="needs pairs; the data carry labels"):
        meet(examples(unpaired), {"pairs"})


def test_nothing_usable_is_said_so():
    with pytest.raises(DataError, match="needs labels; the data carry none of what methods can use"):
        meet(examples(candidates("a", None)), {"labels"})


def test_how_many_examples_lack_what_some_have_is_said():
    two = (Response("x", source="human"), Response("y", source="model"))
    known = [Example(f"k{i}", user_prompt("p"), two, (Pair(0, 1),)) for i in range(1200)]
    unknown = Example("u", user_prompt("p"), (Response("x"), Response("y")), (Pair(0, 1),))
    with pytest.raises(DataError, match=r"needs sources; the data carry .*pairs \(1 of 1,201 examples lack sources\)"):
        meet(examples(*known, unknown), {"sources"})
    with pytest.raises(DataError, match=r"needs rewards; the data carry candidates, pairs$"):
        meet(examples(*known[:2], unknown), {"rewards"})
