"""Which golden cases a model may learn from, and which texts would give away the others."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from llmops_lab.golden import Case, GoldenSet
from llmops_lab.leakage import find_alike, find_leaks

TEACHING = frozenset({"train", "dev", "few-shot"})


def may_teach(case: Case) -> bool:
    """Only a case whose split says so: train, dev or few-shot. All others are held out."""
    return case.split in TEACHING


def gives_away(golden: GoldenSet | None, questions: Sequence[str]) -> list[str | None]:
    """For each question, the held-out case that it nearly repeats or holds, if any."""
    found: list[str | None] = [None] * len(questions)
    if golden is None or not questions:
        return found
    kept = replace(golden, cases=tuple(case for case in golden if not may_teach(case)), path=None)
    both = pl.concat([find_leaks(kept, questions), find_alike(kept, questions)])
    for case_id, place, _ in both.sort("likeness").iter_rows():
        found[place] = case_id  # the most alike comes last
    return found
