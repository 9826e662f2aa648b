import random

import pytest
import tiny
import torch

from harness.engine.stepper import LocalStepper, make_trainable
from harness.errors import ModelError
from harness.training import Lora, Training


def encoded_by(model, count=5):
    draw = random.Random(0)

    def words(longest):
        return " ".join(f"w{draw.randrange(60)}" for _ in range(draw.randint(0, longest)))

    return model.encoder.examples([tiny.example(words(12), *(words(9) for _ in range(3))) for _ in range(count)])


def gradients(family, refusal="", seen=None, **training):
    """Of a weighted sum of log-probs, by parameter."""
    policy = make_trainable(tiny.language_model(family), Training(**training), seed=0)
    policy.refusal = refusal
    encoded = encoded_by(policy)
    if seen is not None:
        layer = next(m for name, m in policy.model.named_modules() if name.endswith("mlp"))
        layer.register_forward_pre_hook(lambda *_: seen.append(1))
    stepper = LocalStepper(policy, Training(**training))
    torch.manual_seed(7)
    total = stepper.forward(encoded).total
    stepper.backward((total * torch.linspace(-1, 1, len(total))).sum())
    return {name: p.grad for name, p in policy.model.named_parameters() if p.grad is not None}


SETTINGS = [
    {},
    {"dropout": 0.2},
    {"lora": Lora(r=2, dropout=0.3)},
    {"dtype": "bf16"},
    {"dtype": "bf16", "lora": Lora(r=2), "dropout": 0.1},
]


@pytest.mark.parametrize("training", SETTINGS, ids=str)
@pytest.mark.parametrize("family", ["llama", "gpt-neox", "gpt2"])
def test_layers_computed_again_give_the_very_same_gradients(family, training):
    passes: list[int] = []
    kept, again = gradients(family, **training), gradients(family, seen=passes, checkpointing=True, **training)
    assert len(passes) == 2, "the layer was not computed again"
    assert kept.keys() == again.keys()
    assert all(torch.equal(kept[name], again[name]) for name in kept)


@pytest.mark.parametrize("family", tiny.CONFIGS)
def test_every_family_can_compute_its_layers_again(family):
    kept, again = gradients(family), gradients(family, checkpointing=True)
    assert all(torch.equal(kept[name], again[name]) for name in kept)


def test_the_padded_pass_can_too():
    kept, again = gradients("llama", "for the test"), gradients("llama", "for the test", checkpointing=True)
    assert all(torch.equal(kept[name], again[name]) for name in kept)


def test_a_policy_that_was_checkpointed_can_be_trained_without():
    policy = make_trainable(tiny.language_model(), Training(checkpointing=True), seed=0)
    make_trainable(policy, Training(), seed=0)
    assert not any(getattr(m, "gradient_checkpointing", False) for m in policy.model.modules())


def test_an_architecture_that_cannot_says_so():
    policy = tiny.language_model()
    policy.model.supports_gradient_checkpointing = False
    with pytest.raises(ModelError, match="cannot compute its layers again"):
        make_trainable(policy, Training(checkpointing=True), seed=0)
    make_trainable(policy, Training(), seed=0)


def test_what_only_trades_time_for_memory_is_no_part_of_a_policys_identity():
    plain = Training(learning_rate=1e-3)
    spared = Training(learning_rate=1e-3, checkpointing=True, sharding={"processes": 2})  # type: ignore[arg-type]
    assert plain.identity() == spared.identity()
    assert plain.identity() != Training(learning_rate=1e-3, dtype="bf16").identity()
