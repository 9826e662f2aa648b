"""Results to TensorBoard, MLflow or Weights & Biases: from what is on disk, and never while anything trains."""

from harness.export.exported import Exported
from harness.export.runs import Described, describe

__all__ = ["Described", "Exported", "describe"]
