import boards
import numpy as np
import pytest

from harness.board import make_board
from harness.records import Provenance
from harness.render.legend import banners


@pytest.fixture
def notes():
    """The notes of a board of two rows whose steps ran on these machines."""

    def made(one, other):
        manifest, records = boards.one_metric({"dpo": np.eye(3), "sft": np.eye(3)})
        for name, record in records.items():
            host = one if "dpo" in name else other
            found = Provenance(started=boards.PROVENANCE.started, host=host, versions={}, plugins={})
            records[name] = record.model_copy(update={"provenance": found})
        return make_board(manifest, records)

    return made


def host(processor, *gpus, **more):
    return {"processor": processor, "gpus": list(gpus), "cores": 2, **more}


def test_rows_of_one_kind_of_machine_have_no_note(notes):
    assert notes(host("AMD EPYC"), host("AMD EPYC", memory_bytes=9, workers=3)).notes == ()
    assert notes(host("AMD EPYC", "H200"), host("AMD EPYC", "H200", "H200")).notes == ()


def test_rows_of_different_processors_and_gpus_are_told(notes):
    board = notes(host("AMD EPYC", "H200"), host("Intel Xeon"))
    assert board.notes[0].endswith("AMD EPYC with H200: dpo; Intel Xeon: sft.")
    assert board.notes[0] in banners(board)


@pytest.mark.parametrize(
    "unknown", [{}, {"processor": "AMD EPYC"}, {"processor": "AMD EPYC", "gpus": None}, {"gpus": []}]
)
def test_machines_that_are_not_known_are_not_taken_for_others(notes, unknown):
    assert notes(unknown, host("AMD EPYC", "H200")).notes == ()


def test_what_steers_a_terminal_is_not_in_the_banner(notes):
    board = notes(host("a\x1b[31m\u202e"), host("b"))
    assert all(banner.isprintable() for banner in banners(board))


@pytest.mark.parametrize("gpus", [5, "H200", {"H200": 1}])
def test_a_machine_that_is_not_told_as_a_list_of_gpus_is_not_known(notes, gpus):
    assert notes({"processor": "AMD EPYC", "gpus": gpus}, host("Intel Xeon")).notes == ()
