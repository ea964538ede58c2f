"""Attribute lists by column, against the objects that plain Python makes of them."""

import json
import random

import msgspec
import polars as pl
import pytest

from llmops_lab import read_traces
from llmops_lab.readers._attributes import Attributes, attribute_tree
from llmops_lab.readers._otel_values import KeyValue

KEYS = ("gen_ai.request.model", "input.value", "my.key", "user.id", "temperature")
VALUES = (
    ({"stringValue": "a"}, "a"),
    ({"stringValue": ""}, ""),
    ({"intValue": "12"}, 12),
    ({"intValue": -7}, -7),
    ({"doubleValue": 0.5}, 0.5),
    ({"boolValue": False}, False),
    ({"arrayValue": {"values": [{"intValue": "3"}]}}, [3]),
    ({}, None),
)
DECODER = msgspec.json.Decoder(list[list[KeyValue] | None])


def written(items):
    return [{"key": key, "value": value} for key, (value, _) in items]


@pytest.mark.parametrize("n_shapes", [1, 3, 40])
@pytest.mark.parametrize("n_kinds", [1, len(VALUES)])
def test_objects_are_those_of_the_lists_whatever_their_keys_and_kinds(n_shapes, n_kinds):
    chance = random.Random(n_shapes)
    shapes = [chance.choices(KEYS, k=chance.randrange(6)) for _ in range(n_shapes)]
    rows = [
        [(key, chance.choice(VALUES[:n_kinds])) for key in chance.choice(shapes)] for _ in range(60)
    ]
    attributes = Attributes()
    for start in range(0, 60, 20):
        some = rows[start : start + 20]
        attributes.extend(DECODER.decode(json.dumps(list(map(written, some)))))
    wanted = [{key: plain for key, (_, plain) in row} for row in rows]
    assert list(attributes) == wanted
    tree = attribute_tree(attributes)
    assert tree is not None
    for key in tree.keys:
        assert tree.column(key) == [row.get(key) for row in wanted]


def spans_of(chance, n):
    """Spans of several shapes: numbered messages, a key that comes late, an exception."""
    for i in range(n):
        n_messages = chance.randrange(4)
        values = {"llm.token_count.prompt": {"intValue": str(i)}, "user.id": {"stringValue": "ü"}}
        for k in range(n_messages):
            stem = f"llm.input_messages.{k}.message"
            values[f"{stem}.role"] = {"stringValue": "user"}
            values[f"{stem}.content"] = {"stringValue": f'"{i}", {k}\n'}
        if i > n // 2:
            values["late"] = {"boolValue": True}
        if chance.random() < 0.2:
            values["user.id"] = {"intValue": 5}
        span = {
            "traceId": f"{i + 1:032x}",
            "spanId": f"{i + 1:016x}",
            "name": "chat",
            "startTimeUnixNano": "1767225600000000001",
            "attributes": [{"key": key, "value": value} for key, value in values.items()],
        }
        if i % 7 == 3:
            message = {"key": "exception.message", "value": {"stringValue": "no"}}
            span["events"] = [{"name": "exception", "attributes": [message]}]
        if i % 11 == 5:
            choice = {"key": "message", "value": {"stringValue": '{"content": "yes"}'}}
            span["events"] = [{"name": "gen_ai.choice", "attributes": [choice]}]
        if i > n // 3:
            span["links"] = [{"traceId": "1"}]
        yield span


def test_lines_of_many_shapes_give_what_their_spans_give_one_by_one():
    spans = list(spans_of(random.Random(7), 3_000))  # several pieces
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    documents = [
        {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans[i : i + 3]}]}]}
        for i in range(0, len(spans), 3)
    ]
    found = read_traces("\n".join(map(json.dumps, documents)).encode()).spans.sort("span_id")
    assert found["input_tokens"].to_list() == list(range(3_000))
    assert found["service_name"].unique().to_list() == ["shop"]
    assert found["error_message"].drop_nulls().len() == len(range(3, 3_000, 7)) - len(
        [i for i in range(3, 3_000, 7) if i % 11 == 5]
    )
    assert found.filter(output_text="yes").height == len(range(5, 3_000, 11))
    late = found["attributes"].str.json_path_match("$.late")
    assert late.is_not_null().sum() == 1_499
    alone = pl.concat(read_traces([document]).spans for document in documents[::100])
    same = found.filter(pl.col("span_id").is_in(alone["span_id"].implode()))
    told = ("input_messages", "input_text", "user_id", "error_message", "output_text")
    assert same.select(told).equals(alone.sort("span_id").select(told))
