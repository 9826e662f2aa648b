import random

from harness_plugins.evaluators.prompt_clusters import prompt_clusters

from harness import user_prompt

FOOD = ["bake bread with flour", "bread and flour recipe", "flour for baking bread", "bread from rye flour"]
STARS = ["planets orbit stars", "stars and distant planets", "how planets form around stars", "stars without planets"]
PROMPTS = [user_prompt(text) for text in FOOD + STARS]


def test_prompts_about_the_same_things_stand_together_under_their_words():
    found = prompt_clusters(PROMPTS, 2)
    assert len(set(found[:4])) == 1 == len(set(found[4:]))
    assert set(found[0].split(", ")[:2]) == {"bread", "flour"}
    assert set(found[4].split(", ")[:2]) == {"planets", "stars"}


def test_neither_their_order_nor_repetitions_decide():
    found = dict(zip(PROMPTS, prompt_clusters(PROMPTS, 2), strict=True))
    mixed = PROMPTS * 3
    random.Random(0).shuffle(mixed)
    assert prompt_clusters(mixed, 2) == [found[prompt] for prompt in mixed]


def test_no_clusters_of_too_few_prompts_or_of_none_with_words():
    assert prompt_clusters(PROMPTS[:3] * 9, 2) == []
    assert prompt_clusters([user_prompt(text) for text in ("the", "of", "a", "and", "")], 2) == []
    assert prompt_clusters([user_prompt(text) for text in ("same", "same the", "the same", "same a")], 2) == []


def test_every_cluster_has_a_name_of_its_own():
    found = prompt_clusters([user_prompt(f"word{i} other{i % 3}") for i in range(40)], 8)
    assert len(found) == 40
    assert 2 <= len(set(found)) <= 8
