import gc
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
import tiny
import torch

from harness.engine import loading
from harness.run import models
from harness.run.models import Models
from harness.run.steps import PolicyRef
from harness.store import Store
from harness.training import Tokens

BASE, FIRST, SECOND, THIRD = (PolicyRef("folder", name, Path(name)) for name in ("base", "first", "second", "third"))


class Loaded:
    """Stands in for a model: what counts here is how many of them there are."""

    alive: ClassVar[weakref.WeakSet] = weakref.WeakSet()
    most: ClassVar[int] = 0

    def __init__(self, folder, dtype):
        self.name = f"{folder} {dtype}"
        self.tokenizer, self.encoder = None, SimpleNamespace()
        Loaded.alive.add(self)
        Loaded.most = max(Loaded.most, len(Loaded.alive))


@pytest.fixture
def lent(tmp_path, monkeypatch):
    Loaded.alive.clear()
    Loaded.most = 0
    monkeypatch.setattr(models.loading, "load", lambda folder, tokens, dtype="fp32", base=None: Loaded(folder, dtype))
    monkeypatch.setattr(models, "load_rater", lambda folder, tokens: Loaded(folder, "fp32"))
    return Models(Store(tmp_path), Tokens(), BASE, {"a": Path("a"), "b": Path("b")})


def names():
    gc.collect()
    return sorted(model.name for model in Loaded.alive)


def test_the_base_and_the_two_that_were_read_last_stay_loaded(lent):
    base = lent.shared(BASE)
    for policy, dtype in ((BASE, "bf16"), (FIRST, "fp32"), (SECOND, "fp32"), (FIRST, "fp32"), (THIRD, "fp32")):
        lent.shared(policy, dtype)
    assert lent.shared(BASE) is base
    assert names() == ["base fp32", "first fp32", "third fp32"]
    assert Loaded.most == 3  # what makes room goes before the next comes


def test_of_borrowed_models_one_of_a_kind_is_loaded_at_a_time(lent):
    for name in ("a", "b"):
        lent.scorer(name)
        lent.rater(Path(name))
    assert names() == ["b fp32", "b fp32"]
    assert Loaded.most <= 2
    lent.forget_lent()
    assert names() == []


def test_what_is_trained_is_a_copy_of_what_is_loaded(tmp_path):
    loading.save(tiny.language_model(), tmp_path / "base")
    base = PolicyRef("folder", "base", tmp_path / "base")
    models = Models(Store(tmp_path), Tokens(min_prompt=4), base)
    examples = [tiny.example("w1 w2", "w3 w4", "w5")]
    read, shared = models.fresh(base, "fp32"), models.shared(base)
    before = [value.tolist() for value, _ in shared.logps(examples)]
    copied = models.fresh(base, "fp32")
    assert [value.tolist() for value, _ in copied.logps(examples)] == before
    assert (copied.dtype, copied.refusal, copied.token_budget) == (read.dtype, read.refusal, read.token_budget)
    with torch.no_grad():
        next(copied.model.parameters()).add_(1.0)
    copied.encoder.counted["cut"] += 1
    assert [value.tolist() for value, _ in copied.logps(examples)] != before
    assert [value.tolist() for value, _ in shared.logps(examples)] == before
    assert not shared.encoder.counted
