"""What a judge is lent by itself is what a suite lends it."""

import tiny
from harness_plugins.evaluators.alpaca_eval import AlpacaEval

from harness.engine import loading
from harness.judges.lender import JudgeLender
from harness.run.models import Models
from harness.run.steps import PolicyRef
from harness.store import Store
from harness.suite.schema import SuiteFile
from harness.training import Tokens


def test_a_model_is_the_same_judge_here_and_in_a_suite_with_default_tokens(tmp_path):
    model = str(tmp_path / "model")
    loading.save(tiny.language_model(), tmp_path / "model")
    lender = JudgeLender.of(AlpacaEval(judge="causal", judge_model=model), None, tmp_path / "results")

    def identity_in_a_suite(tokens):
        named = {model: tmp_path / "model"}
        return Models(Store(tmp_path / "results"), tokens, PolicyRef("folder", ""), named).identity(model)

    assert lender.identity(model) == identity_in_a_suite(
        SuiteFile.model_fields["tokens"].get_default(call_default_factory=True)
    )
    assert lender.identity(model) != identity_in_a_suite(Tokens(max=64))
