"""Intervals: of rows, of differences between rows, of families of them.

tables      a row's values per seed and item      contrast      A minus B
components  a table's variance, split             significance  p-values
parts       from variances to an interval         families      Holm, the set tied with the best
pool        one seed spread for all rows          power         minimum detectable effect, tipping seed sd
spread      a single row's interval               pairwise      every two of many rows
grouping    items that come in groups             composite     a weighted score over metrics

The formulas, which of them covers what, and how often: docs/statistics.md and benchmarks/coverage.py.
"""

from harness.statistics.components import (
    TwoWay,
    assemble,
    crossed_square,
    own_parts,
    pooled_parts,
    seed_variance,
    two_way,
    welch,
    within_square,
)
from harness.statistics.composite import combined
from harness.statistics.contrast import Contrast, Estimand, Verdict, contrast, own_and_pooled, p_of
from harness.statistics.families import TiedSet, holm, spread_ratio, tied_set
from harness.statistics.parts import P_FLOOR, ItemPart, Parts, t_quantile
from harness.statistics.pool import LEAST_ROWS, Pool, pool_of
from harness.statistics.power import detectable, mde, tipping_seed_sd
from harness.statistics.seed_spread import Formula, SeedSpread
from harness.statistics.significance import p_value, p_values
from harness.statistics.spread import Basis, Spread, crossed, items_alone, items_differ, spread, two_part
from harness.statistics.tables import Composite, PerItem, Scores, scores_of

__all__ = [
    "LEAST_ROWS", "P_FLOOR", "Basis", "Composite", "Contrast", "Estimand", "Formula", "ItemPart", "Parts",
    "PerItem", "Pool", "Scores", "SeedSpread", "Spread", "TiedSet", "TwoWay", "Verdict", "assemble", "combined",
    "contrast", "crossed", "crossed_square", "detectable", "holm", "items_alone", "items_differ", "mde",
    "own_and_pooled", "own_parts", "p_of", "p_value", "p_values", "pool_of", "pooled_parts", "scores_of",
    "seed_variance", "spread", "spread_ratio", "t_quantile", "tied_set", "tipping_seed_sd", "two_part",
    "two_way", "welch", "within_square",
]  # fmt: skip
