"""The examples of docs/plugins.md are whole plugins: they load as written, and do what the page says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from distributions import install

import harness
from harness import host
from harness.host import Registry

PAGE = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text()
EXAMPLES = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    advertised = {file.removesuffix(".py"): file.removesuffix(".py") for file in EXAMPLES}
    return host.load(install(tmp_path, monkeypatch, "the-page", EXAMPLES, advertised))


def test_the_page_has_one_example_of_each_kind(registry: Registry):
    assert list(registry.methods.offers) == ["hinge"]
    assert list(registry.evaluators.offers) == ["finishes"]
    assert list(registry.sources.offers) == ["sums"]
    assert list(registry.columns.offers) == ["words"]


def test_the_project_file_of_the_page_advertises_the_method_of_the_page():
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (module,) = tomllib.loads(text)["project"]["entry-points"]["harness"].values()
    assert f"{module}.py" in EXAMPLES


def test_the_method_computes_its_formula(registry: Registry):
    policy = torch.tensor([-1.0, -2.0, -3.0], requires_grad=True)
    batch = harness.Batch(
        policy=harness.Logps(policy, torch.ones(3)),
        columns={"reference": torch.tensor([-1.5, -2.0, -5.0])},  # log-ratios 0.5, 0, 2
        prompt=torch.tensor([0, 0, 0]),
        chosen=torch.tensor([0, 2]),
        rejected=torch.tensor([1, 0]),
        share=torch.full((2,), torch.nan),
        labelled=torch.empty(0, dtype=torch.long),
        desirable=torch.empty(0, dtype=torch.bool),
        sources=(None,) * 3,
        facts=harness.Facts(prompts=1, pairs=2, desirable=0, undesirable=0),
    )
    hinge = registry.methods.get("hinge")()
    terms = hinge.terms(batch)
    assert torch.equal(terms, torch.tensor([0.5, 0.0]))
    hinge.reduce(terms, batch).backward()
    assert policy.grad is not None
    assert torch.equal(policy.grad, torch.tensor([-0.5, 0.5, 0.0]))
    assert torch.equal(hinge.score(batch), torch.tensor([0.5, 0.0, 2.0]))
    with pytest.raises(ValueError, match="margin must be > 0"):
        registry.methods.get("hinge")(margin=0.0)


def test_the_source_has_disjoint_splits_and_a_seeded_order(registry: Registry):
    sums = registry.sources.get("sums")()
    ids = {split: {e.id for e in sums.examples(split, 0)} for split in ("train", "validation", "test")}
    assert sum(map(len, ids.values())) == len(set().union(*ids.values())) == 21 * 21
    assert sums.examples("train", 0) == sums.examples("train", 0) != sums.examples("train", 1)
    assert sums.examples("test", 0) == sums.examples("test", 1)
    assert len(sums.examples("test", 0, limit=3)) == 3
    example = next(e for e in sums.examples("test", 0) if e.id == "2+4")
    assert [r.text for r in example.responses] == ["6", "7"]


def test_the_column_counts_words(registry: Registry):
    example = harness.Example("a", harness.user_prompt("?"), (harness.Response("two words"), harness.Response("")))
    (values,) = registry.columns.get("words")().compute([example], None)
    assert values.dtype == "float32"
    assert values.tolist() == [2.0, 0.0]


class Sampled(SimpleNamespace):
    """A subject that answers even prompts to the end."""

    def examples(self) -> harness.ExampleSet:
        return self.held_out

    def sample(
        self, prompts: Mapping[str, harness.examples.Prompt], *, each: int, max_tokens: int, seed: int
    ) -> list[harness.Sample]:
        return [
            harness.Sample(item, "", logp=-1.0, reference_logp=-1.0, tokens=max_tokens, finished=int(item) % 2 == 0)
            for item in prompts
        ]


def test_the_evaluator_gives_a_figure_with_its_items(registry: Registry):
    evaluator = registry.evaluators.get("finishes")()
    held_out = harness.ExampleSet(tuple(harness.Example(str(i), harness.user_prompt("?"), ()) for i in range(3)))
    (figure,) = evaluator.evaluate(Sampled(held_out=held_out)).figures
    assert figure.metric == "finishes/share"
    assert figure.value == pytest.approx(2 / 3)
    assert dict(zip(figure.items, figure.values or (), strict=True)) == {"0": 1.0, "1": 0.0, "2": 1.0}
    with pytest.raises(harness.Unavailable, match="no held-out prompts"):
        evaluator.evaluate(Sampled(held_out=harness.ExampleSet(())))
