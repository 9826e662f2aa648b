"""Results folders as a run leaves them, from manifests and records that were made by hand."""

from __future__ import annotations


def written(root, manifest, records):
    """Write them under `root`; the suite's folder."""
    folder = root / manifest.suite
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(manifest.model_dump_json())
    for name, record in records.items():
        (root / "steps" / name).mkdir(parents=True, exist_ok=True)
        (root / "steps" / name / "record.json").write_text(record.model_dump_json())
    return folder


def worse(records, metric, row, by):
    """The records of `boards` with every value of one metric of one row lowered."""
    return {name: _lowered(record, metric, by) if _row(name) == row else record for name, record in records.items()}


def _row(name):
    """The label in `truth dpo on random labels 2`."""
    return name.partition(" ")[2].rpartition(" ")[0]


def _lowered(record, metric, by):
    if record.results is None:
        return record
    figures = [
        one.model_copy(update={"value": one.value - by, "values": [value - by for value in one.values]})
        if one.metric == metric
        else one
        for one in record.results.figures
    ]
    return record.model_copy(update={"results": record.results.model_copy(update={"figures": figures})})
