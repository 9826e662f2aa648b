"""From records and their files to all that a page shows. Imports neither torch nor plugins."""

from harness.report.report import Answer, LearningCurve, Report, Sample, Surroundings

__all__ = ["Answer", "LearningCurve", "Report", "Sample", "Surroundings"]
