import os

os.environ.setdefault("HARNESS_WORKERS", "1")
"""Commands that tests run keep to one process: that of the tests may have computed, and is then not to be forked."""
