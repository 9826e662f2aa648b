import itertools

import numpy as np
from harness_plugins.sources.world.language import PROMPTS, SIZES, attributes
from harness_plugins.sources.world.splits import split_prompts, training_passes
from harness_plugins.sources.world.streams import Purpose, Stream

SPLITS = ("train", "validation", "test")


def test_splits_share_no_prompt_and_leave_none_out():
    parts = [split_prompts(0, split) for split in SPLITS]
    assert [len(part) for part in parts] == [1440, 160, 320]
    assert sorted(np.concatenate(parts).tolist()) == list(range(PROMPTS))


def test_another_variant_splits_otherwise():
    assert set(split_prompts(0, "test").tolist()) != set(split_prompts(1, "test").tolist())


def test_every_pair_of_attribute_values_is_seen_in_training():
    seen = attributes()[split_prompts(0, "train")]
    for a, b in itertools.combinations(range(len(SIZES)), 2):
        assert len({(row[a], row[b]) for row in seen.tolist()}) == SIZES[a] * SIZES[b]


def test_training_passes_cover_the_prompts_evenly_in_new_orders():
    order = Stream(Purpose.TRAIN_ORDER, 0, seed=5)
    drawn = training_passes(order, 3072)
    own = split_prompts(0, "train").tolist()
    first, second = drawn[:1440].tolist(), drawn[1440:2880].tolist()
    assert sorted(first) == sorted(second) == sorted(own)
    assert first != second
    assert set(np.bincount(drawn, minlength=PROMPTS)[own].tolist()) == {2, 3}


def test_a_longer_list_of_passes_begins_as_a_shorter_one():
    order = Stream(Purpose.TRAIN_ORDER, 0, seed=1)
    assert np.array_equal(training_passes(order, 4000)[:1500], training_passes(order, 1500))
    assert len(training_passes(order, 0)) == 0
