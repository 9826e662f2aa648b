from __future__ import annotations

import random

import pytest
from harness_plugins.sources.rows.split import interleaved, ordered, place, prompt_key, resampled

from harness import Example, Label, Message, Response, user_prompt


def example(name: str, *labels: bool) -> Example:
    return Example(name, user_prompt(name), (Response("a"),), labels=tuple(Label(0, label) for label in labels))


def test_prompts_that_differ_only_in_case_space_or_unicode_form_share_a_key():
    same = ["Café  de\nParis", " café de Paris", "cafe\u0301 de paris", "CAFÉ DE PARIS", "\uff23afé de Paris"]
    assert len({prompt_key(user_prompt(text)) for text in same}) == 1
    assert prompt_key(user_prompt("Café de Lyon")) != prompt_key(user_prompt(same[0]))


def test_the_same_words_cut_into_other_turns_share_a_key():
    turns = (Message("system", "Be brief."), Message("user", "What is ice?"))
    assert prompt_key(turns) == prompt_key(user_prompt("Be brief. What is ice?"))


def test_splits_have_about_their_shares_and_another_seed_splits_anew():
    keys = [prompt_key(user_prompt(f"prompt {i}")) for i in range(4000)]
    splits = [place(key, test=0.2, validation=0.1, seed=0) for key in keys]
    assert splits.count("test") == pytest.approx(800, abs=100)
    assert splits.count("validation") == pytest.approx(400, abs=80)
    again = [place(key, test=0.2, validation=0.1, seed=1) for key in keys]
    assert sum(a == b for a, b in zip(splits, again, strict=True)) == pytest.approx(4000 * 0.54, abs=150)


@pytest.mark.parametrize(
    ("test", "validation", "split"), [(1.0, 0.0, "test"), (0.0, 1.0, "validation"), (0.0, 0.0, "train")]
)
def test_a_share_of_one_takes_every_prompt(test: float, validation: float, split: str):
    assert {place(str(i), test=test, validation=validation, seed=3) for i in range(500)} == {split}


def test_a_larger_test_share_only_adds_prompts():
    keys = [str(i) for i in range(1000)]
    small = {k for k in keys if place(k, test=0.1, validation=0.1, seed=0) == "test"}
    assert small < {k for k in keys if place(k, test=0.3, validation=0.1, seed=0) == "test"}


def test_an_order_keeps_when_examples_are_added_or_come_in_another_order():
    examples = [example(str(i)) for i in range(200)]
    shuffled = random.Random(0).sample(examples, 150)
    whole = ordered(examples, "train 0")
    assert ordered(shuffled, "train 0") == [e for e in whole if e in shuffled]
    assert whole != ordered(examples, "train 1")
    assert whole != examples


@pytest.mark.parametrize("trial", range(20))
def test_every_prefix_has_the_classes_in_proportion(trial: int):
    generator = random.Random(trial)
    examples = [example(str(i), generator.random() < trial / 20) for i in range(generator.randint(1, 120))]
    merged = interleaved(examples)
    assert sorted(e.id for e in merged) == sorted(e.id for e in examples)
    share = sum(e.labels[0].desirable for e in examples) / len(examples)
    for n in range(1, len(merged) + 1):
        assert abs(sum(e.labels[0].desirable for e in merged[:n]) - n * share) < 1
    for desirable in (True, False):
        assert [e for e in merged if e.labels[0].desirable is desirable] == [
            e for e in examples if e.labels[0].desirable is desirable
        ]


def test_examples_without_labels_keep_their_order():
    examples = [example(str(i)) for i in range(50)]
    assert interleaved(examples) == examples


def test_a_resample_repeats_some_examples_and_leaves_out_about_a_third():
    examples = [example(str(i)) for i in range(2000)]
    drawn = resampled(examples, 0)
    assert len(drawn) == 2000
    assert len({e.id for e in drawn}) == pytest.approx(2000 * 0.632, abs=80)
    assert drawn == resampled(examples, 0)
    assert drawn != resampled(examples, -1)
