import dataclasses
import json

import outcomes
import pytest
from pydantic import TypeAdapter

from harness.gate.outcome import Outcome
from harness.render.gate_json import outcome_json


@pytest.mark.parametrize("outcome", [outcomes.outcome(), outcomes.regression(), outcomes.unsaid()])
def test_all_of_an_outcome_is_in_it(outcome):
    found = json.loads(outcome_json(outcome))
    assert found.pop("schema_version") == 1
    assert found.pop("exit_code") == outcome.exit_code
    assert TypeAdapter(Outcome).validate_python(found) == outcome


def test_what_is_no_number_is_null():
    broken = outcomes.outcome(figures=(outcomes.figure("dpo", detectable=float("inf"), p=float("nan")),))
    (found,) = json.loads(outcome_json(broken))["figures"]
    assert found["detectable"] is None
    assert found["p"] is None


def test_a_log_finds_no_command_in_it():
    text = outcome_json(dataclasses.replace(outcomes.outcome(), suite="##[error]x", notes=("\n::error::y",)))
    assert "##[" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert json.loads(text)["suite"] == "##[error]x"


def test_lone_surrogates_can_be_written():
    assert outcome_json(dataclasses.replace(outcomes.outcome(), suite="a\ud800")).encode("utf-8")
