"""The answer means about the same as the expected one."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.embedders._embedder import Matrix, embedders
from llmops_lab.scorers._score import compared, scorers


@scorers.register("similarity")
@dataclass(frozen=True)
class Similarity:
    """Cosine of the embeddings of answer and expected text, negative ones as 0.

    It knows topics, not truth: "opens at 9" and "opens at 10" are alike. Set `threshold` by
    looking at scored answers.
    """

    threshold: float = 0.5
    embedder: str = "wordllama"
    name: str = "similarity"
    needs_expected: ClassVar[bool] = True

    def score(self, case: Case, answer: Answer) -> Score:
        return compared(case, answer, self._cosine, threshold=self.threshold)

    def _cosine(self, given: str, expected: str) -> float:
        product = float(np.vdot(_vector(given, self.embedder), _vector(expected, self.embedder)))
        # Rounding may carry the cosine of two equal texts a hair beyond 1.
        return min(max(product, 0.0), 1.0)


@lru_cache(maxsize=4096)
def _vector(text: str, embedder: str) -> Matrix:
    return embedders[embedder]([text])[0]
