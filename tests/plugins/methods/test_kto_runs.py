"""KTO and SFT through a whole run: what they measure, learn from and leave out, and what the record says of it."""

import json

import pytest
import toy
from harness_plugins.methods.kto import MISMATCHED

from harness.reporter import Reporter
from harness.run.suite_run import run_suite
from harness.store import Store
from harness.suite import read_suite

TEXT = """
data: {source: toy}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
methods: [sft, dpo, kto]
evaluators: [preference]
seeds: [0]
budget: {batch: 4, epochs: 2}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    suite = read_suite(str(toy.write_suite(folder, TEXT)), registry=toy.registry())
    run = run_suite(suite, toy.registry(), folder / "results", Reporter())
    store, found = Store(folder / "results"), {}
    for row in run.manifest.rows:
        (cell,) = (cell for cell in row.cells if cell.what == "train")
        lines = (store.folder(cell.digest) / "metrics.jsonl").read_text().splitlines()
        found[row.label] = (store.record(cell.digest), [json.loads(line) for line in lines])
    return run, found


def test_every_cell_is_filled(finished):
    run, _ = finished
    assert run.exit_code == 0
    assert {cell.state for row in run.manifest.rows for cell in row.cells} == {"done"}


def test_mismatched_responses_have_a_reference_of_their_own_prompt(finished):
    """Before the first update policy and reference agree everywhere: every l is 0, and every loss 1/2."""
    _, found = finished
    _, lines = found["kto"]
    assert lines[0]["loss"] == pytest.approx(0.5, abs=1e-6)
    assert lines[0]["reference_point"] == pytest.approx(0.0, abs=1e-5)
    assert lines[-1]["loss"] < 0.5


def test_the_record_says_what_was_trained_and_what_was_measured(finished):
    _, found = finished
    (sft, _), (dpo, _), (kto, lines) = (found[label] for label in ("sft", "dpo", "kto"))
    assert kto.notes["ledger"]["counted"] == {MISMATCHED: 24}
    assert {r.cost.prompts for r in (sft, dpo, kto)} == {24}
    assert kto.cost.response_tokens == dpo.cost.response_tokens == sum(line["measured_tokens"] for line in lines)
    assert sft.cost.response_tokens == 24 * 3  # of two words and an end each; the rejected ones have one word
    assert dpo.cost.response_tokens == 24 * (3 + 2)
