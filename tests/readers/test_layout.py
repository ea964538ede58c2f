"""Nested objects that are decoded into columns, against the same objects read one by one."""

import json
import random

import pytest
from polars.testing import assert_frame_equal

from llmops_lab import read_traces


def observations(chance, n, odd):
    """Langfuse's objects below `metadata`, `usageDetails` and `modelParameters`."""
    for i in range(n):
        attributes = {
            "user.id": f"u{i}",
            "gen_ai": {"request": {"top_p": 0.5}},
            f"k{i % 7}": [i, None],
        }
        yield {
            "id": f"s{i}",
            "traceId": "t",
            "startTime": "2026-01-01T00:00:00.000Z",
            "type": "GENERATION",
            "metadata": chance.choice(
                [{"attributes": attributes, "plan": {"a": "ü"}}, {}, None, *odd]
            ),
            "usageDetails": chance.choice([{"input": i, "output": 2, f"input_{i % 3}": 1}, None]),
            "modelParameters": chance.choice(['{"temperature": 0.5}', {"temperature": 0.2}]),
        }


MANY = [{f"key {n}": n for n in range(start, start + 90)} for start in (0, 90)]
RARE = [{"attributes": {f"rare {n}": {"a": n}}} for n in range(40)]
ODD = {
    "objects alone": [],
    "words, numbers and lists": ["words", 7, [1, {"a": 2}], '{"plan": 1}'],
    "more keys than a struct shall have": MANY,
    "keys that keep coming": RARE,
    "numbered keys": [{"attributes": {"llm.input_messages.0.message.content": "hi"}}],
    "names that no struct can have": [{'a"b': 1, "c\\d": {"e\n": 2}}],
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("seed", range(3))
def test_nested_objects_in_lines_read_as_the_same_objects_in_memory(odd, seed):
    records = list(observations(random.Random(seed), 400, odd))
    lines = "\n".join(map(json.dumps, records)).encode()
    ours, plain = read_traces(lines).spans, read_traces(records).spans
    assert ours["input_tokens"].sum() == sum(
        n for r in records for key, n in (r["usageDetails"] or {}).items() if "input" in key
    )
    told = [[json.loads(x or "{}") for x in spans["attributes"]] for spans in (ours, plain)]
    assert told[0] == told[1]
    assert any(told[0])
    others = ours.drop("attributes", "source_file")
    assert_frame_equal(others, plain.drop("attributes", "source_file"))
