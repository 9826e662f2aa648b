"""The ledger's tables: compact on a board, whole for `harness data`; what is bad is a banner."""

from __future__ import annotations

import audits
from audits import audited, clean, pair

from harness.audit_checks import CHECKS, findings
from harness.render.audit_tables import (
    audit_banners,
    audit_table,
    shared_prompts_table,
    sources_table,
    split_table,
    told,
)


def text(table):
    return "\n".join([table.title, *(" | ".join(line.cells) for line in table.lines), *table.notes])


def test_a_board_shows_a_line_a_split_and_only_what_was_found():
    record = audited({"train": [*clean(), pair("a", "p", "", "w1")], "test": clean(9, 100)})
    table = audit_table(record)
    titles = [column.title for column in table.columns]
    assert len(table.lines) == 2
    assert "empty responses" in titles
    assert not {check.title for check in CHECKS if check.key != "empty"} & set(titles)
    assert "Looked for and not found: same tokens, chosen = rejected" in text(table)
    assert "No prompts are shared, exactly or nearly, between test and train." in table.notes
    assert "validation: the validation split is empty" in table.notes


def test_no_cell_is_blank():
    record = audited({"train": clean(), "test": clean(9, 100)})
    tables = [audit_table(record), split_table(record), shared_prompts_table(record)]
    assert all(cell for table in tables for line in table.lines for cell in line.cells)
    assert all(len(line.cells) == len(table.columns) for table in tables for line in table.lines)


def test_every_check_has_a_line_with_a_mark_in_the_whole_table():
    record = audited({"train": [*clean(), pair("a", "p", "", "w1"), pair("b", "q", "w1", "w1")]})
    marks = {line.cells[1]: line.cells[0] for line in split_table(record).lines}
    assert {check.what for check in CHECKS} <= marks.keys()
    by_key = {check.key: marks[check.what] for check in CHECKS}
    assert (by_key["identical"], by_key["empty"], by_key["tied"]) == ("✗", "!", "✓")


def test_sources_are_told_by_split():
    record = audited({"train": [pair("a", "p", "w1", "w2", sources=("human", "model"))] * 3})
    assert "human | 3 : 0" in text(sources_table(record))
    assert "human 3 : 0, model 0 : 3" in text(audit_table(record))
    assert sources_table(audited({"train": clean()})) is None


def test_what_is_bad_is_a_banner_with_its_remedy_and_what_is_worth_knowing_is_none():
    record = audited({"train": [*clean(), pair("a", "p", "w1", "w2", share=0.5)], "test": clean(9, 100)})
    assert audit_banners(record, "") == []
    leaky = audited({"train": clean(), "test": clean(4)})
    (banner,) = audit_banners(leaky, "")
    assert banner == (
        "Data: examples whose prompt is also in the train split: test 4 of 4 (100.0 %). To mend it, take these prompts "
        "out of the train data, or hold out others (data.split_seed)."
    )
    assert audit_banners(None, "it is Sunday") == ["Data: they were not audited: it is Sunday."]
    assert audit_banners(None, "") == []


def test_one_fault_in_several_splits_is_one_sentence():
    using = audits.encoder("{{ bos_token + ' ' }}" + audits.TEMPLATE)
    sentences = told(findings(audited({"train": clean(), "test": clean(9, 100)}, using=using)))
    assert len(sentences) == 1
    assert "train 40 of 40 (100.0 %), test 9 of 9 (100.0 %)" in sentences[0][1]


def test_text_from_the_data_is_made_fit_for_a_line():
    record = audited(
        {
            "train": [pair("a", "evil\x1b[31m\nprompt", "w1", "w2")],
            "test": [pair("b", "evil\x1b[31m prompt", "w1", "w2")],
        }
    )
    assert "\x1b" not in text(shared_prompts_table(record)) + text(audit_table(record))
    assert "\n" not in "".join(shared_prompts_table(record).notes)


def test_prompts_of_one_pattern_are_told_apart_from_leaks():
    long = "please write a short friendly letter to my neighbour about the noise that her new dog makes"
    train = [pair(f"a{i}", f"{long} number{i}", "w1", "w2") for i in range(10)]
    record = audited({"train": [*clean(), *train], "test": [pair("x", f"{long} other", "w1", "w2")]})
    assert audit_banners(record, "") == []
    assert any("1 of test with train" in note for note in audit_table(record).notes)
