import gc
import weakref
from pathlib import Path
from typing import ClassVar

import pytest

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
