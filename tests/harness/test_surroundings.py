import pytest
import tiny

from harness.engine import loading
from harness.examples import ExampleSet, Ledger
from harness.models import Models
from harness.steps import PolicyRef
from harness.store import Store
from harness.surroundings import BaseLogps, Surroundings
from harness.training import Tokens


@pytest.fixture
def surroundings(tmp_path):
    loading.save(tiny.language_model(), tmp_path / "judge")
    base = PolicyRef("folder", "judge", tmp_path / "judge")
    models = Models(Store(tmp_path), Tokens(max=6, min_prompt=2), base, {"judge": tmp_path / "judge"})
    nothing = ExampleSet((), Ledger(read=0, kept=0))
    return Surroundings(nothing, object(), BaseLogps(models.shared(base)), models, tmp_path / "shared")


def test_cuts_on_the_way_to_a_borrowed_model_are_counted_once_however_often_it_is_borrowed(surroundings):
    long = tiny.example("w1 w2 w3 w4 w5 w6 w7 w8", "w1")
    for times in (2, 1):
        surroundings.scorer("judge").logps([long] * times)
    assert surroundings.counted() == {"prompts cut on the left, for a borrowed model": 3}
