"""TRL's trainer as an independent oracle: the same models and the same pairs must give the same losses."""

import copy
from pathlib import Path

import pytest
import tiny
import torch
from batches import batch
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.ipo import IPO
from harness_plugins.methods.robust_dpo import RobustDPO
from harness_plugins.methods.rpo import RPO
from harness_plugins.methods.sft import SFT

trl = pytest.importorskip("trl", reason="TRL is not installed")

PAIRS = [
    {"prompt": "w1 w2 w3 ", "chosen": "w4 w5", "rejected": "w6 w7 w8 w9"},
    {"prompt": "w9 ", "chosen": "w10 w11 w12", "rejected": "w13"},
]


class Oracle:
    """A trainer of TRL over two tiny models, and their log-probs from plain forward passes."""

    def __init__(self, folder: Path) -> None:
        from datasets import Dataset

        policy, reference = (tiny.language_model("llama", seed=seed).causal for seed in (0, 1))
        self.policy, self.reference = copy.deepcopy(policy), copy.deepcopy(reference)
        options = trl.DPOConfig(
            output_dir=str(folder),
            beta=0.3,
            use_cpu=True,
            bf16=False,
            report_to=[],
            gradient_checkpointing=False,
        )
        self.trainer = trl.DPOTrainer(
            model=policy,
            ref_model=reference,
            args=options,
            train_dataset=Dataset.from_list(PAIRS),
            processing_class=tiny.tokenizer(),
        )
        rows = [self.trainer.train_dataset[i] for i in range(len(PAIRS))]
        self.rows = sorted(rows, key=lambda row: len(row["chosen_ids"]))

    def loss(self, pairs: slice = slice(None), *, flip_rate: float = 0.0, **weights: float) -> float:
        """TRL's loss of these pairs, of the parts that are named with their weights."""
        self.trainer.loss_types, self.trainer.loss_weights = list(weights), list(weights.values())
        self.trainer.label_smoothing = flip_rate
        with torch.no_grad():
            return float(self.trainer.compute_loss(self.trainer.model, self.trainer.data_collator(self.rows[pairs])))

    def batch(self, pairs: slice = slice(None)):
        """The same pairs as a method sees them: response 2i is chosen, 2i + 1 rejected."""
        rows = self.rows[pairs]
        answers = [(r["prompt_ids"], r[side]) for r in rows for side in ("chosen_ids", "rejected_ids")]
        index = range(0, 2 * len(rows), 2)
        return batch(
            [logp(self.policy, *answer) for answer in answers],
            [logp(self.reference, *answer) for answer in answers],
            tokens=[len(answer) for _, answer in answers],
            pairs=[(i, i + 1) for i in index],
            labels=[(i + k, k == 0) for i in index for k in (0, 1)],
        )


@torch.no_grad()
def logp(model, prompt: list[int], answer: list[int]) -> float:
    logits = model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1].double()
    return float(logits.log_softmax(-1)[range(len(answer)), answer].sum())


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return Oracle(tmp_path_factory.mktemp("trl"))


def objective(method, made) -> float:
    return method.reduce(method.terms(made), made).item()


def test_dpo_is_trls_sigmoid_loss(oracle: Oracle):
    assert objective(DPO(beta=0.3), oracle.batch()) == pytest.approx(oracle.loss(sigmoid=1), rel=1e-5)


def test_ipo_is_trls_length_averaged_loss(oracle: Oracle):
    expected = oracle.loss(ipo=1)
    assert objective(IPO(beta=0.3), oracle.batch()) == pytest.approx(expected, rel=1e-5)
    assert objective(IPO(beta=0.3, length_normalised=False), oracle.batch()) != pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("flip_rate", [0.0, 0.1, 0.4])
def test_robust_dpo_is_trls_robust_loss(oracle: Oracle, flip_rate: float):
    expected = oracle.loss(robust=1, flip_rate=flip_rate)
    assert objective(RobustDPO(beta=0.3, flip_rate=flip_rate), oracle.batch()) == pytest.approx(expected, rel=1e-5)


def test_sft_is_trls_sft_loss_on_the_chosen_responses(oracle: Oracle):
    assert objective(SFT(), oracle.batch()) == pytest.approx(oracle.loss(sft=1), rel=1e-5)


@pytest.mark.parametrize("pair", [slice(0, 1), slice(1, 2)], ids=["first", "second"])
def test_rpo_of_one_pair_is_trls_sum_of_both(oracle: Oracle, pair: slice):
    # With several pairs TRL divides by the tokens of them all, where RPO takes the mean of each pair first.
    expected = oracle.loss(pair, sigmoid=1, sft=0.7)
    assert objective(RPO(beta=0.3, eta=0.7), oracle.batch(pair)) == pytest.approx(expected, rel=1e-5)
