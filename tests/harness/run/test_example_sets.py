from dataclasses import dataclass, field
from typing import ClassVar

import pytest
import toy

from harness.errors import DataError
from harness.run.example_sets import ExampleSets


@dataclass(frozen=True)
class Counted(toy.Toy):
    name: ClassVar[str] = "counted"
    asked: list = field(default_factory=list, compare=False)

    def examples(self, split, seed, limit=None):
        self.asked.append((split, seed, limit))
        return super().examples(split, seed, limit)


def test_a_set_is_drawn_once_and_converted_once_however_many_rows_see_it():
    source = Counted()
    sets = ExampleSets(source)
    for _ in range(3):
        for seed in (0, 1):
            labels = sets.of("train", seed, None, frozenset({"labels"}))
            assert labels is sets.of("train", seed, None, frozenset({"labels"}))
            assert sets.of("train", seed, None) == toy.Toy().examples("train", seed)
        sets.of("train", 0, 4)
    assert sorted(source.asked, key=str) == [("train", 0, 4), ("train", 0, None), ("train", 1, None)]
    assert all(example.labels for example in labels)


def test_what_was_not_asked_for_lately_makes_room():
    source = Counted()
    sets = ExampleSets(source, most=2 * 24)  # of 12 pairs each
    for seed in (0, 1, 0, 2, 0, 1):
        sets.of("train", seed, None)
    assert [seed for _, seed, _ in source.asked] == [0, 1, 2, 1]


def test_a_set_that_is_larger_than_all_room_is_still_given():
    sets = ExampleSets(Counted(), most=1)
    assert len(sets.of("train", 0, None)) == 12
    assert len(sets.of("train", 0, None, frozenset({"labels"}))) == 12


def test_what_cannot_be_converted_is_an_error_each_time():
    sets = ExampleSets(Counted(kind="labels"))
    for _ in range(2):
        with pytest.raises(DataError, match="needs pairs"):
            sets.of("train", 0, None, frozenset({"pairs"}))
