import dataclasses
import subprocess
import sys

import pytest
from harness_plugins.sources.world import World
from harness_plugins.sources.world.language import answers, prompt_ids, prompt_texts

from harness.digest import digest
from harness.examples import carries


def ids_of_prompts(examples):
    names = dict(zip(prompt_texts(), prompt_ids(), strict=True))
    return [names[e.prompt[0].content] for e in examples]


def test_training_examples_carry_pairs_shares_and_sources_but_no_reward():
    examples = World().examples("train", 0)
    assert len(examples) == 3072
    assert carries(examples.examples) >= {"pairs", "shares", "sources", "candidates"}
    assert all(r.reward is None for e in examples for r in e.responses)
    assert {r.source for e in examples for r in e.responses} == {"human", "model"}
    assert {p.share for e in examples for p in e.pairs} == {2 / 3, 1.0}
    assert examples[17].id == "train-0-000017"


def test_responses_are_legitimate_answers_to_their_prompt():
    known = {text: set(answers(prompt)) for prompt, text in enumerate(prompt_texts())}
    for example in World().examples("train", 1, 500):
        assert {r.text for r in example.responses} <= known[example.prompt[0].content]
        assert example.prompt[0].content.split()[1] == example.subset


def test_training_is_redrawn_per_seed_and_the_same_for_the_same_seed():
    world = World()
    assert world.examples("train", 4, 64) == world.examples("train", 4, 64)
    first, second = (world.examples("train", seed, 64) for seed in (0, 1))
    assert ids_of_prompts(first) != ids_of_prompts(second)
    assert [e.responses for e in first] != [e.responses for e in second]


@pytest.mark.parametrize("split", ["test", "validation"])
def test_held_out_splits_do_not_depend_on_the_seed(split):
    assert World().examples(split, 0) == World().examples(split, 7)


def test_held_out_prompts_are_never_trained_on():
    world = World()
    trained = {e.prompt for seed in range(3) for e in world.examples("train", seed)}
    test, validation = ({e.prompt for e in world.examples(split, 0)} for split in ("test", "validation"))
    assert (len(trained), len(test), len(validation)) == (1440, 320, 160)
    assert not trained & test
    assert not trained & validation
    assert not test & validation


def test_a_test_example_names_its_prompt():
    world = World()
    examples = world.examples("test", 0)
    assert len(examples) == len({e.id for e in examples}) == 640
    assert [e.id.split("/")[0] for e in examples] == ids_of_prompts(examples)
    truths = world.oracle().prompts("test")
    assert {t.id: t.prompt for t in truths} == {e.id.split("/")[0]: e.prompt for e in examples}


def test_a_limit_takes_the_first_examples():
    world = World()
    for split in ("train", "test"):
        assert world.examples(split, 2, 40).examples == world.examples(split, 2).examples[:40]
    assert len(world.examples("train", 0, 5000)) == 5000


def test_without_sources_nobody_is_named():
    examples = World(sources=False).examples("train", 0, 50)
    assert {r.source for e in examples for r in e.responses} == {None}


def test_the_ledger_counts_rows_and_settled_ties():
    assert World().examples("train", 0).ledger.counted == {}
    ledger = World(raters=2).examples("train", 0).ledger
    assert (ledger.read, ledger.kept) == (3072, 3072)
    tied = [e for e in World(raters=2).examples("train", 0) if e.pairs[0].share == 0.5]
    assert ledger.counted == {"ties settled by a coin": len(tied)}
    assert len(tied) > 500


def test_another_process_draws_the_same():
    source = (
        "from harness.digest import digest\n"
        "from harness_plugins.sources.world import World\n"
        "print(digest([World(structure='cycles', raters=4).examples(s, 3).examples for s in ('train', 'test')]))"
    )
    other = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.strip()
    world = World(structure="cycles", raters=4)
    assert other == digest([world.examples(split, 3).examples for split in ("train", "test")])


def test_the_recorded_world_is_still_the_same():
    """Another digest here means another world: boards recorded before cannot be compared with those after."""
    examples = [World().examples(split, 0).examples for split in ("train", "validation", "test")]
    assert digest(examples) == "265573b9a134577af5dc9df55c2ddc57"


@pytest.mark.parametrize(
    "wrong",
    [
        {"noise": 0.6},
        {"noise": -0.1},
        {"raters": 0},
        {"raters": 100},
        {"length_bias": 2.0},
        {"length_bias": float("nan")},
        {"human_share": 1.5},
        {"variant": -1},
    ],
)
def test_an_option_out_of_range_is_named(wrong):
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} is"):
        World(**wrong)


def test_another_variant_is_another_world():
    assert World(variant=1).examples("test", 0) != World().examples("test", 0)


def test_options_are_plain_data():
    assert World(**dataclasses.asdict(World(noise=0.2, variant=4))) == World(noise=0.2, variant=4)
