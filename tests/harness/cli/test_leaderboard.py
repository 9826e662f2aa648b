import webbrowser
from pathlib import Path

import boards
import folders
import numpy as np
import pytest
import small_results

from harness.board import make_board
from harness.figures import figures_of
from harness.gate.history import write_history
from harness.render.board_json import json_text
from harness.render.markdown import summary_markdown
from harness.report.read import read_results


@pytest.fixture(scope="module")
def run():
    return boards.core(items=6)


@pytest.fixture
def core(run, tmp_path):
    """A suite's results folder."""
    return folders.written(tmp_path / "results", *run)


@pytest.fixture
def halves(run, tmp_path):
    """The folders of two machines that shared the rows."""
    manifest, records = run
    places = []
    for name, rows in (("a", manifest.rows[:4]), ("b", manifest.rows[3:])):
        digests = {cell.digest for row in rows for cell in row.cells}
        of = {digest: record for digest, record in records.items() if digest in digests}
        places.append(folders.written(tmp_path / name, manifest.model_copy(update={"rows": rows}), of))
    return places


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "run.json")


def test_the_four_files_are_written_and_the_board_is_printed(command, core):
    code, out, _ = command("leaderboard", core)
    assert code == 0
    assert "Leaderboard: core" in out
    assert names(core) == ["leaderboard.csv", "leaderboard.html", "leaderboard.json", "leaderboard.md"]


def test_files_made_again_have_the_same_bytes(command, few):
    folder, (name, *_) = few
    forms = (f"--format={form}" for form in ("html", "md", "csv", "json", "svg", "png"))
    arguments = ("leaderboard", folder, *forms, "--short", "--figure", name)
    code, out, _ = command(*arguments)
    before = {path: path.read_bytes() for path in map(Path, out.split())}
    for path in before:
        path.unlink()
    assert command(*arguments)[:2] == (code, out) == (0, out)
    assert {path: path.read_bytes() for path in before} == before
    assert len(before) == 7


@pytest.mark.parametrize("form", ["json", "csv", "md", "html"])
def test_one_form_is_written_alone_and_its_place_printed(command, core, form):
    code, out, err = command("leaderboard", core, "--format", form)
    assert (code, out, err) == (0, f"{core}/leaderboard.{form}\n", "")
    assert names(core) == [f"leaderboard.{form}"]


def test_the_short_form_stands_beside_the_markdown(command, core, run):
    _, out, _ = command("leaderboard", core, "--format", "md", "--short")
    assert out == f"{core}/leaderboard.md\n{core}/leaderboard.short.md\n"
    assert (core / "leaderboard.short.md").read_text() == summary_markdown(make_board(*run))


def test_json_is_all_that_stands_on_standard_output(command, core, run):
    code, out, _ = command("leaderboard", core, "--json")
    assert code == 0
    assert out == json_text(make_board(*run)) == (core / "leaderboard.json").read_text()


def test_files_can_be_written_elsewhere(command, core, tmp_path):
    code, out, _ = command("leaderboard", core, "--format", "csv", "--out", tmp_path / "new" / "place")
    assert (code, out) == (0, f"{tmp_path}/new/place/leaderboard.csv\n")
    assert names(core) == []


@pytest.fixture
def few(tmp_path):
    """A suite's results folder with few figures, and their names."""
    draw = np.random.default_rng(0)
    tables = {"base": draw.random(9), "sft": draw.random((2, 9)), "dpo": draw.random((2, 9))}
    folder = folders.written(tmp_path / "few", *boards.one_metric(tables))
    return folder, sorted(one.name for one in figures_of(read_results([folder]).report()))


def test_every_figure_is_drawn(command, few):
    folder, figures = few
    code, out, _ = command("leaderboard", folder, "--format", "svg")
    assert code == 0
    assert sorted(out.split()) == [f"{folder}/figures/{name}.svg" for name in figures]
    assert names(folder / "figures") == [f"{name}.svg" for name in figures]
    assert all(path.read_text().startswith("<svg") for path in (folder / "figures").iterdir())


def test_one_figure_is_drawn_by_its_name(command, few):
    folder, (name, *_) = few
    code, out, _ = command("leaderboard", folder, "--format", "png", "--figure", name)
    assert (code, out) == (0, f"{folder}/figures/{name}.png\n")
    assert (folder / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_figures_are_picked_by_patterns(command, few):
    folder, figures = few
    _, out, _ = command("leaderboard", folder, "--format", "svg", "--figure", "seeds-*")
    assert sorted(out.split()) == [f"{folder}/figures/{name}.svg" for name in figures if name.startswith("seeds-")]


def test_a_figure_that_there_is_not_is_told_with_the_nearest_before_anything_is_written(command, few):
    folder, figures = few
    code, _, err = command("leaderboard", folder, "--format", "csv", "--format", "svg", "--figure", f"{figures[0]}x")
    assert code == 2
    assert f"the nearest: {figures[0]}" in err
    code, _, err = command("leaderboard", folder, "--format", "svg", "--figure", "../../etc/passwd")
    assert code == 2
    assert names(folder) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--figure", "x"), "add --format svg or --format png"),
        (("--format", "csv", "--figure", "x"), "add --format svg or --format png"),
        (("--format", "csv", "--short"), "add --format md"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_written(command, core, arguments, told):
    code, out, err = command("leaderboard", core, *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert names(core) == []


def test_folders_of_two_machines_are_shown_as_one_board(command, halves, run):
    code, out, _ = command("leaderboard", *halves, "--json")
    assert code == 0
    assert out == json_text(make_board(*run))
    assert [names(folder) for folder in halves] == [[], []]


def test_a_joined_board_is_written_where_it_is_said(command, halves, tmp_path):
    code, out, _ = command("leaderboard", *halves, "--out", tmp_path / "both")
    assert code == 0
    assert "Leaderboard: core" in out
    assert names(tmp_path / "both") == ["leaderboard.csv", "leaderboard.html", "leaderboard.json", "leaderboard.md"]


@pytest.mark.parametrize("option", ["--format=md", "--open", "--short", "--figure=x"])
def test_files_of_a_joined_board_need_a_place(command, halves, option):
    code, _, err = command("leaderboard", *halves, option)
    assert code == 2
    assert "--out DIR" in err


def test_folders_that_do_not_belong_together_are_refused_with_the_reason(command, halves, run, tmp_path):
    manifest, records = run
    rows = [row.model_copy(update={"options": {"beta": 7}}) if row.label == "rpo" else row for row in manifest.rows]
    other = folders.written(tmp_path / "c", manifest.model_copy(update={"rows": rows}), records)
    code, out, err = command("leaderboard", halves[0], other, "--out", tmp_path / "both")
    assert (code, out) == (2, "")
    assert f"{halves[0]} (here) and {other} (there)" in err
    assert "row rpo: options.beta: 0.1 here, 7 there" in err
    assert not (tmp_path / "both").exists()


def test_the_page_is_opened_in_the_browser(command, core, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    code, out, _ = command("leaderboard", core, "--format", "csv", "--open")
    assert code == 0
    assert opened == [(core / "leaderboard.html").as_uri()]
    assert out == f"{core}/leaderboard.csv\n{core}/leaderboard.html\n"


def test_without_a_browser_it_is_said_where_the_page_is(command, core, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    code, _, err = command("leaderboard", core, "--open")
    assert code == 0
    assert (core / "leaderboard.html").as_uri() in err


def test_a_broken_history_is_an_error_that_names_it(command, core):
    path = core.parent / "baselines" / "core.history.json"
    path.parent.mkdir()
    path.write_text('{"schema_version": 99}')
    code, _, err = command("leaderboard", core)
    assert code == 2
    assert "core.history.json" in err


def test_a_history_is_on_the_page(command, core, run):
    def page():
        assert command("leaderboard", core, "--format", "html")[0] == 0
        return (core / "leaderboard.html").read_text()

    assert "Accepted over time" not in page()
    write_history(small_results.history(run[0]), core.parent / "baselines" / "core.history.json")
    assert "Accepted over time" in page()
