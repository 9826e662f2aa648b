import numpy as np
import pytest
from harness_plugins.sources.world import language


def test_every_combination_of_attributes_is_one_prompt():
    assert language.PROMPTS == len(set(language.prompt_texts())) == len(set(language.prompt_ids())) == 1920
    assert {tuple(row) for row in language.attributes().tolist()} == set(np.ndindex(*language.SIZES))


def test_a_prompt_shows_all_its_attributes():
    for text, values in zip(language.prompt_texts(), language.prompt_values(), strict=True):
        assert all(f" {value} " in f" {text} " for value in values)


def test_answers_to_a_prompt_are_distinct():
    assert {len(set(language.answers(prompt))) for prompt in range(language.PROMPTS)} == {language.ANSWERS}


def test_answers_mention_the_topic_and_off_topic_ones_another():
    for prompt, (_, topic, _, _) in enumerate(language.prompt_values()):
        for answer, style in zip(language.answers(prompt), language.STYLE_OF, strict=True):
            mentioned = set(answer.split()) & set(language.TOPICS)
            assert len(mentioned) == 1
            assert (mentioned == {topic}) == (language.STYLES[style] != language.OFF_TOPIC)


@pytest.mark.parametrize("style", range(len(language.STYLES)))
def test_every_style_has_the_same_lengths(style):
    assert language.LENGTHS[style == language.STYLE_OF].tolist() == [5, 9, 13]
    assert [len(a.split()) for a in language.answers(7)] == language.LENGTHS.tolist()


def test_the_vocabulary_is_small_and_covers_all_text():
    known = set(language.words())
    assert 150 <= len(known) <= 200
    assert all(set(text.split()) <= known for text in language.prompt_texts())
    assert all(set(a.split()) <= known for prompt in range(language.PROMPTS) for a in language.answers(prompt))
