import json
import pickle

import pytest
from pydantic import ValidationError

from harness.records import FigureRecord

FIGURE = {"metric": "m/x", "value": 0.5, "unit": "fraction", "higher_is_better": True, "items": "items 0"}


def figure(values):
    return FigureRecord.model_validate({**FIGURE, "values": values})


def test_values_are_held_as_numbers_of_eight_bytes():
    assert memoryview(figure([1, 0.1, -2.5e-300]).values).nbytes == 24


@pytest.mark.parametrize("values", [[1, 0.1, -2.5e-300], [], None])
def test_values_come_back_as_they_were_written(values):
    written = figure(values)
    read = FigureRecord.model_validate_json(written.model_dump_json(indent=1))
    assert read == written == pickle.loads(pickle.dumps(written))
    assert (None if read.values is None else list(read.values)) == values
    assert json.loads(read.model_dump_json())["values"] == read.model_dump()["values"] == values


@pytest.mark.parametrize("values", [["0.1x"], [None], [[1.0]], "1", 1.0, {"a": 1.0}])
def test_what_is_no_list_of_numbers_is_refused(values):
    with pytest.raises(ValidationError, match="values"):
        FigureRecord.model_validate_json(json.dumps({**FIGURE, "values": values}))
