import pytest
from benchmark import load

versus = load("gpu_vs_trl")
random_work, flops = load("random_work"), load("flops")


@pytest.mark.parametrize(("size", "weights"), [("410m", 405_334_016), ("1.4b", 1_414_647_808)])
def test_models_are_of_pythias_sizes(size, weights):
    """Pythia pads its vocabulary to 50,304 as well; the figures are those of its published checkpoints."""
    assert random_work.parameters(versus.SIZES[size]) == weights


def test_without_a_gpu_it_says_so_and_measures_nothing(monkeypatch, capsys):
    monkeypatch.setattr(versus, "cuda_there", lambda: False)
    assert versus.main([]) == 2
    assert "needs a CUDA device" in capsys.readouterr().err


def test_lengths_are_those_that_both_sides_train_on():
    shape = random_work.Shape(layers=1, hidden=16, mlp=32, heads=2, vocab=40)
    found = versus.lengths(random_work.Pairs(3, prompt=6, response=4), shape, 0)
    tokenizer = random_work.tokenizer(shape)
    drawn = random_work.draw_pairs(random_work.Pairs(3, prompt=6, response=4), shape, 0)
    assert found == [
        (len(tokenizer(p)["input_ids"]), [len(tokenizer(r + "</s>")["input_ids"]) for r in both]) for p, both in drawn
    ]


def test_utilisation_is_useful_operations_over_the_best_rate():
    shape = random_work.Shape(layers=1, hidden=16, mlp=32, heads=2, vocab=40)
    examples = [(3, [2, 2])]
    found = versus.with_rates({"ours": {"seconds": 0.5}}, shape, examples, peak=2.0)["ours"]
    assert found["tokens_per_second"] == 14
    assert found["utilisation"] == pytest.approx(flops.training(shape, examples) / 1e12 / 0.5 / 2.0)
