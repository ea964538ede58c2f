"""The answer is JSON of the right shape, with the right values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from llmops_lab._cases.case import Case, Json
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import scorers

_FENCE = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n\s*```\s*$", re.DOTALL)


@scorers.register("json")
@dataclass(frozen=True)
class JsonFields:
    """The share of the expected fields that the answer's JSON has with the same value.

    With a JSON `schema` the answer has to fulfil it first. A case that expects nothing only has
    to give JSON. A code fence around the JSON is forgiven. All fields are needed to pass.
    """

    schema: Mapping[str, Any] | None = None
    name: str = "json"

    def score(self, case: Case, answer: Answer) -> Score:
        try:
            given = _parsed(answer.output)
        except (msgspec.DecodeError, RecursionError) as error:
            return Score(0.0, False, f"no JSON: {error}")
        if self.schema is not None and (wrong := _first_error(given, self.schema)):
            return Score(0.0, False, wrong)
        if case.expected is None:
            return Score(1.0, True)
        expected = _expected(case.expected)
        if not isinstance(expected, dict):
            return Score(float(given == expected), given == expected)
        there = given if isinstance(given, dict) else {}
        wrong = [key for key, value in expected.items() if there.get(key, _parsed) != value]
        value = 1 - len(wrong) / len(expected) if expected else 1.0
        return Score(value, not wrong, f"differs in {', '.join(wrong)}" if wrong else None)


def _parsed(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    fenced = _FENCE.match(value)
    return msgspec.json.decode(fenced[1] if fenced else value)


def _expected(value: Json) -> Json:
    try:
        return _parsed(value)
    except msgspec.DecodeError:
        return value


def _first_error(given: Json, schema: Mapping[str, Any]) -> str | None:
    from jsonschema.validators import validator_for

    error = next(validator_for(schema)(schema).iter_errors(given), None)
    return None if error is None else f"{error.json_path}: {error.message[:200]}"
