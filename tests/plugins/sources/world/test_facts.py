import numpy as np
from harness_plugins.sources.world import World, language
from harness_plugins.sources.world.base import FACTS_PER_STEP, STEPS, lessons_between, pooled_responses
from harness_plugins.sources.world.facts import FACTS, exposures, fact_words, facts, lessons

TOLD = STEPS * FACTS_PER_STEP


def test_questions_are_distinct_and_none_is_a_prompt_of_the_preferences():
    questions = {fact.question for fact in facts(0)}
    assert len(questions) == len({fact.name for fact in facts(0)}) == FACTS
    assert not questions & set(language.prompt_texts())
    assert len({question.split()[2] for question in questions} & set(language.words())) == 0


def test_answers_are_topics_drawn_evenly():
    counts = np.bincount([fact.answer for fact in facts(0)], minlength=len(language.TOPICS))
    expected = FACTS / len(language.TOPICS)
    assert ((counts - expected) ** 2 / expected).sum() < 38  # chi-squared with 11 degrees of freedom: 1 in 12,000


def test_another_variant_has_other_facts():
    first, second = ([fact.answer for fact in facts(variant)] for variant in (0, 1))
    assert 0.02 < np.mean(np.equal(first, second)) < 0.2
    assert not np.array_equal(exposures(0, TOLD), exposures(1, TOLD))


def test_some_facts_are_told_often_and_most_rarely():
    told = np.sort(exposures(0, TOLD))
    assert told.sum() == TOLD
    assert told[0] >= 1
    assert told[-1] > 100
    assert np.median(told) < 10


def test_lessons_are_the_exposures_in_random_order():
    order = lessons(0, TOLD)
    assert np.array_equal(np.bincount(order, minlength=FACTS), exposures(0, TOLD))
    assert abs(np.corrcoef(order, np.arange(TOLD))[0, 1]) < 5 / np.sqrt(TOLD)


def test_the_words_of_the_facts_are_those_of_every_variant():
    assert fact_words() == {word for fact in facts(7) for word in fact.question.split()}


def test_every_step_of_the_base_has_as_many_prompts_and_facts_and_every_fact_has_its_own_answer():
    responses = pooled_responses(World())
    examples = lessons_between(responses, 0).examples
    known = {fact.question: language.TOPICS[fact.answer] for fact in facts(0)}
    step = len(examples) // STEPS
    for start in range(0, len(examples), step):
        told = [e for e in examples[start : start + step] if e.prompt[0].content in known]
        assert len(told) == FACTS_PER_STEP
        assert all([r.text for r in e.responses] == [known[e.prompt[0].content]] for e in told)
        assert all(e.labels[0].desirable for e in told)
    assert tuple(e for e in examples if e.prompt[0].content not in known) == responses.examples
    assert len({e.id for e in examples}) == len(examples)
