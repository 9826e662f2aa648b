import math

import pytest

from harness.search_space import Choices, Range
from harness.tuning.search import Outcome, best, search

SPACE = {"beta": Range(0.01, 1.0, log=True), "k": Range(1, 8), "form": Choices(("log", "square"))}
OWN = {"beta": 0.1, "k": 2, "form": "log"}


def outcome(number, settings):
    return Outcome("done", str(number), value=-abs(math.log(settings["beta"] / 0.3)) - abs(settings["k"] - 5))


def studied(trials=8, seed=7, run=outcome, space=SPACE, own=OWN):
    return list(search(space, own, trials=trials, seed=seed, run=run))


def test_the_first_trial_has_the_rows_own_settings():
    assert studied()[0].settings == OWN


def test_proposals_stay_in_the_space_with_three_digits():
    for trial in studied(trials=20):
        assert all(SPACE[name].holds(value) for name, value in trial.settings.items())
        assert isinstance(trial.settings["k"], int)
        assert float(f"{trial.settings['beta']:.3g}") == trial.settings["beta"]


def test_a_number_that_is_rounded_stays_in_its_range():
    low = 0.12345678
    trials = studied(
        trials=6,
        space={"beta": Range(low, low * 1.0001)},
        own={"beta": low},
        run=lambda n, s: Outcome("done", str(n), value=0.0),
    )
    assert all(low <= trial.settings["beta"] <= low * 1.0001 for trial in trials)


def test_a_study_played_again_proposes_the_same():
    assert studied() == studied()
    assert studied(seed=8)[1:] != studied()[1:]


def test_a_longer_study_begins_with_the_shorter():
    assert studied(trials=12)[:8] == studied(trials=8)


def test_what_is_not_known_ends_the_study():
    stopped = studied(run=lambda number, settings: outcome(number, settings) if number < 5 else None)
    assert stopped == studied()[:5]


def test_a_trial_that_failed_is_spent_and_has_a_say_in_nothing():
    def run(number, settings):
        return Outcome("failed", str(number), reason="on purpose") if number in {0, 3} else outcome(number, settings)

    found = studied(run=run)
    assert [trial.number for trial in found] == list(range(8))
    assert best(found).number not in {0, 3}
    assert best([trial for trial in found if trial.outcome.state == "failed"]) is None


def test_of_equal_trials_the_earlier_is_best():
    assert best(studied(run=lambda number, _: Outcome("done", str(number), value=1.0))).number == 0


@pytest.mark.parametrize("higher", [True, False])
def test_where_lower_is_better_the_lowest_is_best(higher):
    def run(number, settings):
        return Outcome("done", str(number), value=settings["beta"], higher_is_better=higher)

    found = studied(trials=12, run=run)
    betas = [trial.settings["beta"] for trial in found]
    assert best(found).settings["beta"] == (max(betas) if higher else min(betas))
