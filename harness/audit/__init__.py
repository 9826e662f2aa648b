"""An audit of a suite's data as its models will see them, before anything is trained: pure functions over examples."""

from harness.audit.audit import audit
from harness.audit.work import audit_work, encoder_of

__all__ = ["audit", "audit_work", "encoder_of"]
