import json

import numpy as np
import pytest
from benches import Bench
from harness_plugins.columns.calibration import Platt, calibration_figures, fit_platt
from harness_plugins.columns.relative_ratio import relative_ratio
from harness_plugins.columns.source_classifier import folds_of
from harness_plugins.columns.source_ratio import SourceRatio
from harness_plugins.columns.text_features import HASHED, features, hashed
from harness_plugins.sources.world import World
from harness_plugins.sources.world.behaviour import behaviour
from harness_plugins.sources.world.language import answers, prompt_texts

import harness
from harness import Example, ExampleSet, Response, user_prompt

WORLD = World()


def two_sources(count=60, human=2):
    """Humans say "w1" twice as often as models do."""
    draw = np.random.default_rng(0)
    made = []
    for i in range(count):
        sources = ["human"] * human + ["gpt", "llama"]
        texts = [
            f"{'w1' if draw.random() < (0.8 if s == 'human' else 0.4) else 'w2'} w{draw.integers(3, 9)}"
            for s in sources
        ]
        responses = tuple(Response(t, source=s) for t, s in zip(texts, sources, strict=True))
        made.append(Example(f"e{i}", user_prompt(f"about {i}"), responses))
    return ExampleSet(tuple(made))


def test_the_ratio_is_twice_the_probability_at_one_half_and_bounded():
    c = np.linspace(0, 1, 11)
    np.testing.assert_allclose(relative_ratio(c), 2 * c)
    assert relative_ratio(np.array(0.5)) == 1
    for alpha in (0.1, 0.25, 0.9):
        found = relative_ratio(c, alpha=alpha)
        inner = c[1:]
        np.testing.assert_allclose(found[1:], 1 / (alpha + (1 - alpha) * (1 - inner) / inner))
        assert found[0] == 0
        assert found[-1] == pytest.approx(1 / alpha)
        assert relative_ratio(np.array(0.5), alpha=alpha) == pytest.approx(1)


def test_the_ratio_of_known_densities():
    """c = q / (q + p) of a balanced classifier gives q / (a q + (1 - a) p), whose mean over that mixture is 1."""
    q, p = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.3, 0.6])
    for alpha in (0.5, 0.25):
        mixture = alpha * q + (1 - alpha) * p
        found = relative_ratio(q / (q + p), alpha=alpha)
        np.testing.assert_allclose(found, q / mixture)
        assert (mixture * found).sum() == pytest.approx(1)


def test_platt_recovers_the_line_that_made_the_labels():
    draw = np.random.default_rng(0)
    decisions = draw.normal(size=20_000)
    truth = draw.random(20_000) < Platt(2.0, 0.0).probabilities(decisions)
    found = fit_platt(decisions, truth)
    assert found.slope == pytest.approx(2.0, abs=0.1)
    assert found.offset == pytest.approx(0.0, abs=0.1)


def test_calibration_figures_worked_out_by_hand():
    truth = np.array([True, True, False, False])
    found = calibration_figures(np.array([0.9, 0.4, 0.4, 0.1]), truth)
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.16 + 0.01) / 4)
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.6, 0.9]).mean())
    assert found["auc"] == pytest.approx(3.5 / 4)
    assert [round(row["frequency"], 6) for row in found["reliability"]] == [0.0, 0.5, 1.0]
    assert found["calibration_error"] == pytest.approx(0.25 * 0.1 + 0.5 * 0.1 + 0.25 * 0.1)


def test_classes_count_alike_however_many_rows_they_have():
    truth = np.array([True, False, False, False])
    found = calibration_figures(np.full(4, 0.55), truth)
    (row,) = found["reliability"]
    assert row == pytest.approx({"share": 1.0, "probability": 0.55, "frequency": 0.5})


def test_features_are_ngrams_of_the_response_words_of_the_prompt_and_pairs_of_both():
    found = list(features("Ask me!", "so it is", ngrams=2, crosses=2))
    assert found == [
        *("r so", "r it", "r is", "r so it", "r it is"),
        *("p ask", "p me", "p !"),
        *("x ask so", "x ask it", "x me so", "x me it"),
    ]
    assert not [f for f in features("a b", "c d", ngrams=1, crosses=0) if f.startswith("x")]
    made = hashed([("a", "b b"), ("", "")], ngrams=1, crosses=0)
    assert made.shape == (2, HASHED)
    assert made[0].multiply(made[0]).sum() == pytest.approx(1)
    assert made[1].nnz == 0


def test_a_prompt_is_in_one_fold_by_its_text_and_the_seed():
    prompts = [f"p{i % 50}" for i in range(200)]
    found = folds_of(prompts, 5, seed=1)
    assert (found[:50] == found[50:100]).all()
    assert set(found) == set(range(5))
    assert (found != folds_of(prompts, 5, seed=2)).any()


def test_in_the_world_it_finds_the_true_posterior_and_says_how_well_it_is_calibrated(tmp_path):
    bench = Bench(tmp_path)
    train = WORLD.examples("train", 0, 1024)
    notes = SourceRatio(folds=3).fit(train, bench, seed=0)
    held_out = WORLD.examples("test", 0, 300)
    place = {text: i for i, text in enumerate(prompt_texts())}
    human = behaviour(WORLD).human
    for examples, least in ((train, 0.7), (held_out, 0.7)):
        values = np.concatenate(SourceRatio(folds=3).compute(examples.examples, bench))
        prompts = [place[e.prompt[0].content] for e in examples for _ in e.responses]
        texts = [r.text for e in examples for r in e.responses]
        truth = 2 * np.array([human[p, answers(p).index(t)] for p, t in zip(prompts, texts, strict=True)])
        assert np.corrcoef(values, truth)[0, 1] > least
        assert ((values > 0) & (values < 2)).all()
        assert values.dtype == np.float32
    assert notes["target"] + notes["rest"] == 2048
    assert notes["calibration_error"] < 0.06
    assert 0.6 < notes["auc"] < 0.75
    assert notes["log_loss"] < np.log(2) - 0.02
    json.dumps(notes)


def test_other_sources_are_the_rest_and_classes_are_balanced(tmp_path):
    for human in (1, 4):
        folder = tmp_path / str(human)
        folder.mkdir()
        examples = two_sources(400, human)
        notes = SourceRatio(crosses=0, ngrams=1).fit(examples, Bench(folder), seed=0)
        assert notes["rest"] == 800
        values = SourceRatio(crosses=0, ngrams=1).compute(examples.examples[:200], Bench(folder))
        texts = [r.text for e in examples.examples[:200] for r in e.responses]
        with_word = np.concatenate(values)[[t.startswith("w1") for t in texts]].mean()
        without = np.concatenate(values)[[t.startswith("w2") for t in texts]].mean()
        assert with_word == pytest.approx(2 * 0.8 / 1.2, abs=0.12)
        assert without == pytest.approx(2 * 0.2 / 0.8, abs=0.12)


def test_it_comes_back_from_disk_the_same_whatever_it_is_computed_with(tmp_path):
    examples = two_sources()
    column, bench = SourceRatio(), Bench(tmp_path)
    column.fit(examples, bench, seed=0)
    together = column.compute(examples.examples, bench)
    alone = [column.compute([e], bench)[0] for e in examples]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)
    assert column.compute([], bench) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["classifier.json", "weights.safetensors"]


def test_an_encoders_vectors_can_be_the_features(tmp_path):
    class Vectors(Bench):
        def embed(self, model, texts):
            self.asked.append(model)
            return np.array([[t.startswith("w1"), len(t)] for t in texts], dtype=np.float32)

    bench, examples = Vectors(tmp_path), two_sources(200)
    column = SourceRatio(features="encoder", encoder="some/encoder")
    notes = column.fit(examples, bench, seed=0)
    assert bench.asked == ["some/encoder"]
    assert notes["auc"] > 0.6
    assert [len(v) for v in column.compute(examples.examples[:3], bench)] == [4, 4, 4]
    assert column.model_options == ("encoder",)
    with pytest.raises(harness.HarnessError, match="no encoder"):
        SourceRatio(features="encoder").fit(examples, bench, seed=0)


def test_a_target_that_does_not_occur_or_is_alone_is_an_error_that_names_what_there_is(tmp_path):
    with pytest.raises(harness.Unavailable, match=r"'robot'; there are human \(120\), gpt \(60\), llama \(60\)"):
        SourceRatio(target_source="robot").fit(two_sources(), Bench(tmp_path), seed=0)
    alone = ExampleSet(tuple(Example(str(i), user_prompt("x"), (Response("y", source="human"),)) for i in range(9)))
    with pytest.raises(harness.Unavailable, match="nothing to tell it from"):
        SourceRatio().fit(alone, Bench(tmp_path), seed=0)
    with pytest.raises(harness.Unavailable, match="too few prompts"):
        SourceRatio(folds=20).fit(ExampleSet(two_sources(1).examples), Bench(tmp_path), seed=0)


def test_of_very_many_sources_the_error_names_the_largest_and_counts_the_rest(tmp_path):
    responses = tuple(Response("y", source=f"m{i:02}") for i in range(13) for _ in range(13 - i))
    many = ExampleSet((Example("a", user_prompt("x"), responses),))
    with pytest.raises(harness.Unavailable, match=r"there are m00 \(13\), .*, m09 \(4\) and 3 more"):
        SourceRatio(target_source="robot").fit(many, Bench(tmp_path), seed=0)


@pytest.mark.parametrize("wrong", [{"ngrams": 0}, {"crosses": 65}, {"strength": 0.0}, {"folds": 1}])
def test_an_option_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SourceRatio(**wrong)
