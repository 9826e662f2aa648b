import numpy as np
import pytest
from harness_plugins.evaluators.alpaca_eval.length_control import LEAST, influence_values, length_controlled, published
from harness_plugins.evaluators.alpaca_eval.library import library

import harness


def drawn(items=320, skill=0.8, slope=1.5, seed=0):
    """Preferences of a judge whose log-odds are skill - slope tanh(difference in length), and the texts."""
    rng = np.random.default_rng(seed)
    references, answers = rng.integers(50, 150, items), rng.integers(50, 250, items)
    difference = (references - answers) / (references - answers).std(ddof=1)
    chance = 1 / (1 + np.exp(-(skill - slope * np.tanh(difference))))
    return 1 + chance, ["r" * n for n in references], ["a" * n for n in answers]


def test_what_length_adds_is_taken_away():
    preferences, references, answers = drawn()
    found = length_controlled(preferences, references, answers)
    assert found.win_rate == pytest.approx(1 / (1 + np.exp(-0.8)), abs=0.01)
    assert found.win_rate < (preferences - 1).mean() - 0.05  # the answers are longer, and the judge likes that


@pytest.mark.parametrize("preference", [1.0, 1.3, 1.5, 2.0])
def test_where_every_preference_is_the_same_so_is_the_win_rate(preference):
    references, answers = ["r" * (i % 5 + 1) for i in range(30)], ["a" * (i % 7 + 1) for i in range(30)]
    found = length_controlled(np.full(30, preference), references, answers)
    assert found.win_rate == preference - 1
    assert set(found.values) == {preference - 1}


def test_it_is_deterministic():
    assert length_controlled(*drawn()) == length_controlled(*drawn())


def test_values_have_the_figure_as_their_mean():
    found = length_controlled(*drawn(seed=3))
    assert len(found.values) == 320
    assert np.mean(found.values) == pytest.approx(found.win_rate, abs=1e-12)


def test_too_few_or_lengths_that_do_not_differ_are_no_fit():
    preferences, references, answers = drawn()
    assert length_controlled(preferences[: LEAST - 1], references[: LEAST - 1], answers[: LEAST - 1]) is None
    assert length_controlled(preferences, references, [r + "abc" for r in references]) is None


def fit(features, wins):
    """Newton's method for an unpenalised logistic regression with continuous targets."""
    weights = np.zeros(features.shape[1])
    for _ in range(25):
        fitted = 1 / (1 + np.exp(-features @ weights))
        hessian = (features * (fitted * (1 - fitted))[:, None]).T @ features
        weights = weights + np.linalg.solve(hessian, features.T @ (wins - fitted))
    return weights


def test_influences_agree_with_leaving_each_item_out():
    rng = np.random.default_rng(1)
    features = np.stack([np.tanh(rng.normal(size=400)), np.ones(400)], 1)
    wins = (rng.random(400) < 1 / (1 + np.exp(-(0.4 + features[:, 0])))).astype(float)
    at = np.array([0.0, 1.0])
    weights = fit(features, wins)
    whole = 1 / (1 + np.exp(-at @ weights))
    left_out = []
    for item in range(400):
        kept = np.arange(400) != item
        left_out.append(1 / (1 + np.exp(-at @ fit(features[kept], wins[kept]))))
    jackknife = 400 * whole - 399 * np.array(left_out)
    values = influence_values(features, wins, weights, at)
    assert values.mean() == pytest.approx(whole, abs=1e-12)
    assert values.std(ddof=1) == pytest.approx(jackknife.std(ddof=1), rel=0.03)
    assert np.corrcoef(values, jackknife)[0, 1] > 0.999


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
