import numpy as np
from harness_plugins.sources.world import World


def test_every_test_prompt_has_one_legitimate_reference():
    truths = World().oracle().prompts("test")
    references = World().references("test")
    assert list(references) == [truth.prompt for truth in truths]
    assert all(references[truth.prompt] in truth.answers for truth in truths)


def test_references_follow_mu():
    """Every answer, over the test prompts of several worlds, within 5 standard deviations of its expectation."""
    found, expected, variance = (np.zeros(24) for _ in range(3))
    for variant in range(5):
        world = World(variant=variant)
        references = world.references("test")
        for truth in world.oracle().prompts("test"):
            found[truth.answers.index(references[truth.prompt])] += 1
            expected += truth.behaviour
            variance += truth.behaviour * (1 - truth.behaviour)
    assert (np.abs(found - expected) / np.sqrt(variance)).max() < 5
    assert ((found - expected) ** 2 / expected).sum() < 65  # about 23 degrees of freedom: 1 in 150,000


def test_the_draw_is_fixed_by_the_variant():
    assert World().references("test") == World(structure="cycles", noise=0.3).references("test")
    assert World().references("test") != World(variant=1).references("test")


def test_references_are_no_answers_of_the_test_pairs_drawn_again():
    references = World().references("test")
    drawn = {e.prompt: {r.text for r in e.responses} for e in World().examples("test", 0)}
    assert 0.02 < np.mean([references[prompt] in texts for prompt, texts in drawn.items()]) < 0.5
