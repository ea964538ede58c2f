"""Files in pieces: where pieces end changes nothing, nor does the way a block is decoded."""

import gzip
import json
from itertools import pairwise

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from llmops_lab import read_traces
from llmops_lab.readers._compression import plain_pieces
from llmops_lab.readers._records import Lines
from llmops_lab.readers._split import split_json
from llmops_lab.readers._stream import Stream

texts = st.lists(
    st.sampled_from([b'{"id":1}', b"", b"x", b"\n", b"\r\n", b'{"id":2}\n']), max_size=12
)


def cut(data, places):
    ends = sorted({0, len(data), *(place for place in places if place < len(data))})
    return [data[a:b] for a, b in pairwise(ends)]


@given(parts=texts, places=st.lists(st.integers(0, 60), max_size=6))
def test_blocks_are_whole_lines_and_lose_nothing(parts, places):
    data = b"".join(parts)
    blocks = list(Stream(cut(data, places)).blocks())
    assert b"".join(blocks) == data
    assert all(block.endswith(b"\n") for block in blocks[:-1])


@given(size=st.integers(9, 60))
def test_lines_keep_their_numbers_wherever_a_block_ends(size):
    data = b"\n".join(b'{"id":%d}' % n for n in range(1, 30))
    batches = list(split_json(Stream(cut(data, range(0, len(data), size))), "x"))
    assert all(isinstance(batch, Lines) for batch in batches)
    assert [r.line for batch in batches for r in batch.records()] == list(range(1, 30))
    assert [json.loads(r.data)["id"] for b in batches for r in b.records()] == list(range(1, 30))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@given(places=st.lists(st.integers(8, 300), max_size=6))
def test_packed_files_unpack_wherever_their_pieces_end(pack, places):
    data = b'{"id": 1}\n' * 500
    packed = pack(data[:2000]) + pack(data[2000:])
    assert b"".join(plain_pieces(iter(cut(packed, places)), "x")) == data


def observation(n, **changes):
    return {
        "id": f"o{n}",
        "traceId": "t",
        "type": "GENERATION",
        "startTime": "2026-01-01T00:00:00Z",
        "usageDetails": {"input": n, "input_cached": 1},
        "metadata": {"plan": "plus", "attributes": {"user.id": "u", "other": n}},
        "input": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "é \n 😀"},
        ],
        "output": {"role": "assistant", "content": 'a "quoted" text'},
        **changes,
    }


PLAIN = [observation(1), observation(2, input="text"), observation(3, output=None)]
ODD = [
    observation(4, input=[{"role": "user", "content": [{"type": "text", "text": "part"}]}]),
    observation(4, output={"answer": 7}, surprise={"deep": [1]}),
    observation(4, input=[{"role": "user", "content": ""}, {"role": "tool", "content": "x"}]),
    observation(4, output=1.5, usageDetails={"input": "5"}),
    observation(4, input='{"question": "in JSON"}', tags=["a", 1]),
]


def compact(record):
    return json.dumps(record, separators=(",", ":"))


def spans(records):
    return read_traces("\n".join(map(compact, records)).encode()).spans.drop("source_file")


@pytest.mark.parametrize("odd", ODD)
def test_a_line_of_another_shape_changes_no_other_line(odd):
    together = spans([*PLAIN, odd])
    assert_frame_equal(together[:3], spans(PLAIN))
    assert_frame_equal(
        together[3:], spans([odd, odd])[:1].with_columns(source_row=together[3:]["source_row"])
    )


@pytest.mark.parametrize("odd", ODD)
def test_lines_and_objects_read_alike(odd):
    records = [*PLAIN, odd]
    assert_frame_equal(spans(records), read_traces(records).spans.drop("source_file"))


def test_plain_messages_are_read_as_messages():
    row = spans(PLAIN).row(0, named=True)
    assert row["input_text"] == "é \n 😀"
    assert row["system_instructions"] == "be brief"
    assert row["output_text"] == 'a "quoted" text'
    assert json.loads(row["input_messages"]) == [
        {"role": role, "parts": [{"type": "text", "content": text}]}
        for role, text in (("system", "be brief"), ("user", "é \n 😀"))
    ]
    assert row["input_tokens"] == 2
    assert json.loads(row["attributes"]) == {
        "metadata": {"plan": "plus", "attributes": {"other": 1}}
    }


def labelled(n, messages):
    return {
        "context.span_id": f"{n:016x}",
        "context.trace_id": f"{1:032x}",
        "span_kind": "LLM",
        "start_time": f"2026-01-01T00:00:00.00{n}Z",
        "attributes.llm.input_messages": messages,
    }


def test_openinference_messages_read_alike_from_lines_and_objects():
    plain = [
        {"message.role": "system", "message.content": "brief"},
        {"message.role": "user", "message.content": "é"},
    ]
    call = [{"message.role": "assistant", "message.tool_calls": [{"tool_call.function.name": "f"}]}]
    for second in (plain, call, "text", None, []):
        records = [labelled(1, plain), labelled(2, second)]
        read = spans(records)
        assert_frame_equal(read, read_traces(records).spans.drop("source_file"))
        assert read["input_text"][0] == "é"
        assert read["system_instructions"][0] == "brief"


def test_times_of_one_form_and_of_several_read_alike():
    forms = ["2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.250Z", "2026-01-01T01:00:00.125+01:00"]
    wanted = [500_000, 250_000, 125_000]
    for form, microsecond in zip(forms, wanted, strict=True):
        together = spans([observation(n, startTime=text) for n, text in enumerate(forms)])
        alone = spans([observation(1, startTime=form), observation(2, startTime=form)])
        assert together["start_time"].dt.microsecond().to_list() == wanted
        assert alone["start_time"].dt.microsecond().to_list() == [microsecond] * 2


def test_a_time_that_only_looks_like_the_others_is_set_aside():
    records = [
        observation(1, startTime="2026-01-01T00:00:00.250Z"),
        observation(2, startTime="2026-01-01T00:00:00.+25Z"),
    ]
    traces = read_traces("\n".join(map(compact, records)).encode())
    assert traces.spans["span_id"].to_list() == ["o1"]
    assert traces.rejected["line"].to_list() == [2]


def test_otlp_lines_read_alike_one_by_one_and_at_once():
    def request(n, **changes):
        value = {"stringValue": "hi"} if n % 2 else {"intValue": "7"}
        span = {
            "traceId": f"{1:032x}",
            "spanId": f"{n:016x}",
            "attributes": [
                {"key": "gen_ai.usage.input_tokens", "value": {"intValue": str(n)}},
                {"key": "input.value", "value": value},
            ],
            **changes,
        }
        scope = {"scope": {"name": "s"}, "spans": [span]}
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}

    usual = [request(n) for n in range(1, 5)]
    odd = request(
        9,
        unheard={"of": 1},
        attributes=[{"key": "gen_ai.usage.input_tokens", "value": {"intValue": 9}}],
        events=[
            {
                "name": "gen_ai.user.message",
                "attributes": [{"key": "content", "value": {"stringValue": "asked"}}],
            }
        ],
    )
    together = spans([*usual, odd])
    assert together["source_row"].to_list() == [1, 2, 3, 4, 5]
    assert together["service_name"].to_list() == ["shop"] * 5
    assert_frame_equal(together[:4], spans(usual))
    assert together["input_text"].to_list() == ["hi", "7", "hi", "7", "asked"]
    assert together["input_tokens"].to_list() == [1, 2, 3, 4, 9]
