"""Golden sets and results in the formats of other tools: one file each."""

from llmops_lab.exporters._case_format import CaseFormat, case_formats
from llmops_lab.exporters._run_format import RunFormat, run_formats

__all__ = ["CaseFormat", "RunFormat", "case_formats", "run_formats"]
