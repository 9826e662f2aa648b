import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from harness_plugins.evaluators.truth import RESOLUTION, Truth, bayes_ceiling
from harness_plugins.sources.world import World

import harness

WORST = -2.5


@dataclass
class Known:
    """A subject whose log-probs and scores are given, per prompt id."""

    oracle: harness.Oracle | None
    logps: dict[str, np.ndarray]
    scores: dict[str, np.ndarray]
    base: dict[str, np.ndarray]
    split: str = "test"

    def score(self, examples):
        ones = [np.ones(len(e.responses), dtype=np.int64) for e in examples]
        return [harness.Scored(self.logps[e.id], n, self.scores[e.id]) for e, n in zip(examples, ones, strict=True)]

    def base_logps(self, examples):
        return [self.base[e.id] for e in examples]


def distribution(random, *shape):
    drawn = random.random(shape) + 0.05
    return drawn / drawn.sum(axis=-1, keepdims=True)


def prompt_truth(name, count, seed, *, cyclic=False):
    random = np.random.default_rng(seed)
    beats, labelled = (random.random((count, count)) for _ in range(2))
    beats, labelled = (np.triu(m, 1) + np.tril(1 - m.T, -1) + np.eye(count) / 2 for m in (beats, labelled))
    mu = distribution(random, count)
    pair = np.outer(mu, mu) * (1 - np.eye(count))
    pair /= pair.sum()
    return harness.PromptTruth(
        id=name,
        prompt=harness.user_prompt(name),
        answers=tuple(f"{name} {k}" for k in range(count)),
        behaviour=mu,
        preferred=2 * (pair * labelled).sum(axis=1),
        dispreferred=2 * (pair * labelled).sum(axis=0),
        reward=None if cyclic else random.normal(size=count),
        beats=beats,
        pair=pair,
        labelled=labelled,
    )


TRUTHS = (prompt_truth("a", 3, 0), prompt_truth("b", 4, 1), prompt_truth("c", 5, 2))
ORACLE = harness.Oracle(prompts=lambda split: TRUTHS if split == "test" else (), worst_reward=WORST)


def subject(policy, *, base=None, scores=None, oracle=ORACLE):
    """A subject with these probabilities of legitimate answers, per prompt."""
    truths = oracle.prompts("test")
    base = base or {t.id: 0.98 * distribution(np.random.default_rng(77), len(t.answers)) for t in truths}
    with np.errstate(divide="ignore"):
        logps, bases = ({k: np.log(v) for k, v in each.items()} for each in (policy, base))
    return Known(oracle, logps, scores or logps, bases)


def random_policy(seed, legitimate=0.9):
    random = np.random.default_rng(seed)
    return {t.id: legitimate * distribution(random, len(t.answers)) for t in TRUTHS}


def figures(known, **options):
    return {f.metric.removeprefix("truth/"): f for f in Truth(**options).evaluate(known).figures}


def by_loops(truth, pi, base, scores, beta):
    """Every figure of one prompt over the answers and one more outcome, illegitimate text, by explicit loops."""
    count = len(truth.answers)
    outcomes = range(count + 1)
    policy, drift = ([*map(float, p), 1 - float(p.sum())] for p in (pi, base))
    behaviour = [*map(float, truth.behaviour), 0.0]
    rewards = [*map(float, truth.reward), WORST]

    def preferred(i, j):
        if i == count or j == count:
            return 0.5 if i == j else float(j == count)
        return float(truth.beats[i, j])

    def against(other):
        return sum(policy[i] * other[j] * preferred(i, j) for i in outcomes for j in outcomes)

    reward = sum(policy[i] * rewards[i] for i in outcomes)
    kl = sum(policy[i] * math.log(policy[i] / drift[i]) for i in outcomes)
    right = 0.0
    for i in range(count):
        for j in range(count):
            if i != j:
                says_i = 1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0
                label_i = float(truth.labelled[i, j])
                right += float(truth.pair[i, j]) * (label_i * says_i + (1 - label_i) * (1 - says_i))
    return {
        "win_rate_behaviour": against(behaviour),
        "win_rate_base": against(drift),
        "reward": reward,
        "reward_legitimate": sum(policy[i] * rewards[i] for i in range(count)) / (1 - policy[count]),
        "legitimate": 1 - policy[count],
        "kl_preferred": sum(p * math.log(p / q) for p, q in zip(truth.preferred, policy, strict=False)),
        f"reward_kl_{beta:g}": reward - beta * kl,
        "pair_accuracy": right,
    }


def test_every_figure_agrees_with_explicit_loops():
    policy = random_policy(5)
    scores = {t.id: np.array([0.3, -1.0, 0.3, 2.0, 0.3][: len(t.answers)]) for t in TRUTHS}
    known = subject(policy, scores=scores)
    found = figures(known, betas=(0.2,))
    loops = [by_loops(t, policy[t.id], np.exp(known.base[t.id]), scores[t.id], 0.2) for t in TRUTHS]
    assert set(found) == set(loops[0])
    for name, figure in found.items():
        assert figure.values == pytest.approx([loop[name] for loop in loops], abs=1e-12), name
        assert figure.value == pytest.approx(np.mean(figure.values), abs=1e-15)
        assert figure.items == ("a", "b", "c")
        assert figure.about.endswith(".")


def test_tied_scores_are_counted():
    scores = {"a": np.array([1.0, 1.0, 1.0]), "b": np.array([0.0, 1.0, 0.0, 1.0]), "c": np.arange(5.0)}
    evaluation = Truth().evaluate(subject(random_policy(1), scores=scores))
    assert evaluation.counted == {"answer pairs tied by the score": 3 + 2}


def best_policies(known, beta):
    """Per figure, the policy that should reach its best."""

    def one(truth, place):
        return np.eye(len(truth.answers))[place]

    def tilted(truth):
        base = np.exp(known.base[truth.id])
        weights = base * np.exp(truth.reward / beta)
        return weights / (weights.sum() + (1 - base.sum()) * math.exp(WORST / beta))

    ideal = {
        "win_rate_behaviour": lambda t: one(t, int((t.beats @ t.behaviour).argmax())),
        "win_rate_base": lambda t: one(t, int((t.beats @ np.exp(known.base[t.id])).argmax())),
        "reward": lambda t: one(t, int(t.reward.argmax())),
        "reward_legitimate": lambda t: one(t, int(t.reward.argmax())),
        "legitimate": lambda t: t.behaviour,
        "kl_preferred": lambda t: t.preferred,
        f"reward_kl_{beta:g}": tilted,
    }
    return {name: {t.id: policy(t) for t in TRUTHS} for name, policy in ideal.items()}


@pytest.mark.parametrize("beta", [0.03, 0.3, 2.0])
def test_the_best_value_is_reached_by_the_best_policy(beta):
    known = subject(random_policy(0))
    for name, policy in best_policies(known, beta).items():
        found = figures(subject(policy), betas=(beta,))[name]
        assert found.value == pytest.approx(found.best, abs=RESOLUTION), name


def test_no_policy_exceeds_the_best_value():
    for seed in range(200):
        sharp = {k: np.power(v, 1 + seed % 7) for k, v in random_policy(seed, 1.0).items()}
        policy = {k: v / v.sum() * (0.6 + 0.4 * (seed % 5) / 4) for k, v in sharp.items()}
        for figure in figures(subject(policy)).values():
            gap = figure.best - figure.value if figure.higher_is_better else figure.value - figure.best
            assert gap > -1e-9, figure.metric


def test_the_bayes_ceiling_is_that_of_the_best_of_all_classifiers_by_enumeration():
    truth = TRUTHS[0]
    pairs = [(0, 1), (0, 2), (1, 2)]
    accuracies = []
    for says_first in np.ndindex(2, 2, 2):
        total = 0.0
        for (i, j), first in zip(pairs, says_first, strict=True):
            chance = 2 * truth.pair[i, j]
            total += chance * (truth.labelled[i, j] if first else truth.labelled[j, i])
        accuracies.append(total)
    assert bayes_ceiling(truth) == pytest.approx(max(accuracies), abs=1e-15)


def test_the_true_reward_reaches_the_bayes_ceiling_of_the_world_and_p_plus_is_its_own_ideal():
    oracle = World().oracle()
    truths = oracle.prompts("test")
    preferred = {t.id: t.preferred for t in truths}
    found = figures(subject(preferred, scores={t.id: t.reward for t in truths}, oracle=oracle))
    ceiling = np.mean([bayes_ceiling(t) for t in truths])
    assert found["pair_accuracy"].value == pytest.approx(ceiling, abs=1e-12) == found["pair_accuracy"].best
    assert found["kl_preferred"].value == pytest.approx(0, abs=1e-12)
    assert found["legitimate"].value == pytest.approx(1)
    assert found["win_rate_behaviour"].value > 0.55


def test_the_base_draws_with_itself_and_has_not_drifted():
    base = random_policy(3, 0.97)
    found = figures(subject(base, base=base))
    assert found["win_rate_base"].value == pytest.approx(0.5, abs=1e-12)
    for name in ("reward_kl_0.03", "reward_kl_0.1", "reward_kl_0.3"):
        assert found[name].value == pytest.approx(found["reward"].value, abs=1e-12)


def test_a_policy_that_only_writes_nonsense_has_the_worst_of_everything_and_stays_finite():
    lost = {t.id: np.exp(np.linspace(-300, -400, len(t.answers))) for t in TRUTHS}
    found = figures(subject(lost))
    assert found["reward"].value == WORST
    assert found["legitimate"].value == pytest.approx(0, abs=1e-100)
    assert found["win_rate_behaviour"].value == pytest.approx(0, abs=1e-100)
    assert found["reward_legitimate"].value == pytest.approx(np.mean([t.reward[0] for t in TRUTHS]), abs=1e-3)
    assert all(math.isfinite(f.value) for f in found.values())


def test_probabilities_that_exceed_one_by_rounding_are_no_illegitimate_mass():
    slightly = {t.id: t.behaviour * (1 + 3e-7) for t in TRUTHS}
    base = {t.id: t.behaviour for t in TRUTHS}
    found = figures(subject(slightly, base=base))
    assert found["legitimate"].value == 1
    assert found["win_rate_behaviour"].value == pytest.approx(0.5, abs=1e-12)
    assert found["reward_kl_0.3"].value == pytest.approx(found["reward"].value, abs=RESOLUTION)


def test_illegitimate_text_that_the_base_never_writes_costs_a_finite_kl():
    base = {t.id: t.behaviour for t in TRUTHS}
    found = figures(subject(random_policy(4, 0.5), base=base), betas=(1.0,))
    kl = [
        float((p * np.log(p / t.behaviour)).sum()) + 0.5 * math.log(0.5 / RESOLUTION)
        for t, p in zip(TRUTHS, random_policy(4, 0.5).values(), strict=True)
    ]
    assert found["reward"].value - found["reward_kl_1"].value == pytest.approx(np.mean(kl), abs=1e-9)


def test_cyclic_preferences_leave_out_what_needs_a_reward():
    truths = tuple(prompt_truth(n, 4, s, cyclic=True) for n, s in (("x", 5), ("y", 6)))
    oracle = harness.Oracle(prompts=lambda split: truths, worst_reward=None)
    found = figures(subject({t.id: t.behaviour for t in truths}, oracle=oracle))
    assert set(found) == {"win_rate_behaviour", "win_rate_base", "legitimate", "kl_preferred", "pair_accuracy"}


def test_a_source_without_an_oracle_is_skipped_with_the_reason():
    with pytest.raises(harness.Unavailable, match="knows no truth"):
        Truth().evaluate(Known(None, {}, {}, {}))


@pytest.mark.parametrize("betas", [(0.0,), (0.1, -1.0), (float("inf"),)])
def test_a_price_of_drift_is_positive(betas):
    with pytest.raises(ValueError, match="betas"):
        Truth(betas=betas)


def test_every_figure_is_explained_in_the_documentation():
    page = (Path(__file__).parents[3] / "docs" / "world.md").read_text()
    names = {
        name.replace("reward_kl_0.1", "reward_kl_<beta>") for name in figures(subject(random_policy(0)), betas=(0.1,))
    }
    assert all(f"\n| `truth/{name}` |" in page for name in names)
