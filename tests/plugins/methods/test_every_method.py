"""What every method of ours must hold, whatever its formula."""

import importlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from batches import Given, batch, gradient, measured, samples
from harness_plugins.methods.ddo_rm import DDORM
from harness_plugins.methods.ddro import DDRO
from harness_plugins.methods.dora import DoRA
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.hypo import HyPO
from harness_plugins.methods.ipo import IPO
from harness_plugins.methods.kl_dro import KLDRO
from harness_plugins.methods.kto import KTO
from harness_plugins.methods.random_labels import RandomLabels
from harness_plugins.methods.reward_argmax import RewardArgmax
from harness_plugins.methods.reweighting import Reweighting
from harness_plugins.methods.robust_dpo import RobustDPO
from harness_plugins.methods.rpo import RPO
from harness_plugins.methods.rpo_cumulative import RPOCumulative
from harness_plugins.methods.sft import SFT
from steps import step_of

import harness
from harness.digest import changed_options

ROOT = Path(__file__).parents[3]
METHODS = [
    SFT(),
    DPO(),
    RPO(),
    RPOCumulative(),
    IPO(),
    IPO(beta=0.5, length_normalised=False),
    RobustDPO(),
    KTO(),
    KTO(desirable_weight=1.3, undesirable_weight=0.5),
    DDRO(),
    DDRO(t=0.7),
    HyPO(max_tokens=6),
    HyPO(k=1, max_tokens=6),
    DDORM(reward=Given()),
    DDORM(reward=Given(), target="released"),
    RewardArgmax(reward=Given()),
    KLDRO(),
    Reweighting(ratio=Given()),
    DoRA(ratio=Given()),
    DoRA(ratio=Given(), base=RPO(), lam=0.3),
    RandomLabels(),
    RandomLabels(base=DDRO()),
    RandomLabels(base=KTO()),
    RandomLabels(base=HyPO(lam=0.1, max_tokens=6)),
]
SHARED = {"wrapping", "per_prompt", "rewarded"}
"""Files that hold what several methods share, and no method."""
PAIRS = [[(0, 1), (2, 1)], [(1, 0)], [(0, 1)]]
"""Per prompt, (chosen, rejected) among its responses."""
SIZES = [3, 2, 4]
DRAWN = [2, 1, 3]
"""Per prompt, samples of the policy."""
MEASURED = measured([-18.0, -23.0, -20.0], [-20.0, -22.5, -21.0])
"""Of the whole step, whichever of its prompts a batch has."""
every_method = pytest.mark.parametrize("method", METHODS, ids=repr)


def some_batch(seed: int = 0, prompts: Sequence[int] = (0, 1, 2)) -> harness.Batch:
    """These of the three prompts, with the same numbers whichever are taken."""
    draw = np.random.default_rng(seed)
    numbers = [(draw.normal(-20, 1, k), draw.normal(-20, 1, k), [3, 9, 5, 2][:k], draw.uniform(0, 2, k)) for k in SIZES]
    policy, reference, tokens, given = (np.concatenate([numbers[i][j] for i in prompts]).tolist() for j in range(4))
    drawn = [(draw.normal(-9, 1, k), draw.normal(-9, 1, k)) for k in DRAWN]
    sampled, their_reference = (np.concatenate([drawn[i][j] for i in prompts]).tolist() for j in range(2))
    starts = np.cumsum([0, *(SIZES[i] for i in prompts)]).tolist()
    pairs = [(s + w, s + loser) for s, i in zip(starts, prompts, strict=False) for w, loser in PAIRS[i]]
    return batch(
        policy,
        reference,
        tokens=tokens,
        columns={"given": given},
        prompt=[at for at, i in enumerate(prompts) for _ in range(SIZES[i])],
        pairs=pairs,
        labels=[(response, good) for pair in pairs for response, good in zip(pair, (True, False), strict=True)],
        samples=samples(sampled, their_reference, prompt=[at for at, i in enumerate(prompts) for _ in range(DRAWN[i])]),
        measured=MEASURED,
    )


def units(method: harness.Method, made: harness.Batch) -> int:
    counts = {"pair": len(made.chosen), "label": len(made.labelled), "prompt": int(made.prompt.max()) + 1}
    return counts[method.unit()]


def test_every_method_file_is_advertised_and_offers_a_method():
    advertised = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["harness"].values()
    folder = ROOT / "plugins" / "harness_plugins" / "methods"
    modules = {f"harness_plugins.methods.{path.stem}" for path in folder.glob("*.py")} - {
        f"harness_plugins.methods.{name}" for name in {"__init__", *SHARED}
    }
    assert modules == {name for name in advertised if name.startswith("harness_plugins.methods.")}
    offered = [kind for name in modules for kind in importlib.import_module(name).harness_methods()]
    assert {type(m) for m in METHODS} == set(offered)
    assert len({kind.name for kind in offered}) == len(offered)


def test_methods_load_without_torch():
    modules = ", ".join(sorted({type(m).__module__ for m in METHODS}))
    code = f"import sys, {modules}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@every_method
def test_options_survive_json(method: harness.Method):
    options = json.loads(json.dumps(changed_options(method)))
    nested = {name for name in options if isinstance(getattr(method, name), harness.Method | harness.Column)}
    options = {name: getattr(method, name) if name in nested else value for name, value in options.items()}
    assert type(method)(**options) == method


@every_method
def test_there_is_one_finite_term_per_unit(method: harness.Method):
    made = some_batch()
    terms = method.terms(made)
    assert terms.shape == (units(method, made),)
    assert terms.isfinite().all()
    assert method.reduce(terms, made).shape == ()


@every_method
def test_at_indifference_training_favours_what_people_chose(method: harness.Method):
    made = batch(
        [-9.0, -9.0],
        [-9.0, -9.0],
        tokens=[4, 4],
        columns={"given": [1.5, 0.5]},
        pairs=[(0, 1)],
        labels=[(0, True), (1, False)],
        samples=samples([-3.0, -4.0], [-3.0, -4.0]),
        measured=measured([-5.0], [-5.0]),
    )
    chosen, rejected = gradient(method, made).tolist()
    assert chosen < 0 <= rejected


@every_method
def test_the_score_rises_with_the_likelihood(method: harness.Method):
    low, high = (batch([-9.0 + more], [-9.0], tokens=[4]) for more in (0.0, 1.0))
    assert (method.score(high) > method.score(low)).all()


def test_the_methods_that_weigh_by_loss_are_the_ones_that_need_a_second_forward_pass():
    assert {type(m) for m in METHODS if not m.linear_reduce()} == {KLDRO, DoRA}


@pytest.mark.parametrize("method", [m for m in METHODS if m.linear_reduce()], ids=repr)
def test_a_linear_reduction_has_weights_that_no_log_prob_moves(method: harness.Method):
    weights = []
    for seed in (0, 1):
        made = some_batch(seed)
        terms = method.terms(made).detach().requires_grad_()
        value = method.reduce(terms, made)
        (found,) = torch.autograd.grad(value, terms)
        torch.testing.assert_close((found * terms).sum(), value)
        weights.append(found)
    torch.testing.assert_close(weights[0], weights[1])


@every_method
def test_a_term_does_not_depend_on_other_items_of_the_batch(method: harness.Method):
    assert not method.batch_statistic()
    parts = [method.terms(some_batch(prompts=[i])) for i in range(len(SIZES))]
    torch.testing.assert_close(torch.cat(parts), method.terms(some_batch()))


@every_method
def test_every_diagnostic_is_a_finite_scalar(method: harness.Method):
    found = method.diagnostics(some_batch())
    assert all(value.shape == () and value.isfinite() and not value.requires_grad for value in found.values())


@every_method
@pytest.mark.parametrize("cuts", [(4,), (1, 2, 7)], ids=str)
def test_the_objective_of_a_step_does_not_depend_on_its_micro_batches(method: harness.Method, cuts: tuple[int, ...]):
    whole, whole_gradient = step_of(method, ())
    split, split_gradient = step_of(method, cuts)
    assert split == pytest.approx(whole, rel=1e-6)
    assert torch.linalg.norm(split_gradient - whole_gradient) < 1e-6 * torch.linalg.norm(whole_gradient)
