"""TRL's KTO trainer as an independent oracle: the same models and the same pairs, which it mismatches by itself, must
give the same loss and the same gradient.
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from harness_plugins.methods.kto import KTO
from torch import Tensor

from harness import Example, ExampleSet, Pair, Response, user_prompt
from harness.conversions import meet
from harness.engine.collate import facts
from harness.engine.objective import Step, run_step
from harness.engine.reading import ToMeasure, in_parts, learnt, measured

trl = pytest.importorskip("trl", reason="TRL is not installed")

PAIRS = [
    {"prompt": "w1 w2 w3 ", "chosen": "w4 w5", "rejected": "w6 w7 w8 w9"},
    {"prompt": "w9 ", "chosen": "w10 w11 w12", "rejected": "w13"},
    {"prompt": "w14 w15 ", "chosen": "w16", "rejected": "w17 w18"},
]
OPTIONS = {"beta": 0.3, "desirable_weight": 1.5, "undesirable_weight": 0.7}


def trls(folder: Path, policy: torch.nn.Module, reference: torch.nn.Module) -> tuple[float, float, Tensor]:
    """Loss, its estimate of the KL, and (parameters,) the gradient, of one batch of all pairs as it unpairs them."""
    from datasets import Dataset

    options = trl.KTOConfig(
        output_dir=str(folder),
        per_device_train_batch_size=2 * len(PAIRS),
        use_cpu=True,
        bf16=False,
        report_to=[],
        gradient_checkpointing=False,
        **OPTIONS,
    )
    trainer = trl.KTOTrainer(
        model=policy,
        ref_model=reference,
        args=options,
        train_dataset=Dataset.from_list(PAIRS),
        processing_class=tiny.tokenizer(),
    )
    rows = [trainer.train_dataset[i] for i in range(2 * len(PAIRS))]
    trainer.model.train()
    loss = trainer.compute_loss(trainer.model, trainer.data_collator(rows))
    loss.backward()
    found = torch.cat([p.grad.flatten() for p in policy.parameters() if p.grad is not None])
    return loss.item(), trainer._metrics["train"]["kl"][-1], found


def ours(budget: int, reference_seed: int, policy_seed: int) -> tuple[float, float, Tensor]:
    """The same, of one optimiser step of the engine."""
    policy, reference = (tiny.language_model("llama", seed=seed) for seed in (policy_seed, reference_seed))
    method = KTO(**OPTIONS)
    given = [
        Example(str(i), user_prompt(p["prompt"]), (Response(p["chosen"]), Response(p["rejected"])), (Pair(0, 1),))
        for i, p in enumerate(PAIRS)
    ]
    examples = method.prepare(meet(ExampleSet(tuple(given)), method.needs()), seed=0)
    encoded = policy.encoder.examples(examples)
    columns = {"reference": [np.asarray(logp) for logp, _ in reference.logps_of(encoded)]}
    aside = {i: measured(method, e) for i, e in enumerate(encoded)}
    parts = in_parts([learnt(method, e) for e in encoded], budget)
    step = Step(parts, columns, facts(examples), ToMeasure.of(aside, columns, budget))
    outcome = run_step(method, step, policy.forward, lambda loss: loss.backward())
    found = torch.cat([p.grad.flatten() for p in policy.model.parameters() if p.grad is not None])
    return float(outcome.loss), float(method.diagnostics(outcome.batch)["reference_point"]), found


@pytest.mark.parametrize("seeds", [(1, 0), (0, 1)], ids=["a KL above zero", "a KL held at zero"])
def test_kto_is_trls(tmp_path: Path, seeds: tuple[int, int]):
    policy, reference = (copy.deepcopy(tiny.language_model("llama", seed=seed).causal) for seed in seeds)
    loss, kl, gradient = trls(tmp_path, policy, reference)
    assert (kl > 0) == (seeds == (1, 0))
    for budget in (8192, 1):  # all at once, and one example at a time
        found = ours(budget, reference_seed=seeds[1], policy_seed=seeds[0])
        assert found[:2] == pytest.approx((loss, kl), rel=1e-5)
        assert torch.linalg.norm(found[2] - gradient) < 1e-4 * torch.linalg.norm(gradient)
