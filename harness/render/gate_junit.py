"""The gate as JUnit XML: a test suite per row, a test case per metric, loss and cost.

    dropped, lost, grown, ledger changed    <failure>
    undetermined, not tested, not held      <skipped>
    nothing can be said of the whole run    <error> of the suite "gate"

Readers differ: some show only the message, some only the text, so both hold it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias
from xml.etree import ElementTree as ET

from harness.gate.outcome import CostChange, FigureChange, Outcome
from harness.render.gate_sentences import LONG, cost_sentence, figure_sentence, loss_title, verdict_sentence
from harness.render.text import one_line

Result: TypeAlias = Literal["passed", "failure", "error", "skipped"]


@dataclass(frozen=True)
class _Case:
    """One test case; every text is one printable line."""

    name: str
    result: Result
    type: str
    text: str


def junit_xml(outcome: Outcome) -> str:
    """The outcome as one XML document."""
    suites = _suites(outcome)
    cases = [case for ones in suites.values() for case in ones]
    root = ET.Element("testsuites", {"name": f"harness check {one_line(outcome.suite)}", **_counts(cases)})
    for name, ones in suites.items():
        counts = {**_counts(ones), "skipped": str(_count(ones, "skipped")), "time": "0"}
        suite = ET.SubElement(root, "testsuite", {"name": name, **counts})
        for case in ones:
            _add(suite, _classname(outcome.suite, name), case)
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode").replace("##[", "&#35;#[")  # or a log might find a command in it
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{text}\n"


def _suites(outcome: Outcome) -> dict[str, list[_Case]]:
    """Name -> its cases, names of cases being unique within it."""
    found: dict[str, list[_Case]] = {"gate": [_verdict(outcome)], "ledger": _ledger(outcome)}
    rows: dict[str, list[_Case]] = {}
    for figure in outcome.figures:
        rows.setdefault(figure.row, []).append(_figure(figure, outcome.tests))
    for loss in outcome.losses:
        told = f"{loss_title(loss)}: {one_line(loss.reason, LONG)}"
        rows.setdefault(loss.row, []).append(_Case(loss_title(loss), "failure", "lost", told))
    for cost in outcome.costs:
        rows.setdefault(cost.row, []).append(_cost(cost))
    names = _Unique(found)
    found |= {names.of(f"row {one_line(row)}"): list(_unique(cases)) for row, cases in rows.items()}
    return {name: cases for name, cases in found.items() if cases}


def _verdict(outcome: Outcome) -> _Case:
    """Fails only where nothing can be said: what is wrong else has cases of its own."""
    notes = " ".join(one_line(note, LONG) for note in outcome.notes)
    if outcome.verdict == "undetermined":
        told = notes or verdict_sentence(outcome)
        return _Case("something can be said", "error", "undetermined", told)
    told = f"{verdict_sentence(outcome)} {notes}".strip()
    return _Case("something can be said", "passed", outcome.verdict, told)


def _ledger(outcome: Outcome) -> list[_Case]:
    if outcome.ledger:
        told = [one_line(text, LONG) for text in outcome.ledger]
        return list(_unique([_Case("ledger", "failure", "ledger", text) for text in told]))
    return [] if outcome.verdict == "undetermined" else [_Case("ledger", "passed", "ledger", "")]


def _figure(one: FigureChange, tests: int) -> _Case:
    result: Result = "failure" if one.verdict == "dropped" else "passed"
    if one.verdict in {"undetermined", "not tested"}:
        result = "skipped"
    return _Case(one_line(one.metric), result, one.verdict, f"{one.verdict}: {figure_sentence(one, tests)}")


def _cost(one: CostChange) -> _Case:
    result: Result = "failure" if one.grown else "skipped" if one.note else "passed"
    verdict = {"failure": "cost", "skipped": "not held", "passed": "holds"}[result]
    return _Case(f"cost: {one_line(one.what)}", result, verdict, cost_sentence(one))


def _classname(suite: str, name: str) -> str:
    """`core.row dpo`: readers take what is before the last dot for a package, so that names have none of their own."""
    return ".".join(part.replace(".", "_") for part in (one_line(suite), name))


def _add(suite: ET.Element, of: str, case: _Case) -> None:
    made = ET.SubElement(suite, "testcase", {"classname": of, "name": case.name, "time": "0"})
    if case.result == "passed":
        if case.text:
            ET.SubElement(made, "system-out").text = case.text
        return
    ET.SubElement(made, case.result, {"type": case.type, "message": case.text}).text = case.text


def _counts(cases: list[_Case]) -> dict[str, str]:
    failures, errors = _count(cases, "failure"), _count(cases, "error")
    return {"tests": str(len(cases)), "failures": str(failures), "errors": str(errors)}


def _count(cases: list[_Case], result: Result) -> int:
    return sum(case.result == result for case in cases)


class _Unique:
    """Names made unique: two labels may read alike once they are one printable line."""

    def __init__(self, taken: Iterator[str] | dict[str, list[_Case]] | None = None) -> None:
        self._taken = set(taken or ())

    def of(self, name: str) -> str:
        """`name`, or `name (2)` and so on."""
        found, number = name, 1
        while found in self._taken:
            number += 1
            found = f"{name} ({number})"
        self._taken.add(found)
        return found


def _unique(cases: list[_Case]) -> Iterator[_Case]:
    names = _Unique()
    for case in cases:
        yield _Case(names.of(case.name), case.result, case.type, case.text)
