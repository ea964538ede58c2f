"""What a target gives back, and what a scorer makes of it."""

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

from llmops_lab._cases.case import Json


@dataclass(frozen=True)
class Answer:
    """One answer of a target. What was not measured is None, never 0.

    `error` says why there is no answer. Times are seconds, `cost_usd` US dollars; without a
    `duration_s` of its own the answer gets the time that `evaluate` measured. `first_token`
    holds the probabilities of what its first token could be, where the server was asked, and
    `context` the documents that the target itself retrieved: an answer is then held against
    these, not against those of the case.
    """

    output: Json = None
    error: str | None = None
    finish_reason: str | None = None
    duration_s: float | None = None
    ttft_s: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    model: str | None = None
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    first_token: dict[str, float] = field(default_factory=dict[str, float])
    context: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Score:
    """What one scorer found in one answer.

    `value` runs from 0 (worst) to 1 (best); None where there was nothing to compare with, and
    then `reason` says so. `passed` is the scorer's own reading of the value. `error` tells of a
    scorer that failed itself. `parts` are the numbers behind the value, where there are some.
    """

    value: float | None = None
    passed: bool | None = None
    reason: str | None = None
    error: str | None = None
    name: str = ""
    parts: dict[str, float] = field(default_factory=dict[str, float])


def storable(answer: Answer) -> Answer:
    """The answer as it can be written and read again; what JSON cannot hold becomes an error.

    Half of a surrogate pair, which has no UTF-8, becomes a question mark.
    """
    try:
        msgspec.json.encode(answer)
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(answer), ensure_ascii=False)
        return msgspec.json.decode(text.encode("utf-8", "replace"), type=Answer)
    except TypeError as error:
        return Answer(error=f"the output must be a text or JSON: {error}")
    return answer
