import numpy as np
import pytest
from harness_plugins.evaluators.alpaca_eval import jackknife
from harness_plugins.evaluators.alpaca_eval.length_control import (
    LEAST,
    Annotated,
    length_controlled,
    length_controlled_together,
    published,
)
from harness_plugins.evaluators.alpaca_eval.library import library

import harness


@pytest.fixture(autouse=True)
def few_groups(monkeypatch):
    """Every group is a refit, and thirty take seconds."""
    monkeypatch.setattr(jackknife, "GROUPS", 4)


def drawn(items=320, skill=0.8, slope=1.5, seed=0):
    """Preferences of a judge whose log-odds are skill - slope tanh(difference in length), and the texts."""
    rng = np.random.default_rng(seed)
    references, answers = rng.integers(50, 150, items), rng.integers(50, 250, items)
    difference = (references - answers) / (references - answers).std(ddof=1)
    chance = 1 / (1 + np.exp(-(skill - slope * np.tanh(difference))))
    return 1 + chance, ["r" * n for n in references], ["a" * n for n in answers]


def annotated(preferences, references, answers):
    return Annotated(preferences, references, answers, [f"instruction {place}" for place in range(len(preferences))])


def fitted(*drawn):
    return length_controlled(annotated(*drawn))


def test_what_length_adds_is_taken_away():
    preferences, references, answers = drawn()
    found = fitted(preferences, references, answers)
    assert found.win_rate == pytest.approx(1 / (1 + np.exp(-0.8)), abs=0.01)
    assert found.win_rate < (preferences - 1).mean() - 0.05  # the answers are longer, and the judge likes that


@pytest.mark.parametrize("preference", [1.0, 1.3, 1.5, 2.0])
def test_where_every_preference_is_the_same_so_is_the_win_rate(preference):
    references, answers = ["r" * (i % 5 + 1) for i in range(30)], ["a" * (i % 7 + 1) for i in range(30)]
    found = fitted(np.full(30, preference), references, answers)
    assert found.win_rate == preference - 1
    assert set(found.values) == {preference - 1}


def test_it_is_deterministic():
    assert fitted(*drawn(items=100)) == fitted(*drawn(items=100))


def test_values_are_pseudo_values_of_groups_of_instructions():
    found = fitted(*drawn(seed=3))
    assert found.pseudo
    assert len(found.values) == len(found.clusters) == 320
    assert len(set(zip(found.clusters, found.values, strict=True))) == len(set(found.clusters)) == 4
    assert np.mean(found.values) == pytest.approx(found.win_rate, abs=0.03)
    assert 0 < found.standard_error < 0.1


def test_refits_are_told():
    told = []
    length_controlled(annotated(*drawn(items=60)), lambda done, total: told.append((done, total)))
    assert told[0][0] == 0
    assert told[-1] == (4, 4)


def test_models_fitted_together_share_the_effect_of_length():
    """One of the two is always much shorter than its references: alone, it says little of answers as long as them."""
    rng = np.random.default_rng(2)
    wide, short = rng.normal(0.3, 1, 400) * 500, (1.5 + 0.3 * np.abs(rng.normal(size=400))) * 500

    def row(difference, skill, seed):
        chance = 1 / (1 + np.exp(-(skill - 2 * np.tanh(difference / difference.std(ddof=1)))))
        wins = (np.random.default_rng(seed).random(400) < chance).astype(float)
        return annotated(1 + wins, ["r" * round(3000 + d) for d in difference], ["a" * 3000] * 400)

    one, other = row(wide, 0.0, 1), row(short, 1.0, 2)
    alone, (first, together) = length_controlled(other), length_controlled_together([one, other])
    truth = 1 / (1 + np.exp(-1.0))
    assert abs(together.win_rate - truth) < abs(alone.win_rate - truth)
    assert together.win_rate == pytest.approx(truth, abs=0.1)
    assert first.win_rate == pytest.approx(0.5, abs=0.1)
    assert "the annotations of 2 models together" in together.about
    assert "this row's own annotations" in alone.about


def test_without_any_difference_in_length_the_raw_win_rate_is_controlled():
    found = fitted(np.array([1.0, 2.0, 1.5, 1.5]), ["ab"] * 4, ["cd"] * 4)
    assert (found.win_rate, found.values, found.pseudo) == (0.5, (0.0, 1.0, 0.5, 0.5), False)


def test_too_few_or_lengths_that_do_not_differ_are_no_fit():
    preferences, references, answers = drawn()
    assert fitted(preferences[: LEAST - 1], references[: LEAST - 1], answers[: LEAST - 1]) is None
    assert fitted(preferences, references, [r + "abc" for r in references]) is None


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table of the published shape: difficulties of 40 instructions, and of answers made long or short on purpose."""
    import pandas as pd

    library()
    from alpaca_eval.metrics import glm_winrate

    rng = np.random.default_rng(5)
    difficulty = rng.normal(size=40)
    rows = [
        {
            "model": model,
            "index": place,
            "instruction_difficulty": difficulty[place],
            "std_delta_len": sign * abs(rng.normal()),
            "preference": 0.5 + sign * 0.2,
            "not_gamed_baseline": False,
        }
        for sign, model in ((1, "verbose"), (-1, "concise"))
        for place in range(40)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "df_gamed.csv", index=False)
    monkeypatch.setattr(glm_winrate, "hf_hub_download", lambda **_: tmp_path / "df_gamed.csv")
    return glm_winrate


def test_the_published_model_is_the_librarys_own(table):
    import pandas as pd
    import sklearn

    preferences, references, answers = drawn(items=30)
    places = list(range(5, 35))
    found = published(preferences, references, answers, places)
    rows = pd.DataFrame(
        {
            "preference": preferences,
            "output_1": references,
            "output_2": answers,
            "generator_1": "a",
            "generator_2": "b",
        },
        index=places,
    )
    with sklearn.config_context():
        theirs = table.get_length_controlled_winrate(rows, save_weights_dir=None)
    assert found.win_rate == theirs["length_controlled_winrate"] / 100
    assert found.standard_error == theirs["lc_standard_error"] / 100
    assert np.mean(found.values) == pytest.approx(found.win_rate, abs=1e-12)
    assert len(set(found.values)) == 30  # one difficulty an instruction
    assert not found.pseudo


def test_without_the_table_the_published_model_is_unavailable(table, monkeypatch):
    from huggingface_hub.errors import LocalEntryNotFoundError

    def offline(**_):
        raise LocalEntryNotFoundError("offline, and not in the cache")

    monkeypatch.setattr(table, "hf_hub_download", offline)
    with pytest.raises(harness.Unavailable, match="tables of the published length control cannot be had: offline"):
        published(*drawn(items=30), list(range(30)))
