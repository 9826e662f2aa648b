import numpy as np
from harness_plugins.evaluators.subsets import MOST, subsets_of

from harness import Example, Pair, Response, user_prompt


def pair(number, *, chosen="x", rejected="y", sources=(None, None), subset=None, prompt=""):
    made = (Response(chosen, sources[0]), Response(rejected, sources[1]))
    return Example(str(number), user_prompt(prompt or str(number)), made, (Pair(0, 1),), subset=subset)


def names(examples, kinds=(), clusters=0, least=1):
    found, left = subsets_of(examples, kinds, clusters, least)
    return {s.name: np.flatnonzero(s.pairs).tolist() for s in found}, dict(left)


def test_quarters_of_the_length_difference_are_ordered_and_tell_their_bounds():
    some = [pair(i, chosen="x" * (i + 1), rejected="y" * 50) for i in range(100)]
    found, _ = subsets_of(some, ["length"], 0, 20)
    quarters = [s for s in found if s.name.startswith("length quartile")]
    assert [int(s.pairs.sum()) for s in quarters] == [25, 25, 25, 25]
    assert quarters[0].about == "whose chosen response has -49 to -25 characters more than the rejected one"
    sides = {s.name: int(s.pairs.sum()) for s in found if s not in quarters}
    assert sides == {"length: chosen longer": 50, "length: chosen shorter": 49}


def test_equal_differences_stay_in_one_quarter():
    some = [pair(i, chosen="xx" if i < 90 else "xxx") for i in range(100)]
    found, _ = names(some, ["length"])
    assert found == {"length quartile 1": list(range(90)), "length quartile 4": list(range(90, 100))}


def test_an_unknown_source_stands_as_such_and_two_of_them_are_no_subset():
    some = [pair(0, sources=("human", None)), pair(1, sources=("human", "model")), pair(2)]
    assert names(some, ["source"])[0] == {"source: human over unknown": [0], "source: human over model": [1]}
    assert names([pair(0), pair(1)], ["source"]) == ({}, {})


def test_a_part_that_is_everything_is_none():
    assert names([pair(i, subset="one") for i in range(3)], ["subset"]) == ({}, {})
    assert names([pair(0, subset="one"), pair(1)], ["subset"])[0] == {"subset: one": [0]}


def test_the_largest_of_very_many_are_kept():
    some = [pair(f"{i} {k}", subset=f"part {i:02}") for i in range(30) for k in range(1 + (i >= 6))]
    found, left = names(some, ["subset"])
    assert list(found) == [f"subset: part {i:02}" for i in range(6, 30)]
    assert left == {f"subsets beyond the {MOST} largest of their kind, left out": 6}


def test_clusters_of_prompts_are_subsets():
    some = [
        pair(i, prompt=f"{'bread flour' if i % 2 else 'planets stars'} {'with' if i < 4 else 'now'}") for i in range(8)
    ]
    found, _ = names(some, clusters=2)
    assert sorted(found.values()) == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert all(name.startswith("prompts: ") for name in found)
    assert names(some[:2], clusters=2) == ({}, {"prompt clusters that so few prompts do not make": 2})
