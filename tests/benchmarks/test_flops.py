import pytest
from benchmark import load

flops = load("flops")
Shape = load("random_work").Shape

SHAPE = Shape(layers=2, hidden=8, mlp=12, heads=2, vocab=20)


def test_a_pass_counts_real_tokens_visible_pairs_and_predicted_ones():
    found = flops.forward(SHAPE, [(3, [2, 4])])
    fed, predicted = 3 + 1 + 3, 6
    visible = 6 + (3 + 1) + (3 * 3 + 6)  # the prompt's, one fed token of the first response, three of the second
    assert found.linear == 2 * 2 * (4 * 64 + 3 * 96) * fed
    assert found.attention == 4 * 8 * 2 * visible
    assert found.head == 2 * 8 * 20 * predicted
    assert found.total == found.linear + found.attention + found.head


def test_linear_operations_are_two_a_weight_as_the_model_has_them():
    import torch
    from transformers import AutoModelForCausalLM

    for family in ("llama", "gpt-neox"):
        shape = Shape(family=family, layers=2, hidden=16, mlp=48, heads=2, vocab=20)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(load("random_work").config(shape))
        matrices = [m.weight.numel() for m in model.base_model.modules() if isinstance(m, torch.nn.Linear)]
        assert flops.weights_per_layer(shape) * 2 == sum(matrices)


def test_training_is_four_passes_and_adds_up_over_examples():
    one, other = (3, [2, 4]), (5, [1, 1])
    both = flops.training(SHAPE, [one, other])
    assert both == pytest.approx(flops.training(SHAPE, [one]) + flops.training(SHAPE, [other]))
    assert flops.training(SHAPE, [one]) == 4 * flops.forward(SHAPE, [one]).total
