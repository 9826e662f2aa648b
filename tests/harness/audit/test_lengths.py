"""What a scorer gets that knows only length, with an interval in which pairs of one prompt count as one."""

from __future__ import annotations

import numpy as np
import pytest
from audits import audited, pair

from harness.audit.lengths import PairLengths, lengths
from harness.audit_record import SourceTally


def drawn(rng, prompts, each, lean):
    for p in range(prompts):
        up = rng.random() < lean
        yield from (PairLengths(str(p), 2, 1) if up else PairLengths(str(p), 1, 2) for _ in range(each))


def test_lengths_and_ties():
    got = lengths([PairLengths("a", 10, 4), PairLengths("b", 3, 3), PairLengths("c", 1, 5), PairLengths("d", 6, 4)])
    assert (got.chosen, got.rejected, got.longer, got.equal, got.accuracy) == (5, 4, 0.5, 0.25, 0.625)
    assert got.ci95[0] < 0.625 < got.ci95[1] <= 1


def test_one_prompt_has_no_interval_and_no_pairs_no_lengths():
    assert lengths([PairLengths("a", 1, 2)] * 5).ci95 is None
    assert lengths([]) is None


@pytest.mark.parametrize("each", [1, 5])
def test_the_interval_covers_as_often_as_it_says(each):
    rng = np.random.default_rng(0)
    found = [lengths(list(drawn(rng, 80, each, 0.6))).ci95 for _ in range(400)]
    assert 0.92 <= np.mean([low <= 0.6 <= high for low, high in found]) <= 0.98


def test_it_is_the_interval_of_a_library():
    statsmodels = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(1)
    pairs = [PairLengths(str(int(g)), int(a), int(b)) for g, a, b in zip(*rng.integers(0, 9, (3, 200)), strict=True)]
    values = np.array([(p.chosen > p.rejected) + (p.chosen == p.rejected) / 2 for p in pairs])
    groups = np.array([int(p.prompt) for p in pairs])
    settings = {"groups": groups, "use_correction": False, "df_correction": True}
    fit = statsmodels.OLS(values, np.ones(200)).fit(cov_type="cluster", cov_kwds=settings, use_t=True)
    half = (lengths(pairs).ci95[1] - lengths(pairs).ci95[0]) / 2
    g = len(set(groups.tolist()))
    assert half == pytest.approx((fit.conf_int()[0][1] - fit.params[0]) * (g / (g - 1)) ** 0.5)


def test_lengths_are_tokens_without_the_end_and_sources_are_tallied():
    examples = [
        pair("a", "p", "w1 w2 w3", "w1", sources=("human", "model")),
        pair("b", "q", "w1", "w2 w3", sources=("human", "human")),
    ]
    split = audited({"train": examples}).splits[0]
    assert (split.lengths.chosen, split.lengths.rejected) == (2, 1.5)
    assert split.sources == {"human": SourceTally(chosen=2, rejected=1), "model": SourceTally(chosen=0, rejected=1)}
