"""Schema-valid manifests and records with figures drawn from a seeded generator, for tests of boards."""

from __future__ import annotations

import numpy as np

from harness.records import (
    Cell,
    Cost,
    FigureRecord,
    LedgerRecord,
    Provenance,
    Record,
    Results,
    RowManifest,
    RunManifest,
)

PROVENANCE = Provenance(started="2026-01-01T00:00:00+00:00", host={}, versions={}, plugins={})


def figure(
    metric, values, *, unit="fraction", higher=True, value=None, pseudo=False, best=None, about="", items="items 0"
):
    value = float(np.mean(values)) if value is None else value
    listed = None if values is None else [float(v) for v in values]
    return FigureRecord(
        metric=metric, value=value, unit=unit, higher_is_better=higher, items=items, values=listed, pseudo=pseudo,
        best=best, about=about,
    )  # fmt: skip


def evaluation(digest, figures, *, evaluator=None, items=None, counted=None, cost=None, n=None):
    n = n or next((len(f.values) for f in figures if f.values is not None), 10)
    sets = items if isinstance(items, dict) else {"items 0": items or [f"item {j}" for j in range(n)]}
    identity = {"evaluator": evaluator or figures[0].metric.split("/")[0]}
    results = Results(figures=figures, item_sets=sets, counted=counted or {})
    cost = cost or Cost(seconds=1.5, cpu_seconds=2.5, peak_bytes=2**30, sampled_tokens=100)
    return Record(
        kind="evaluate", digest=digest, identity=identity, payload=[], cost=cost, provenance=PROVENANCE, results=results
    )


def training(digest, *, cost=None, notes=None):
    cost = cost or Cost(seconds=16.0, cpu_seconds=31.0, peak_bytes=10**9, steps=48, prompts=3072, response_tokens=91000)
    return Record(
        kind="train", digest=digest, identity={}, payload=[], cost=cost, provenance=PROVENANCE, notes=notes or {}
    )


def row(
    label, cells, *, method=None, options=None, training=None, own=True, saw=("pairs",), distribution=None, **changes
):
    method = method or label
    learned = method not in {"base", "oracle", "checkpoint"}
    return RowManifest(
        **{"method": method, "kind": "method" if learned else "policy", **changes},
        label=label,
        options=options or {},
        training=(training or {"learning_rate": 0.0001, "schedule": "cosine", "clip": 1.0}) if learned else {},
        distribution=distribution or "alignment-harness",
        version="0.1.0",
        own=own,
        saw=list(saw),
        cells=cells,
    )


def manifest(rows, evaluators, **changes):
    fields = {
        "suite": "core",
        "description": "A miniature world whose truth is known.",
        "suite_digest": "0" * 32,
        "as_run": {},
        "rows": rows,
        "evaluators": evaluators,
        "ledgers": {
            "train, seed 0": LedgerRecord(read=3072, kept=3072, dropped={}, counted={}, named=[]),
            "test": LedgerRecord(read=320, kept=320, dropped={}, counted={}, named=[]),
        },
        "model": "made by the source world",
        "data": "world",
    }
    return RunManifest(**{**fields, **changes})


def one_metric(tables, *, metric="truth/score", unit="fraction", higher=True, again=None, of_rows=None, **changes):
    """A run of one evaluator and one metric.

    Args:
        tables: per row label: (S, N) values of a trained row, (N,) of the base or the oracle.
        again: label of an A/A row -> label of the row that it repeats, at seeds 100, 101, ...
        of_rows: label -> further fields of its `RowManifest`.
    """
    evaluator = metric.split("/")[0]
    rows, records = [], {}
    for label, table in tables.items():
        table = np.asarray(table, dtype=float)
        first = 100 if label in (again or {}) else 0
        seeds = [None] if table.ndim == 1 else list(range(first, first + len(table)))
        cells = []
        for seed, values in zip(seeds, np.atleast_2d(table), strict=True):
            if seed is not None:
                cells.append(Cell(what="train", seed=seed, digest=f"t {label} {seed}", state="done"))
                records[f"t {label} {seed}"] = training(f"t {label} {seed}")
            name = f"e {label} {seed}"
            cells.append(Cell(what=evaluator, seed=seed, digest=name, state="done"))
            records[name] = evaluation(name, [figure(metric, values, unit=unit, higher=higher)])
        rows.append(row(label, cells, again=(again or {}).get(label), **(of_rows or {}).get(label, {})))
    return manifest(rows, [evaluator], **changes), records


TRUTH = (
    ("win_rate_behaviour", "fraction", True, 0.56, 0.10, 0.743),
    ("win_rate_base", "fraction", True, 0.55, 0.10, 0.75),
    ("reward", "reward", True, 0.2, 0.6, 1.91),
    ("legitimate", "fraction", True, 0.995, 0.01, 1.0),
    ("kl_preferred", "nats", False, 0.12, 0.1, 0.0),
    ("reward_minus_kl_0.1", "reward", True, 0.15, 0.5, None),
    ("bayes_ceiling", "fraction", None, 0.81, 0.2, None),
)
PREFERENCE = (
    ("accuracy", "fraction", True, 0.66, 0.47, 0.81),
    ("auc", "fraction", True, 0.63, 0.8, None),
    ("margin", "nats", None, 0.9, 2.1, None),
    ("margin_sd", "nats", None, 2.1, 1.0, None),
    ("accuracy_logp", "fraction", True, 0.58, 0.49, None),
    ("accuracy_mean_logp", "fraction", True, 0.61, 0.48, None),
)
DRIFT = (
    ("kl", "nats", None, 1.4, 1.2, None),
    ("length", "tokens", None, 18.3, 6.0, None),
    ("entropy", "nats", None, 7.2, 1.4, None),
    ("unfinished", "fraction", False, 0.004, 0.05, None),
)
FAMILIES = {"preference": PREFERENCE, "truth": TRUTH, "drift": DRIFT}
ABOUT = {
    "accuracy": "Held-out pairs whose chosen response has more of the row's own score; ties half.",
    "win_rate_behaviour": "Chance that an answer of the policy is preferred to one of the behaviour distribution.",
    "kl": "KL(policy || reference) per response, estimated on the policy's own samples; neither good nor bad.",
}
SHIFTS = {
    "base": -0.6,
    "oracle": 0.1,
    "sft": -0.1,
    "rpo": 0.35,
    "dpo": -0.1,
    "ddro": -0.15,
    "dpo on random labels": -0.7,
}


def core(seeds=3, items=320, without=()):
    """A run that looks like that of the core suite: seven rows, three evaluators; the oracle cannot be sampled, one
    seed of ddro failed in training.

    Args:
        seeds: of every trained row.
        items: held out.
        without: (row label, seed) pairs whose training failed.
    """
    draw = np.random.default_rng(7)
    rows, records = [], {}
    for label, shift in SHIFTS.items():
        learned = label not in {"base", "oracle"}
        cells = []
        for seed in range(seeds) if learned else [None]:
            broken = (label, seed) in without
            state, reason = ("failed", "DataError: the loss is not finite at step 17") if broken else ("done", "")
            if learned:
                name = f"train {label} {seed}"
                cells.append(Cell(what="train", seed=seed, digest=name, state=state, reason=reason))
                if not broken:
                    records[name] = training(name)
            wander = draw.normal(0, 0.08)
            for evaluator, metrics in FAMILIES.items():
                name = f"{evaluator} {label} {seed}"
                if evaluator == "drift" and label == "oracle":
                    why = "the oracle has no language model"
                    cells.append(Cell(what=evaluator, seed=seed, digest=name, state="skipped", reason=why))
                    continue
                cells.append(Cell(what=evaluator, seed=seed, digest=name, state=state, reason=reason))
                if not broken:
                    records[name] = _evaluation(name, evaluator, metrics, draw, shift + wander, items)
        options = {"beta": 0.1} if label in {"dpo", "rpo", "dpo on random labels"} else {}
        lr = 0.0001 if label == "dpo" else 0.0005
        method = "random_labels" if label == "dpo on random labels" else label
        saw = {"base": [], "oracle": ["the truth"]}.get(label, ["pairs", "reference column"])
        settings = {"learning_rate": lr, "schedule": "cosine", "warmup": 0.1, "clip": 1.0, "lora": None}
        rows.append(row(label, cells, method=method, options=options, training=settings, saw=saw))
    return manifest(rows, list(FAMILIES)), records


def _evaluation(name, evaluator, metrics, draw, shift, items):
    figures = []
    for metric, unit, higher, centre, spread, best in metrics:
        sign = -1 if higher is False else 1
        values = draw.normal(centre + sign * shift * min(spread, 0.1), spread, items)
        values = np.clip(values, 0, 1) if unit == "fraction" else values
        figures.append(
            figure(f"{evaluator}/{metric}", values, unit=unit, higher=higher, best=best, about=ABOUT.get(metric, ""))
        )
    counted = {"pairs": items, "pairs tied": 2} if evaluator == "preference" else {}
    return evaluation(name, figures, counted=counted)
