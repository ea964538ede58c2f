"""What no field asks for is kept as JSON, whatever it is."""

import json

import msgspec
import pytest

from llmops_lab.ingest import read_traces
from llmops_lab.readers._rests import rests_of, spliced, told_values

SPAN = {
    "context.trace_id": "1" * 32,
    "context.span_id": "2" * 16,
    "span_kind": "LLM",
    "start_time": "2026-01-01T00:00:00Z",
}


def left_of(*spans: dict[str, object]) -> list[object]:
    """The attributes of spans of a Phoenix export."""
    lines = "\n".join(
        json.dumps({**SPAN, "context.span_id": f"{n:016x}", **span})
        for n, span in enumerate(spans, 1)
    )
    frame = read_traces(lines.encode(), format="phoenix").frame.sort("span_id").collect()
    return [text and json.loads(text) for text in frame["attributes"]]


@pytest.mark.parametrize("blank", ["null", '""', "[]", "{}"])
def test_a_value_that_says_nothing_is_left_out(blank):
    told = msgspec.Raw(b'"told"')
    raw = msgspec.Raw(blank.encode())
    assert list(told_values([raw, raw])) == [None, None]
    assert list(told_values([raw, told, None])) == [None, told, None]
    assert list(told_values([told, told])) == [told, told]
    assert list(told_values([json.loads(blank), 0, False])) == [None, 0, False]


def test_a_blank_inside_a_value_stays():
    inside = msgspec.Raw(b'{"a":null,"b":[]}')
    assert list(told_values([inside, msgspec.Raw(b"null")])) == [inside, None]


def test_a_row_of_gaps_is_no_object():
    columns = {"a": [1, None, None], 'quoted "b"': [None, None, "x"]}
    assert rests_of(columns, 3) == [b'{"a":1}', None, b'{"quoted \\"b\\"":"x"}']
    assert rests_of({"a": [None, None]}, 2) == [None, None]


def test_what_is_no_unicode_costs_no_other_value():
    found = rests_of({"a": ["\ud800", "plain"], "b": [1, 2]}, 2)
    assert [json.loads(text or b"") for text in found] == [
        {"a": "�", "b": 1},
        {"a": "plain", "b": 2},
    ]


def test_the_inner_of_two_members_of_one_name_holds():
    outer, inner = [b'{"a":1,"b":2}', None, b'{"a":3}'], [b'{"b":4}', b'{"c":5}', None]
    assert spliced(outer, inner, alike=True) == [b'{"a":1,"b":4}', b'{"c":5}', b'{"a":3}']


def test_attributes_lie_at_the_top():
    assert left_of(
        {"attributes.plan": "plus", "note": 1.50, "empty": ""},
        {"attributes": {"plan": "pro", "a": {"b": [None]}}, "note": None},
        {"attributes.plan": "plus", "attributes": {"plan": "pro"}},
    ) == [{"plan": "plus", "note": 1.5}, {"plan": "pro", "a": {"b": [None]}}, {"plan": "pro"}]


def test_attributes_that_are_no_object_are_kept():
    assert left_of({"attributes": "free text"}, {}) == [{"attributes": "free text"}, None]


def test_keys_beyond_what_a_struct_holds_are_kept():
    many = {f"attributes.key{i}": i for i in range(1000)}
    assert left_of(many) == [{f"key{i}": i for i in range(1000)}]
