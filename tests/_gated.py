"""Runs to gate: which cases are answered wrongly is said by position."""

from llmops_lab.evals import evaluate
from llmops_lab.golden import Case, GoldenSet


def golden_of(n, **fields):
    return GoldenSet(tuple(Case(f"q{i}", "yes", id=f"c{i:03}", **fields) for i in range(n)))


def run_of(wrong, golden=None, **options):
    """A run in which the cases at these positions are answered wrongly."""
    wrong_questions = {f"q{i}" for i in wrong}

    async def answer(question):
        return "no" if question in wrong_questions else "yes"

    return evaluate(answer, golden or golden_of(200), scorers=["exact"], **options)


def check(verdict, name):
    return next(check for check in verdict.checks if check.name == name)
