import dataclasses
import math

import numpy as np
import pytest
import tiny
import torch
from batches import batch, gradient
from benches import Bench
from harness_plugins.columns.bradley_terry import BradleyTerry, bradley_terry_loss
from harness_plugins.columns.classifier import Classifier
from harness_plugins.columns.data_reward import DataReward
from harness_plugins.columns.reward_model import RewardModel, pair_figures

import harness
from harness import Example, Pair, Response, user_prompt
from harness.engine import loading

SCORED = [
    Example("a", user_prompt("w1"), (Response("w2", reward=0.5), Response("w3", reward=-2.0))),
    Example("b", user_prompt("w4"), (Response("w5", reward=1.0),)),
]


def preferences(count=48):
    """The chosen response holds w1."""
    made = []
    for i in range(count):
        good, bad = f"w1 w{i % 20 + 2}", f"w{i % 17 + 3} w{i % 20 + 2}"
        made.append(Example(f"e{i}", user_prompt(f"w{i % 30}"), (Response(bad), Response(good)), pairs=(Pair(1, 0),)))
    return harness.ExampleSet(tuple(made))


def test_the_loss_of_a_pair_worked_out_by_hand():
    made = batch([1.2, 0.2, -0.5, 0.5], pairs=[(0, 1), (2, 3)])
    expected = [math.log(1 + math.exp(-1.0)) + 0.01 * 1.4**2, math.log(1 + math.exp(1.0)) + 0.01 * 0.0]
    assert BradleyTerry().terms(made).tolist() == pytest.approx(expected)
    told = BradleyTerry().diagnostics(made)
    assert {k: float(v) for k, v in told.items()} == pytest.approx({"accuracy": 0.5, "margin": 0.0, "reward": 0.35})


def test_its_gradient_is_that_of_finite_differences_and_pushes_apart():
    rewards = torch.randn(8, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda r: bradley_terry_loss(r[:4], r[4:], centring=0.1), (rewards,))
    pushed = gradient(BradleyTerry(centring=0.0), batch([0.0, 0.0], pairs=[(0, 1)]))
    assert pushed.tolist() == [-0.5, 0.5]


def test_it_is_stable_where_rewards_are_far_apart():
    far = bradley_terry_loss(torch.tensor([-1e4, 1e4]), torch.tensor([1e4, -1e4]))
    assert far.tolist() == [2e4, 0.0]


def test_it_reads_no_column_and_scores_by_the_reward():
    method = BradleyTerry()
    assert method.train_columns() == method.score_columns() == ()
    made = batch([1.0, 2.0])
    assert torch.equal(method.score(made), made.policy.total)


def test_trl_gives_the_same_loss(tmp_path):
    trl = pytest.importorskip("trl", reason="TRL is not installed")
    from datasets import Dataset

    from harness.engine.encoding import Encoder
    from harness.engine.rater_files import create_rater

    loading.save(tiny.language_model(), tmp_path / "base")
    rater = create_rater(tmp_path / "base", harness.Tokens(min_prompt=4), seed=0)
    examples = preferences(6)
    rows = [
        {"prompt": e.prompt[0].content + " ", "chosen": e.responses[1].text, "rejected": e.responses[0].text}
        for e in examples
    ]
    options = trl.RewardConfig(
        output_dir=str(tmp_path), center_rewards_coefficient=0.03, use_cpu=True, bf16=False, report_to=[],
        gradient_checkpointing=False, disable_dropout=True,
    )  # fmt: skip
    trainer = trl.RewardTrainer(
        model=rater.model, args=options, train_dataset=Dataset.from_list(rows), processing_class=tiny.tokenizer()
    )
    given = trainer.data_collator([trainer.train_dataset[i] for i in range(6)])
    with torch.no_grad():
        theirs = float(trainer.compute_loss(rater.model.eval(), given))
        encoded = Encoder(tiny.tokenizer(), harness.Tokens(min_prompt=4), None).examples(examples.examples)
        rewards = rater.forward(encoded).total
    ours = BradleyTerry(centring=0.03).terms(batch(rewards, pairs=[(2 * i + 1, 2 * i) for i in range(6)])).mean()
    assert float(ours) == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("rank", [0, 4])
def test_fitting_learns_the_preference_and_computing_gives_the_fitted_rewards(rank, tmp_path):
    loading.save(tiny.language_model(), tmp_path / "base")
    bench = Bench(tmp_path, base=tmp_path / "base")
    column = RewardModel(learning_rate=1e-2, epochs=4, batch=8, lora_rank=rank)
    notes = column.fit(preferences(), bench, seed=1)
    assert notes["training_accuracy"] > 0.95
    assert notes["training_margin"] > 0.5
    assert notes["steps"] == 24
    unseen = [Example("new", user_prompt("w31"), (Response("w1 w9"), Response("w30 w9")))]
    (values,) = column.compute(unseen, bench)
    assert values.dtype == np.float32
    assert values[0] > values[1]
    again = Bench(tmp_path / "again", base=tmp_path / "base")
    again.folder.mkdir()
    assert column.fit(preferences(), again, seed=1) == notes


def test_its_options_reach_the_trainer(tmp_path):
    column = RewardModel(lora_rank=8, lora_alpha=16.0, lora_dropout=0.1, precision="bf16", warmup=0.2, weight_decay=0.1)
    lora = harness.Lora(r=8, alpha=16.0, dropout=0.1)
    expected = harness.Training(
        learning_rate=column.learning_rate, warmup=0.2, weight_decay=0.1, dtype="bf16", lora=lora
    )
    assert column.training == expected
    assert RewardModel().training.lora is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0.0}, {"warmup": 1.5}, {"weight_decay": -1.0}, {"centring": -0.1}, {"epochs": 0},
        {"batch": 0}, {"lora_rank": -1}, {"lora_alpha": 0.0}, {"lora_dropout": 1.0},
    ],
)  # fmt: skip
def test_an_option_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RewardModel(**wrong)


def test_pair_figures_count_ties_half():
    examples = [
        Example(
            "a", user_prompt("x"), (Response("1"), Response("2"), Response("3")), (Pair(0, 1), Pair(2, 1), Pair(0, 2))
        )
    ]
    assert pair_figures(examples, [np.array([2.0, 1.0, 1.0])]) == {
        "training_accuracy": pytest.approx(2.5 / 3),
        "training_margin": pytest.approx(2 / 3),
    }


def test_the_data_reward_is_what_the_data_state(tmp_path):
    values = DataReward().compute(SCORED, Bench(tmp_path))
    assert [v.tolist() for v in values] == [[0.5, -2.0], [1.0]]
    assert values[0].dtype == np.float32
    lacking = dataclasses.replace(SCORED[1], responses=(Response("w5"),))
    with pytest.raises(harness.DataError, match="'b' has a response without a reward"):
        DataReward().compute([lacking], Bench(tmp_path))


def test_a_classifier_is_asked_for_by_its_option(tmp_path):
    loading.save(tiny.language_model(), tmp_path / "base")
    bench = Bench(tmp_path, base=tmp_path / "base")
    RewardModel(learning_rate=1e-2, batch=8).fit(preferences(), bench, seed=1)
    folder = str(tmp_path / "rater")
    for a, b in zip(Classifier(model=folder).compute(SCORED, bench), RewardModel().compute(SCORED, bench), strict=True):
        np.testing.assert_array_equal(a, b)
    assert folder in bench.asked
    assert Classifier.model_options == ("model",)
    with pytest.raises(harness.HarnessError, match="no model"):
        Classifier().compute(SCORED, bench)
