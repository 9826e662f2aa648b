"""A stranger's distribution in the source tree: one module, one entry-point line, and it is a method like any other.

That it installs from its wheel and is a row on a board is checked by `tox run -e wheel`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import torch
from distributions import install

import harness
from harness import host
from harness.method import Method

FOLDER = Path(__file__).parent / "third_party" / "harness-margin"


@pytest.fixture
def margin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Method]:
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    source = {"harness_margin.py": (FOLDER / "harness_margin.py").read_text()}
    entries = install(
        tmp_path, monkeypatch, project["name"], source, project["entry-points"]["harness"], project["version"]
    )
    registry = host.load(entries)
    assert registry.methods.origins["margin"].distribution == "harness-margin"
    return registry.methods.get("margin")


def batch(policy: torch.Tensor) -> harness.Batch:
    """Two pairs: responses 0 over 1, and 2 over 3."""
    none = torch.empty(0)
    return harness.Batch(
        policy=harness.Logps(policy, torch.ones(4)),
        columns={"reference": torch.tensor([-10.0, -12.0, -3.0, -4.0])},
        prompt=torch.tensor([0, 0, 1, 1]),
        chosen=torch.tensor([0, 2]),
        rejected=torch.tensor([1, 3]),
        share=torch.full((2,), torch.nan),
        labelled=none.long(),
        desirable=none.bool(),
        sources=(None,) * 4,
        facts=harness.Facts(prompts=2, pairs=2, desirable=0, undesirable=0),
    )


def test_its_terms_are_what_a_hand_computes(margin):
    given = batch(torch.tensor([-7.0, -13.0, -3.5, -4.0]))  # log-ratios 3, -1, -0.5, 0: leads 4 and -0.5
    assert torch.equal(margin(margin=5.0).terms(given), torch.tensor([1.0, 5.5]))
    assert torch.equal(margin(margin=2.0).terms(given), torch.tensor([0.0, 2.5]))
    assert torch.equal(margin().score(given), torch.tensor([3.0, -1.0, -0.5, 0.0]))


def test_its_gradient_favours_the_chosen_response(margin):
    policy = torch.tensor([-10.0, -12.0, -3.0, -4.0], requires_grad=True)
    given = batch(policy)
    method = margin()
    method.reduce(method.terms(given), given).backward()
    assert policy.grad is not None
    assert torch.equal(policy.grad, torch.tensor([-0.5, 0.5, -0.5, 0.5]))


def test_its_option_has_a_range(margin):
    with pytest.raises(ValueError, match="margin must be > 0, not -1"):
        margin(margin=-1.0)
