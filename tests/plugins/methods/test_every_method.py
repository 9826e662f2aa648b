"""What every method of ours must hold, whatever its formula."""

import importlib
import json
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from batches import batch, gradient
from harness_plugins.methods.ddro import DDRO
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.random_labels import RandomLabels
from harness_plugins.methods.rpo import RPO
from harness_plugins.methods.rpo_cumulative import RPOCumulative
from harness_plugins.methods.sft import SFT
from objectives import data

import harness
from harness.digest import changed_options
from harness.engine.collate import facts
from harness.engine.objective import Step, run_step

ROOT = Path(__file__).parents[3]
METHODS = [SFT(), DPO(), RPO(), RPOCumulative(), DDRO(), DDRO(t=0.7), RandomLabels(), RandomLabels(base=DDRO())]
PAIRS = [(0, 1), (2, 1), (3, 0)]
LABELS = [(response, desirable) for winner, loser in PAIRS for response, desirable in ((winner, True), (loser, False))]
every_method = pytest.mark.parametrize("method", METHODS, ids=repr)


def some_batch(seed: int = 0) -> harness.Batch:
    draw = np.random.default_rng(seed)
    policy, reference = draw.normal(-20, 1, 4), draw.normal(-20, 1, 4)
    return batch(policy.tolist(), reference.tolist(), tokens=[3, 9, 5, 2], pairs=PAIRS, labels=LABELS)


def test_every_method_file_is_advertised_and_offers_a_method():
    advertised = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["harness"].values()
    folder = ROOT / "plugins" / "harness_plugins" / "methods"
    modules = {f"harness_plugins.methods.{path.stem}" for path in folder.glob("*.py")} - {
        "harness_plugins.methods.__init__"
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
    options = {name: getattr(method, name) if name == "base" else value for name, value in options.items()}
    assert type(method)(**options) == method


@every_method
def test_there_is_one_finite_term_per_unit(method: harness.Method):
    terms = method.terms(some_batch())
    assert terms.shape == ({"pair": len(PAIRS), "label": len(LABELS)}[method.unit()],)
    assert terms.isfinite().all()
    assert method.reduce(terms, some_batch()).shape == ()


@every_method
def test_at_indifference_training_favours_what_people_chose(method: harness.Method):
    made = batch([-9.0, -9.0], [-9.0, -9.0], tokens=[4, 4], pairs=[(0, 1)], labels=[(0, True), (1, False)])
    chosen, rejected = gradient(method, made).tolist()
    assert chosen < 0 <= rejected


@every_method
def test_the_score_rises_with_the_likelihood(method: harness.Method):
    low, high = (batch([-9.0 + more], [-9.0], tokens=[4]) for more in (0.0, 1.0))
    assert (method.score(high) > method.score(low)).all()


@every_method
def test_the_reduction_is_linear_with_weights_that_no_log_prob_moves(method: harness.Method):
    assert method.linear_reduce()
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
    whole = some_batch()
    per_pair = {"pair": 1, "label": 2}[method.unit()]
    parts = [
        batch(
            whole.policy.total,
            whole.column("reference").tolist(),
            tokens=whole.policy.tokens.tolist(),
            pairs=PAIRS[i : i + 1],
            labels=LABELS[2 * i : 2 * i + 2],
        )
        for i in range(len(PAIRS))
    ]
    torch.testing.assert_close(torch.cat([method.terms(part) for part in parts]), method.terms(whole))
    assert len(method.terms(parts[0])) == per_pair


@every_method
@pytest.mark.parametrize("cuts", [(4,), (1, 2, 7)], ids=str)
def test_the_objective_of_a_step_does_not_depend_on_its_micro_batches(method: harness.Method, cuts: tuple[int, ...]):
    found = []
    for edges in ((), cuts):
        model = tiny.language_model("llama", dtype=torch.float64)
        encoded = model.encoder.examples(data())
        reference = [logp.astype(np.float64) + 0.5 for logp, _ in model.logps_of(encoded)]
        parts = [encoded[a:b] for a, b in pairwise([0, *edges, len(encoded)])]
        step = Step(parts, {"reference": reference}, facts(data()))
        outcome = run_step(method, step, model.forward, lambda loss: loss.backward())
        gradients = [p.grad.flatten() for p in model.model.parameters() if p.grad is not None]
        found.append((float(outcome.loss), torch.cat(gradients)))
    (whole, whole_gradient), (split, split_gradient) = found
    assert split == pytest.approx(whole, rel=1e-6)
    assert torch.linalg.norm(split_gradient - whole_gradient) < 1e-6 * torch.linalg.norm(whole_gradient)
