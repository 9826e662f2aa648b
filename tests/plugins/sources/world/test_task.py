import json

import pytest
from harness_plugins.sources.world import World
from harness_plugins.sources.world.base import word_tokenizer
from harness_plugins.sources.world.facts import facts
from harness_plugins.sources.world.language import TOPICS

from harness.engine.encoding import plain_text
from harness.examples import user_prompt
from harness.suite.find import shipped_folder


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The task as lm-eval reads it, in a folder of its own."""
    from lm_eval.tasks import TaskManager

    folder = tmp_path_factory.mktemp("tasks")
    (name,) = World().tasks(folder)
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    return name, manager.load([name])["tasks"][name]


def test_lm_eval_reads_one_question_for_each_fact(loaded):
    name, task = loaded
    documents = list(task.test_docs())
    assert name == "world_facts"
    assert task.VERSION == 1.0
    assert [d["id"] for d in documents] == [fact.name for fact in facts(0)]
    for document, fact in zip(documents, facts(0), strict=True):
        assert task.doc_to_text(document) == fact.question
        assert task.doc_to_choice(document) == list(TOPICS)
        assert task.doc_to_target(document) == fact.answer


def test_lm_eval_asks_in_the_tokens_on_which_the_base_is_trained(loaded):
    _, task = loaded
    tokenizer = word_tokenizer()
    for document in list(task.test_docs())[:40]:
        for request in task.construct_requests(document, task.doc_to_text(document)):
            context, choice = request.args
            asked = tokenizer(plain_text(user_prompt(document["question"])))["input_ids"]
            answer = tokenizer(choice.strip(), add_special_tokens=False)["input_ids"]
            assert tokenizer(context + choice)["input_ids"] == asked + answer
            assert tokenizer(context)["input_ids"] == asked
            assert len(answer) == 1
            assert tokenizer.unk_token_id not in asked + answer


def test_the_task_is_the_same_for_the_same_variant_whatever_the_labels(tmp_path):
    def data(name, world):
        world.tasks(tmp_path / name)
        return (tmp_path / name / "world_facts.jsonl").read_text()

    first = data("first", World())
    assert first == data("second", World(structure="cycles", noise=0.3, sources=False))
    assert first != data("other", World(variant=1))
    assert len(first.splitlines()) == 400
    assert set(json.loads(first.splitlines()[0])) == {"id", "question", "choices", "answer"}


def test_the_shipped_task_of_two_choices_asks_for_the_same_facts():
    folder = shipped_folder() / "tasks"
    documents = [json.loads(line) for line in (folder / "world_facts_of_two.jsonl").read_text().splitlines()]
    assert [(d["id"], d["question"]) for d in documents] == [(fact.name, fact.question) for fact in facts(0)]
    for document, fact in zip(documents, facts(0), strict=True):
        assert document["choices"][document["answer"]] == TOPICS[fact.answer]
        assert len(set(document["choices"])) == 2
        assert set(document["choices"]) <= set(TOPICS)
    assert sum(document["answer"] for document in documents) == 200
