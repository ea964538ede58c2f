"""Golden sets in the formats of other tools: one file each."""

from llmops_lab.exporters._case_format import CaseFormat, case_formats

__all__ = ["CaseFormat", "case_formats"]
