"""docs/methods.md: a section for every method with every option, and an example that runs as written."""

import dataclasses
import math
import re
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch
import yaml
from batches import batch, gradient
from distributions import install
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

import harness
from harness import host
from harness.suite.options import configure

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "methods.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
METHODS = [
    SFT(),
    DPO(),
    RPO(),
    RPOCumulative(),
    IPO(),
    RobustDPO(),
    KTO(),
    DDRO(),
    HyPO(),
    DDORM(),
    RewardArgmax(),
    KLDRO(),
    Reweighting(),
    DoRA(),
    RandomLabels(),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_every_method_has_a_section_with_its_options_and_their_defaults(method: harness.Method):
    rows = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", SECTIONS[method.name], re.MULTILINE))
    defaults = {field.name: getattr(method, field.name) for field in dataclasses.fields(method)}
    shown = {name: "null" if value is None else getattr(value, "name", str(value)) for name, value in defaults.items()}
    assert rows == shown


def test_no_section_is_about_a_method_that_is_gone():
    about_methods = {name for name, text in SECTIONS.items() if "**How sure**" in text}
    assert about_methods == {method.name for method in METHODS}


@pytest.fixture(scope="module")
def registry() -> host.Registry:
    """The methods and columns that the project file advertises."""
    advertised = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["harness"]
    ours = ("harness_plugins.methods.", "harness_plugins.columns.")
    return host.load([EntryPoint(name, at, "harness") for name, at in advertised.items() if at.startswith(ours)])


@pytest.mark.parametrize("rows", re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
def test_the_rows_of_the_page_can_be_configured(rows: str, registry: host.Registry):
    for row in yaml.safe_load(rows)["methods"]:
        method = configure(registry.methods.get(row["method"]), row["options"], registry=registry)
        assert method != registry.methods.get(row["method"])()


@pytest.fixture
def simpo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[harness.Method]:
    """The example of the page, installed as a distribution and loaded through its entry point."""
    files = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    (project,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    described = tomllib.loads(project)["project"]
    entries = install(tmp_path, monkeypatch, described["name"], files, described["entry-points"]["harness"])
    registry = host.load(entries)
    assert registry.methods.origins["simpo"].distribution == "harness-simpo"
    return registry.methods.get("simpo")


def test_the_example_of_the_page_computes_its_formula(simpo: type[harness.Method]):
    made = batch([-6.0, -12.0], tokens=[3, 4], pairs=[(0, 1)])
    # means -2 and -3, so 2 * 1 - 1 = 1: log(1 + e^-1); d loss / d mean = -2 sigmoid(-1), over 3 tokens
    assert simpo().terms(made).item() == pytest.approx(math.log1p(math.exp(-1)))
    chosen, rejected = gradient(simpo(), made).tolist()
    slope = 2 / (1 + math.e)
    assert (chosen, rejected) == pytest.approx((-slope / 3, slope / 4))
    assert torch.equal(simpo().score(made), torch.tensor([-4.0, -6.0], dtype=torch.float64))
    with pytest.raises(ValueError, match=r"beta is 0\.0"):
        simpo(beta=0.0)
