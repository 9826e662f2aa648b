import boards
import pytest

from harness.board import make_board
from harness.records import Cell, Cost, Published, Record, SharedStep
from harness.render.legend import Footnotes
from harness.render.side_tables import published_table, shared_table, size_tables

METRICS = {"truth/win_rate_behaviour": 0.5, "truth/reward": 0.1}


def sized_row(label, unsized, prompts, shift):
    cells, records = [], {}
    for seed in (0, 1):
        digest = f"{label}-{seed}"
        figures = [boards.figure(m, [v + shift + 0.01 * seed] * 4) for m, v in METRICS.items()]
        records[digest] = boards.evaluation(digest, figures, evaluator="truth")
        cells.append(Cell(what="truth", seed=seed, digest=digest, state="done"))
    made = boards.row(label, cells, method="dpo")
    return made.model_copy(update={"unsized": unsized, "prompts": prompts}), records


@pytest.fixture
def by_size():
    rows, records = [], {}
    for label, unsized, prompts, shift in [
        ("dpo[prompts=250]", "dpo", 250, 0.0),
        ("dpo[prompts=1000]", "dpo", 1000, 0.1),
        ("sft[prompts=250]", "sft", 250, 0.05),
        ("sft[prompts=1000]", "sft", 1000, 0.06),
    ]:
        row, found = sized_row(label, unsized, prompts, shift)
        rows.append(row)
        records |= found
    return make_board(boards.manifest(rows, ["truth"]), records)


def test_every_metric_has_a_line_per_row_and_a_column_per_size(by_size):
    tables = size_tables(by_size, Footnotes.of(by_size))
    assert [t.title.split()[0] for t in tables] == ["truth/win_rate_behaviour", "truth/reward"]
    assert [c.title for c in tables[0].columns] == ["row", "250 prompts", "1,000 prompts"]
    assert {line.cells[0] for line in tables[0].lines} == {"dpo", "sft"}
    dpo = next(line for line in tables[0].lines if line.cells[0] == "dpo")
    assert [cell[:4] for cell in dpo.cells[1:]] == ["0.50", "0.60"]


def test_rows_are_compared_with_those_that_had_as_much_data(by_size):
    best = {row.label for row in by_size.rows if row.standing == "best"}
    assert best == {"dpo[prompts=1000]", "sft[prompts=250]"}


def test_a_board_of_one_size_has_no_table_by_size():
    row, records = sized_row("dpo", "dpo", 250, 0.0)
    board = make_board(boards.manifest([row], ["truth"]), records)
    assert board.sizes == ()
    assert size_tables(board, Footnotes.of(board)) == []


def test_published_figures_stand_beside_ours_and_beside_gaps():
    row, records = sized_row("dpo", "dpo", 250, 0.0)
    published = [
        Published(row="dpo", metric="truth/reward", per_seed={"42": 0.2, "13": 0.4}, source="a paper"),
        Published(row="gone", metric="truth/reward", per_seed={"42": 0.2}, source="a paper"),
    ]
    board = make_board(boards.manifest([row], ["truth"], published=published), records)
    table = published_table(board, Footnotes.of(board))
    assert table.lines[0].cells[:4] == ("dpo", "truth/reward", "0.3000", "42: 0.2000, 13: 0.4000")
    assert table.lines[0].cells[4].startswith("0.1050 ±")
    assert table.lines[1].cells[4] == "–"


def test_what_rows_share_is_told_with_its_cost_and_what_fits_report():
    row, records = sized_row("dpo", "dpo", 250, 0.0)
    for seed, brier in ((0, 0.2), (1, 0.3)):
        notes = {"fit": {"brier": brier, "table": [1, 2], "target": "human"}}
        records[f"fit-{seed}"] = Record(
            kind="fit", digest=f"fit-{seed}", identity={}, payload=[], cost=Cost(seconds=2.0),
            provenance=boards.PROVENANCE, notes=notes,
        )  # fmt: skip
    steps = [SharedStep(what="fit source_ratio", digest=f"fit-{seed}", rows=["dora"]) for seed in (0, 1, 2)]
    board = make_board(boards.manifest([row], ["truth"], shared=steps), records)
    (one,) = board.shared
    assert (one.steps, one.cost.seconds, one.facts) == (3, 4.0, {"brier": 0.25})
    assert shared_table(board).lines[0].cells[-2:] == ("dora", "brier 0.25")
