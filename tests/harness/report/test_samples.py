import json

import boards
import numpy as np
import pytest

from harness.board import make_board
from harness.records import Cell
from harness.report.samples import LONGEST, MOST_PROMPTS, samples
from harness.store import Store

ITEMS = [f"{word}/{n}" for word in ("ask", "bid", "cry") for n in range(20)]


class Run:
    """Rows that answered, with the evaluators `win`, which asks, and `truth`, which does not."""

    def __init__(self, root):
        self.root, self.rows, self.records = root, [], {}

    def row(
        self, label, *, seeds=(0,), items=ITEMS, text="{row} says {item}", ids=None, answered=True, prompt="{item}?"
    ):
        cells = []
        for seed in seeds:
            for evaluator in ("win", "truth"):
                name = f"{evaluator} {label} {seed}"
                cells.append(Cell(what=evaluator, seed=seed, digest=name, state="done"))
                of = (ids or items) if evaluator == "win" else sorted({item.split("/")[0] for item in items})
                values = np.arange(len(of)) + (seed or 0) * 1000.0
                figures = [boards.figure(f"{evaluator}/score", values)]
                if evaluator == "win":
                    figures.append(boards.figure("win/auc", values, pseudo=True))
                    figures.append(boards.figure("win/score", values).model_copy(update={"subset": "short"}))
                self.records[name] = boards.evaluation(name, figures, items=list(of))
            self._write(f"win {label} {seed}", label, items, text, prompt, answered)
        self.rows.append(boards.row(label, cells))

    def _write(self, name, label, items, text, prompt, answered):
        self.records[name] = self.records[name].model_copy(update={"payload": ["generations.jsonl"]})
        folder = self.root / "steps" / name
        folder.mkdir(parents=True)
        if answered:
            lines = [
                {
                    "item": item,
                    "prompt": prompt.format(item=item),
                    "response": text.format(row=label, item=item),
                    "finished": item != "bid/0",
                }
                for item in items
            ]
            (folder / "generations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def samples(self):
        manifest = boards.manifest(self.rows, ["win", "truth"])
        board = make_board(manifest, self.records)
        return samples(manifest, self.records, board, [Store(self.root)])

    def file(self, label, seed=0):
        return self.root / "steps" / f"win {label} {seed}" / "generations.jsonl"


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_every_row_answers_the_same_prompts_in_the_order_of_the_board(run):
    run.row("dpo")
    run.row("sft")
    found, _ = run.samples()
    assert len(found) == MOST_PROMPTS
    assert {tuple(answer.row for answer in sample.answers) for sample in found} == {("dpo", "sft")}
    assert all(a.text == f"{a.row} says {sample.item}" for sample in found for a in sample.answers)
    assert all(sample.prompt == f"{sample.item}?" for sample in found)


def test_prompts_are_spread_over_the_items_and_chosen_by_their_ids_alone(run, tmp_path):
    run.row("dpo")
    other = Run(tmp_path / "other")
    other.row("dpo", items=ITEMS[::-1], text="something else")
    chosen = [sample.item for sample in run.samples()[0]]
    assert chosen == [sample.item for sample in other.samples()[0]] == sorted(chosen)
    assert [sum(item.startswith(word) for item in chosen) for word in ("ask", "bid", "cry")] == [8, 8, 8]


def test_only_prompts_that_all_rows_answered_are_shown(run):
    run.row("dpo")
    run.row("sft", items=ITEMS[:5])
    found, _ = run.samples()
    assert [sample.item for sample in found] == sorted(ITEMS[:5])
    assert {len(sample.answers) for sample in found} == {2}


def test_a_row_that_was_asked_other_things_takes_nothing_from_the_others(run):
    run.row("dpo", items=ITEMS[:4])
    run.row("sft", items=["other/1"])
    assert {(s.item, a.row) for s in run.samples()[0] for a in s.answers} == {(item, "dpo") for item in ITEMS[:4]}


def test_a_row_that_was_asked_another_thing_under_one_id_is_left_out(run):
    run.row("dpo", items=ITEMS[:2])
    run.row("sft", items=ITEMS[:2], prompt="quite another prompt than {item}")
    assert [[a.row for a in sample.answers] for sample in run.samples()[0]] == [["dpo"], ["dpo"]]


def test_the_first_seed_whose_answers_are_there_speaks_for_its_row(run):
    run.row("dpo", seeds=(2, 1, 5))
    run.file("dpo", 1).unlink()
    (first, *_), _ = run.samples()
    assert first.answers[0].verdicts["win/score"] >= 2000


def test_verdicts_are_values_of_the_item_and_of_its_prompt_without_pseudo_values_and_subsets(run):
    run.row("dpo")
    found, metrics = run.samples()
    assert metrics == ("win/score", "truth/score")
    for sample in found:
        place = {"ask": 0.0, "bid": 1.0, "cry": 2.0}[sample.item.split("/")[0]]
        assert sample.answers[0].verdicts == {"win/score": ITEMS.index(sample.item), "truth/score": place}


def test_an_evaluator_without_values_of_an_item_has_no_verdict_there(run):
    run.row("dpo", items=ITEMS[:3], ids=ITEMS[:2])
    assert ["win/score" in sample.answers[0].verdicts for sample in run.samples()[0]] == [True, True, False]


def test_long_texts_are_cut_and_marked(run):
    run.row("dpo", items=["a/0"], text="x" * (LONGEST + 1), prompt="begin " + "y" * LONGEST + " {item}")
    run.row("sft", items=["a/0"], text="x" * LONGEST, prompt="begin " + "y" * LONGEST + " {item}")
    ((sample,), _) = run.samples()
    assert [(len(a.text), a.cut) for a in sample.answers] == [(LONGEST, True), (LONGEST, False)]
    assert sample.prompt.startswith("begin yyy")
    assert sample.prompt.endswith("yyy a/0")
    assert "[… 10 characters left out …]" in sample.prompt


def test_answers_that_were_stopped_are_told_from_finished_ones(run):
    run.row("dpo", items=["bid/0", "bid/1"])
    assert [sample.answers[0].finished for sample in run.samples()[0]] == [False, True]


def test_many_rows_have_fewer_prompts(run):
    for n in range(120):
        run.row(f"row {n}", items=ITEMS[:30])
    assert len(run.samples()[0]) == 4_000_000 // (120 * LONGEST)


@pytest.mark.parametrize(
    "content", ["", "no json\n", "[]\n{}\n", '{"item": 3}\n', '{"item": "ask/0", "prompt": 1}', "\x00"]
)
def test_a_file_without_answers_leaves_its_row_out(run, content):
    run.row("dpo", items=ITEMS[:3])
    run.row("sft", items=ITEMS[:3])
    run.file("dpo").write_text(content)
    found, _ = run.samples()
    assert {a.row for sample in found for a in sample.answers} <= {"sft"}


def test_lines_that_cannot_be_read_are_left_out(run):
    run.row("dpo", items=ITEMS[:3])
    text = run.file("dpo").read_text().splitlines()
    run.file("dpo").write_text("\n".join([text[0], text[1][:-9], "", text[2], '{"item": "as']))
    assert [sample.item for sample in run.samples()[0]] == [ITEMS[0], ITEMS[2]]


def test_ids_and_keys_in_another_order_are_read_too(run):
    run.row("dpo", items=ITEMS[:1])
    item = 'é"\\\u202e'
    line = json.dumps({"prompt": "p", "response": "r", "item": item, "finished": True})
    run.file("dpo").write_text(line + "\n" + json.dumps({"item": item + "2", "prompt": "p", "response": "r"}))
    assert [sample.item for sample in run.samples()[0]] == sorted([item, item + "2"])


def test_a_run_without_answers_has_no_samples(run):
    run.row("dpo", answered=False)
    assert run.samples() == ((), ())
