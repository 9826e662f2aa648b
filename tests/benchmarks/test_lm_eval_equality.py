import pytest
from benchmark import load

equality = load("lm_eval_equality")
Side = equality.Side


def equal(ours, theirs):
    return {row["what"]: row["equal"] for row in equality.compare("piqa", ours, theirs)}


def test_every_task_has_its_file_in_the_documentation(tmp_path):
    written = {path.name for path in equality.write_tasks(tmp_path).iterdir()}
    assert {f"{task}_local.yaml" for task in equality.TASKS} <= written
    assert "truthfulqa.py" in written


def test_numbers_differ_where_a_last_digit_does_or_one_side_has_none():
    ours = Side({"acc,none": 0.1 + 0.2, "acc_stderr,none": None, "hash": "a"}, "", 1.0)
    theirs = Side({"acc,none": 0.3, "acc_stderr,none": "N/A", "hash": "a", "f1,none": 0.5}, "", 1.0)
    assert equal(ours, theirs) == {"acc,none": False, "acc_stderr,none": True, "hash": True, "f1,none": False}


def test_values_by_document_are_compared_where_the_record_has_them():
    theirs = Side({"perplexity,none": 3.0, "perplexity,none by document": "d"}, "", 1.0)
    assert equal(Side({"perplexity,none": 3.0}, "", 1.0), theirs) == {"perplexity,none": True}


@pytest.mark.parametrize(
    ("ours", "theirs", "right"),
    [
        ("skipped piqa_local: too long", "AssertionError", True),
        ("failed piqa_local: too long", "AssertionError", False),
        ("skipped piqa_local: too long", "", False),
        ("", "AssertionError", False),
        ("skipped piqa_local: no such data", "FileNotFoundError: piqa", False),
    ],
)
def test_a_skipped_cell_is_right_where_lm_eval_stops_at_an_assertion(ours, theirs, right):
    def side(failure):
        return Side({} if failure else {"acc,none": 0.5}, failure, 1.0)

    assert equal(side(ours), side(theirs)) == {"refused": right}
