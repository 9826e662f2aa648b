"""The ledger of a suite's data, as an audit recorded it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from harness.audit_record import NOTE, AuditRecord
from harness.records import Record, RunManifest


def audit_of(manifest: RunManifest, records: Mapping[str, Record]) -> tuple[AuditRecord | None, str]:
    """What the audit found, and why there is nothing where there is nothing.

    Args:
        manifest: of the run; one without an audit gives no reason either.
        records: by digest.
    """
    cell = manifest.audit
    if cell is None:
        return None, ""
    record = records.get(cell.digest or "")
    if record is None:
        return None, cell.reason or "its record is not in the results folder"
    try:
        return AuditRecord.model_validate(record.notes.get(NOTE)), ""
    except ValidationError:
        return None, "its record is of another release: run the suite again"
