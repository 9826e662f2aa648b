import copy

import pytest

from harness.board.belongs import unlike

SUITE = {
    "description": "one",
    "model": None,
    "tokens": {"max": None, "template": "auto"},
    "seeds": [0, 1],
    "budget": {"prompts": 3072, "epochs": 1, "batch": 64},
    "tune": None,
    "statistics": {"baseline": "dpo"},
    "keep": "all",
    "data": {"source": "world", "noise": 0.1},
    "training": {"learning_rate": 0.1},
    "methods": [{"method": "dpo", "label": "dpo", "options": {"beta": 0.1}}],
    "evaluators": [
        {"evaluator": "drift", "label": "drift", "options": {"samples": 1, "max_tokens": 64}},
        {"evaluator": "truth", "label": "truth", "options": {}},
    ],
}


def changed(**parts):
    return {**copy.deepcopy(SUITE), **parts}


def test_a_suite_belongs_to_itself():
    assert unlike(SUITE, copy.deepcopy(SUITE)) == ()


@pytest.mark.parametrize(
    "parts",
    [
        {"description": "another"},
        {"seeds": [7]},
        {"training": {"learning_rate": 3}},
        {"tune": {"trials": 9}},
        {"tuned": "studies/core.json"},
        {"statistics": {"baseline": "sft", "seed_spread": "pooled"}},
        {"keep": "records"},
        {"published": [{"row": "dpo"}]},
        {"methods": []},
    ],
)
def test_rows_seeds_settings_and_statistics_make_no_other_suite(parts):
    assert unlike(SUITE, changed(**parts)) == ()


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"data": {"source": "world", "noise": 0.2}}, "data.noise: 0.1 here, 0.2 there"),
        ({"data": {"source": "world"}}, "data.noise: 0.1 here, not stated there"),
        ({"budget": {"prompts": None, "epochs": 1, "batch": 64}}, "budget.prompts: 3072 here, null there"),
        ({"tokens": {"max": 8, "template": "auto"}}, "tokens.max: null here, 8 there"),
        (
            {"model": {"name": "gpt2", "revision": None}},
            'model: null here, {"name": "gpt2", "revision": null} there',
        ),
        ({"data": {"source": "world", "noise": True}}, "data.noise: 0.1 here, true there"),
    ],
)
def test_what_all_rows_are_given_is_compared_and_told_in_a_sentence(parts, told):
    assert unlike(SUITE, changed(**parts)) == (told,)


def test_evaluators_that_both_have_are_compared_by_their_labels():
    other = changed()
    other["evaluators"][0]["options"]["samples"] = 4
    assert unlike(SUITE, other) == ("evaluators.drift.samples: 1 here, 4 there",)
    other["evaluators"][0] = {"evaluator": "length", "label": "drift", "options": {"unit": "words"}}
    assert unlike(SUITE, other) == ('evaluators.drift: "drift" here, "length" there',)


def test_evaluators_that_only_one_has_are_no_reason():
    assert unlike(SUITE, changed(evaluators=[{"evaluator": "x", "label": "x", "options": {}}])) == ()


def test_every_reason_is_told_from_both_sides():
    other = changed(data={"source": "files", "path": "a"}, model="gpt2")
    assert len(unlike(SUITE, other)) == len(unlike(other, SUITE)) == 4
    assert 'data.path: not stated here, "a" there' in unlike(SUITE, other)


def test_whole_numbers_and_their_floats_are_the_same_and_one_is_not_true():
    assert unlike(SUITE, changed(budget={"prompts": 3072.0, "epochs": 1, "batch": 64})) == ()
    assert unlike(changed(data={"a": 1}), changed(data={"a": True})) == ("data.a: 1 here, true there",)


def test_suites_of_no_known_form_are_compared_and_raise_nothing():
    broken = {"data": [1], "evaluators": "none", "model": 3, "tokens": None}
    assert len(unlike(SUITE, broken)) == 4
    assert unlike({}, {}) == ()
    assert unlike({"evaluators": [3, None, {}]}, {"evaluators": [{}]}) == ()


def test_texts_from_outside_are_cut_and_steer_nothing():
    (told,) = unlike(changed(data={"a\u202e": "\x1b[31m" + "x" * 999}), changed(data={"a\u202e": "\u2028"}))
    assert told.isprintable()
    assert len(told) < 300
