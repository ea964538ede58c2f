"""The answer keeps to limits of length, time and money."""

from dataclasses import dataclass

from llmops_lab._cases.case import Case, as_text
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import scorers


@scorers.register("length")
@dataclass(frozen=True)
class Length:
    """1 when the answer has from `least` to `most` words, less in proportion outside."""

    least: int = 1
    most: int = 300
    name: str = "length"

    def score(self, case: Case, answer: Answer) -> Score:
        words = len(as_text(answer.output).split())
        if words < self.least:
            return Score(words / self.least, False, f"{words} words, {self.least} at least")
        return _within(words, self.most, "words")


@scorers.register("latency")
@dataclass(frozen=True)
class Latency:
    """1 when the answer took at most `most_s` seconds, less in proportion beyond."""

    most_s: float = 5.0
    name: str = "latency"

    def score(self, case: Case, answer: Answer) -> Score:
        return _within(answer.duration_s, self.most_s, "s")


@scorers.register("cost")
@dataclass(frozen=True)
class Cost:
    """1 when the answer cost at most `most_usd` dollars, less in proportion beyond."""

    most_usd: float = 0.01
    name: str = "cost"

    def score(self, case: Case, answer: Answer) -> Score:
        return _within(answer.cost_usd, self.most_usd, "dollars")


def _within(value: float | None, most: float, unit: str) -> Score:
    if value is None:
        return Score(reason="not measured")
    kept = value <= most
    reason = None if kept else f"{value:.4g} {unit}, {most:g} at most"
    return Score(1.0 if kept else most / value, kept, reason)
