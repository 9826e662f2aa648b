from collections import Counter

import numpy as np
import pytest
import torch
from harness_plugins.sources.world import World
from harness_plugins.sources.world.base import pooled_responses, random_llama, vocabulary, word_tokenizer
from harness_plugins.sources.world.behaviour import behaviour, pooled
from harness_plugins.sources.world.facts import facts
from harness_plugins.sources.world.language import PROMPTS, TOPICS, answers, prompt_texts
from harness_plugins.sources.world.splits import split_prompts

import harness
from harness.digest import digest
from harness.engine import loading
from harness.engine.trainer import TrainJob, train


def test_all_text_of_the_world_survives_the_tokenizer():
    tokenizer = word_tokenizer()
    texts = [
        *prompt_texts(),
        *(fact.question for fact in facts(0)),
        *sorted({a for prompt in range(PROMPTS) for a in answers(prompt)}),
    ]
    for text, ids in zip(texts, tokenizer(texts, add_special_tokens=False)["input_ids"], strict=True):
        assert len(ids) == len(text.split())
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids) == text


def test_the_tokenizer_begins_texts_and_knows_its_special_tokens(tmp_path):
    word_tokenizer().save_pretrained(tmp_path)
    for tokenizer in (word_tokenizer(), loading.load_tokenizer(tmp_path)):
        assert tokenizer("here is bread")["input_ids"][0] == tokenizer.bos_token_id
        assert len(tokenizer("here is bread")["input_ids"]) == 4
        assert [vocabulary().index(t) for t in ("<pad>", "<s>", "</s>")] == [
            tokenizer.pad_token_id,
            tokenizer.bos_token_id,
            tokenizer.eos_token_id,
        ]
        assert tokenizer.decode(tokenizer("here is bread")["input_ids"], skip_special_tokens=True) == "here is bread"


def test_the_model_starts_from_the_same_weights_and_leaves_the_random_state_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = random_llama(), random_llama()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert sum(p.numel() for p in first.parameters()) < 700_000


def test_the_base_sees_training_prompts_and_facts_alone():
    trained = {prompt_texts()[p] for p in split_prompts(0, "train")}
    asked = {fact.question for fact in facts(0)}
    examples = World().base_model().examples()
    assert {e.prompt[0].content for e in examples} == trained | asked
    assert all(label.desirable for e in examples for label in e.labels)


def test_of_every_prompt_the_base_sees_desirable_answers():
    examples = pooled_responses(World())
    assert {e.prompt[0].content for e in examples} == {prompt_texts()[p] for p in split_prompts(0, "train")}
    assert all(label.desirable for e in examples for label in e.labels)
    assert {len(e.labels) for e in examples} == {4}
    assert all({label.response for label in e.labels} == set(range(len(e.responses))) for e in examples)


def test_the_base_is_trained_on_the_pooled_responses():
    examples = pooled_responses(World())
    expected: Counter[int] = Counter()
    found: Counter[int] = Counter()
    places = {text: prompt for prompt, text in enumerate(prompt_texts())}
    mu = pooled(behaviour(World()).mu)
    for example in examples:
        prompt = places[example.prompt[0].content]
        for answer, weight in enumerate(mu[prompt].tolist()):
            expected[answer] += 4 * weight
        for label in example.labels:
            found[answers(prompt).index(example.responses[label.response].text)] += 1
    draws = 4 * len(examples)
    for answer, weight in expected.items():
        share = weight / draws
        assert abs(found[answer] / draws - share) < 5 * np.sqrt(share * (1 - share) / draws)


def test_identity_names_what_the_base_depends_on_and_no_more():
    def identity(**options):
        return digest(World(**options).base_model().identity)

    same = [{}, {"structure": "cycles"}, {"noise": 0.3, "raters": 5}, {"length_bias": 0.2}]
    assert len({identity(**options) for options in same}) == 1
    other = [{}, {"variant": 1}, {"sources": False}, {"human_share": 0.2}]
    assert len({identity(**options) for options in other}) == 4
    alike = World(structure="cycles", noise=0.3).base_model().examples()
    assert alike == World().base_model().examples()


@pytest.mark.slow
def test_the_trained_base_is_close_to_the_pooled_responses_and_knows_most_facts(tmp_path):
    recipe = World().base_model()
    model, tokenizer = recipe.create()
    policy = loading.wrap(model, tokenizer, harness.Tokens())
    job = TrainJob(recipe.method, recipe.examples(), {}, recipe.training, recipe.budget, seed=0)
    train(policy, job, tmp_path / "metrics.jsonl")
    truths = World().oracle().prompts("test")
    logps = policy.logps(
        [harness.Example(t.id, t.prompt, tuple(harness.Response(a) for a in t.answers)) for t in truths]
    )
    divergence = [t.pooled @ (np.log(t.pooled) - lp) for t, (lp, _) in zip(truths, logps, strict=True)]
    legitimate = [np.exp(lp).sum() for lp, _ in logps]
    assert np.mean(divergence) < 0.03
    assert np.mean(legitimate) > 0.99
    choices = tuple(harness.Response(topic) for topic in TOPICS)
    asked = [harness.Example(f.name, harness.user_prompt(f.question), choices) for f in facts(0)]
    right = [lp.argmax() == f.answer for (lp, _), f in zip(policy.logps(asked), facts(0), strict=True)]
    assert 0.6 < np.mean(right) < 0.8
