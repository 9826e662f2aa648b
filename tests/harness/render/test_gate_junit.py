import dataclasses
import sys
from xml.etree import ElementTree as ET

import outcomes
import pytest

from harness.render.gate_junit import junit_xml


def parsed(outcome):
    return ET.fromstring(junit_xml(outcome).encode("utf-8"))


def cases(outcome, kind):
    return [
        (suite.get("name"), case.get("name"))
        for suite in parsed(outcome)
        for case in suite
        if case.find(kind) is not None
    ]


@pytest.mark.parametrize("outcome", [outcomes.outcome(), outcomes.regression(), outcomes.unsaid()])
def test_the_counts_are_those_of_the_cases(outcome):
    root = parsed(outcome)
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        for kind, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert suite.get(count) == str(len(suite.findall(f"testcase/{kind}")))
    for count in ("tests", "failures", "errors"):
        assert root.get(count) == str(sum(int(suite.get(count)) for suite in root))


def test_all_that_fails_the_run_fails_and_nothing_else():
    assert cases(outcomes.regression(), "failure") == [
        ("ledger", "ledger"),
        ("row dpo", "preference/accuracy"),
        ("row dpo", "metric lost: truth/win_rate"),
        ("row dpo", "cost: training, CPU seconds per seed"),
        ("row rpo", "seed lost"),
        ("row ddro", "row lost"),
    ]
    assert cases(outcomes.outcome(), "failure") == []


def test_what_was_not_tested_is_skipped():
    assert cases(outcomes.regression(), "skipped") == [
        ("row sft", "cost: training, peak memory, bytes"),
        ("row dpo", "drift/kl"),
        ("row hypo", "truth/score"),
    ]


def test_every_figure_loss_and_cost_is_a_case():
    outcome = outcomes.regression()
    expected = len(outcome.figures) + len(outcome.losses) + len(outcome.costs) + len(outcome.ledger) + 1
    assert parsed(outcome).get("tests") == str(expected)


def test_that_nothing_can_be_said_is_an_error():
    (case,) = cases(outcomes.unsaid("no baseline"), "error")
    assert case == ("gate", "something can be said")
    (error,) = parsed(outcomes.unsaid("no baseline")).iter("error")
    assert (error.get("message"), error.text) == ("no baseline", "no baseline")


def test_a_failure_says_why_in_its_message_and_in_its_text():
    (failure, *_) = parsed(outcomes.outcome(figures=(outcomes.figure("dpo", drop=0.1, verdict="dropped"),))).iter(
        "failure"
    )
    assert failure.get("message") == failure.text
    assert failure.text.startswith("dropped: worse by 0.100 [0.080, 0.120], from 0.650 to 0.550; p 0.012 by Holm")


def test_every_character_can_be_read_back():
    everything = "".join(map(chr, range(0x3000))) + "".join(map(chr, range(0xD7F0, 0x10010))) + chr(sys.maxunicode)
    for start in range(0, len(everything), 200):
        text = everything[start : start + 200]
        parsed(dataclasses.replace(outcomes.regression(text), suite=text))


def test_names_are_unique_even_where_labels_look_alike():
    same = outcomes.outcome(figures=tuple(outcomes.figure(row) for row in ("a\x00", "a\x01", "a\x01")), costs=())
    names = [(suite.get("name"), case.get("name")) for suite in parsed(same) for case in suite]
    assert len(names) == len(set(names)) == 5


def test_a_row_cannot_take_the_place_of_the_gate():
    names = [suite.get("name") for suite in parsed(outcomes.outcome(figures=(outcomes.figure("gate"),)))]
    assert names == ["gate", "ledger", "row gate", "row dpo", "row sft"]


def test_dots_in_labels_make_no_packages():
    root = parsed(outcomes.outcome(figures=(outcomes.figure("dpo 0.1"),), costs=()))
    assert root.find("testsuite[3]/testcase").get("classname") == "core.row dpo 0_1"


def test_a_log_finds_no_command_in_it():
    assert "##[" not in junit_xml(outcomes.regression("##[error]x"))
    assert "##[error]x" in "".join(parsed(outcomes.regression("##[error]x")).itertext())
