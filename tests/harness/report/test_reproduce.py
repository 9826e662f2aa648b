import boards

from harness.records import LedgerRecord
from harness.report.reproduce import reproduce


def ledger(read):
    return LedgerRecord(read=read, kept=0, dropped={}, counted={}, named=[])


def test_a_run_is_had_again_by_its_suite():
    assert reproduce(boards.manifest([], [], suite="core")) == "harness run core.yaml"


def test_a_trial_names_the_limit_that_cuts_no_split_further():
    ledgers = {"train, seed 0": ledger(40), "test": ledger(7)}
    found = reproduce(boards.manifest([], [], suite="core.trial", trial=True, ledgers=ledgers))
    assert found == "harness run core.yaml --limit 40"


def test_a_trial_of_which_nothing_is_known_names_no_limit():
    assert reproduce(boards.manifest([], [], suite="core.trial", trial=True, ledgers={})) == "harness run core.yaml"


def test_a_name_with_spaces_or_worse_is_one_argument():
    assert reproduce(boards.manifest([], [], suite="a b; rm -rf *")) == "harness run 'a b; rm -rf *.yaml'"
