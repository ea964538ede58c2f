"""How an answer is scored: one file each."""

from llmops_lab.scorers._score import Scorer, scorers

__all__ = ["Scorer", "scorers"]
