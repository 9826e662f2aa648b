from harness_plugins.evaluators.prompts import prompt_groups

from harness import Message, user_prompt


def test_equal_prompts_are_one_group_and_edited_ones_are_not():
    one, edited = user_prompt("What is it?"), user_prompt("What is it")
    turns = (Message("system", "Be brief."), *one)
    first, second, third, fourth = prompt_groups([one, edited, turns, one]) or ()
    assert first == fourth
    assert len({first, second, third}) == 3
    assert prompt_groups([edited, one, one])[1] == first


def test_there_are_no_groups_where_every_prompt_occurs_once():
    assert prompt_groups([user_prompt("a"), user_prompt("b")]) is None
    assert prompt_groups([]) is None
