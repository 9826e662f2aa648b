from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from harness.run.schedule import Schedule
from harness.run.steps import ColumnStep, EvaluateStep, Step, TrainStep


@dataclass(frozen=True)
class Judge:
    name: str = "judge"
    alone: bool = False

    def one_at_a_time(self):
        return self.alone


def step(name, *needs, kind="fit", work=None):
    return Step(kind, {}, name, needs, name, {}, work)


def train(name, *needs):
    return step(name, *needs, kind="train", work=TrainStep(*[None] * 8))


def column(name, *needs, of="reference"):
    work = ColumnStep(SimpleNamespace(digest=of), "train", 0, None)
    return step(name, *needs, kind="column", work=work)


def evaluate(name, subject, *, alone=False):
    work = EvaluateStep(Judge(alone=alone), SimpleNamespace(digest=subject), *[None] * 4)
    return step(name, subject, kind="evaluate", work=work)


def taken(schedule, held=""):
    place = schedule.take(held)
    return None if place is None else schedule.steps[place].digest


def end(schedule, name, *, lost=False):
    place = [s.digest for s in schedule.steps].index(name)
    return [schedule.steps[i].digest for i in schedule.lost(place)] if lost else schedule.done(place)


def test_a_step_waits_for_all_that_it_needs():
    schedule = Schedule([step("a"), step("b"), step("c", "a", "b")], 3)
    assert [taken(schedule) for _ in range(3)] == ["a", "b", None]
    end(schedule, "a")
    assert taken(schedule) is None
    end(schedule, "b")
    assert taken(schedule) == "c"
    end(schedule, "c")
    assert schedule.finished


def test_what_is_not_among_the_steps_is_done_already():
    assert taken(Schedule([step("a", "done before")], 1)) == "a"


def test_what_most_hangs_on_goes_first():
    schedule = Schedule([evaluate("judged", "x"), step("fit"), train("long", "fit"), step("other")], 2)
    assert [taken(schedule) for _ in range(3)] == ["fit", "other", "judged"]


def test_a_worker_judges_what_it_has_trained():
    trains = [train(f"t{i}") for i in range(4)]
    schedule = Schedule([*trains, evaluate("e0", "t0"), evaluate("e1", "t1")], 1)
    assert [taken(schedule), taken(schedule)] == ["t0", "t1"]
    end(schedule, "t0")
    end(schedule, "t1")
    assert taken(schedule, "t1") == "e1"
    assert taken(schedule) == "t2"


def test_the_last_trainings_are_not_kept_waiting_by_evaluations():
    schedule = Schedule([train("t0"), train("t1"), evaluate("e0", "t0")], 1)
    assert taken(schedule) == "t0"
    end(schedule, "t0")
    assert taken(schedule, "t0") == "t1"


def test_nothing_runs_beside_the_base_model():
    schedule = Schedule([step("audit", kind="audit"), step("base", kind="model"), step("fit", "base")], 2)
    assert [taken(schedule), taken(schedule)] == ["base", None]
    end(schedule, "base")
    assert [taken(schedule), taken(schedule)] == ["fit", "audit"]


def test_one_column_is_filled_by_one_step_after_the_other():
    schedule = Schedule([column("a"), column("b"), column("c", of="reward")], 3)
    assert [taken(schedule) for _ in range(3)] == ["a", "c", None]
    end(schedule, "a", lost=True)
    assert taken(schedule) == "b"


def test_an_evaluator_that_keeps_a_pace_judges_one_row_at_a_time():
    schedule = Schedule([evaluate("a", "x", alone=True), evaluate("b", "y", alone=True), evaluate("c", "y")], 3)
    assert [taken(schedule), taken(schedule, "y"), taken(schedule)] == ["a", "c", None]
    end(schedule, "a")
    assert taken(schedule) == "b"


@pytest.mark.parametrize("held", ["", "t"])
def test_what_needs_a_step_that_is_lost_never_begins(held):
    steps = [step("fit"), column("a", "fit"), train("t", "a"), evaluate("e", "t"), column("b"), step("other")]
    schedule = Schedule(steps, 1)
    assert taken(schedule) == "fit"
    assert end(schedule, "fit", lost=True) == ["a", "t", "e"]
    left = []
    while (name := taken(schedule, held)) is not None:
        left.append(name)
        end(schedule, name)
    assert sorted(left) == ["b", "other"]
    assert schedule.finished


def test_ten_thousand_steps_are_taken_in_no_time():
    trains = [train(f"t{i}", "fit") for i in range(5_000)]
    steps = [step("fit"), *trains, *(evaluate(f"e{i}", f"t{i}", alone=True) for i in range(5_000))]
    schedule, count, held = Schedule(steps, 2), 0, ""
    while (place := schedule.take(held)) is not None:
        schedule.done(place)
        held = steps[place].digest
        count += 1
    assert count == 10_001
