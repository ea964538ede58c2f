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
