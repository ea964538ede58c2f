"""Troubles that real exports have: each record is read or set aside, and the counts add up."""

import gzip
import json

import pytest
import zstandard

from llmops_lab import read_traces
from llmops_lab.errors import FormatError


def run(span_id="1", **changes):
    return {
        "id": span_id,
        "trace_id": "t",
        "name": "n",
        "run_type": "llm",
        "start_time": "2026-01-01T00:00:00Z",
        "prompt_tokens": 7,
        **changes,
    }


def line(*args, **changes):
    return json.dumps(run(*args, **changes)).encode()


def read(*lines, separator=b"\n"):
    """Traces of these lines; checks that no line is lost."""
    data = separator.join(lines)
    traces = read_traces(data)
    there = sum(1 for each in data.split(b"\n") if each.strip())
    assert traces.spans.height + traces.rejected.height == there
    return traces


def ids(traces):
    return traces.spans["span_id"].to_list()


def test_a_byte_order_mark_is_no_part_of_the_first_record():
    assert ids(read(b"\xef\xbb\xbf" + line("1"), line("2"))) == ["1", "2"]


def test_utf_16_reads():
    text = "\n".join([line("1").decode(), line("2", name="né").decode()])
    assert ids(read_traces(text.encode("utf-16"))) == ["1", "2"]


def test_windows_line_ends_and_blank_lines_are_no_records():
    assert ids(read(line("1"), b"", line("2"), b"  ", separator=b"\r\n")) == ["1", "2"]


def test_a_file_without_a_final_newline_keeps_its_last_record():
    assert ids(read(line("1"), line("2"))) == ids(read(line("1"), line("2"), b""))


def test_bad_utf_8_becomes_the_mark_for_unreadable_text():
    traces = read(line("1"), line("2", name="caf@").replace(b"caf@", b"caf\xe9"))
    assert traces.spans["name"].to_list() == ["n", "caf�"]


def test_a_lone_surrogate_becomes_the_mark_for_unreadable_text():
    bad = line("2", name="NAME").replace(b"NAME", rb"half \ud83d pair")
    traces = read(line("1"), bad, line("3", name="NAME").replace(b"NAME", rb"whole \ud83d\ude00"))
    assert traces.spans["name"].to_list() == ["n", "half � pair", "whole 😀"]


def test_a_nan_literal_is_a_gap():
    bad = line("2", total_cost="X").replace(b'"X"', b"NaN")
    assert read(line("1"), bad).spans["cost_reported_usd"].to_list() == [None, None]


def test_of_duplicate_keys_the_last_counts():
    bad = line("2").replace(b'"name": "n"', b'"name": "a", "name": "b"')
    assert read(line("1"), bad).spans["name"].to_list() == ["n", "b"]


def test_an_array_line_is_set_aside():
    traces = read(line("1"), b"[1, 2]", b'"text"', b"3", b"null", line("2"))
    assert ids(traces) == ["1", "2"]
    assert traces.rejected["line"].to_list() == [2, 3, 4, 5]
    assert set(traces.rejected["reason"]) == {"not an object"}


def test_pretty_printed_documents_read_one_array_or_one_after_another():
    records = [run("1"), run("2")]
    assert ids(read_traces(json.dumps(records, indent=2).encode())) == ["1", "2"]
    several = "\n".join(json.dumps(r, indent=2) for r in records).encode()
    assert ids(read_traces(several)) == ["1", "2"]
    cut = read_traces(several[:-20])
    assert ids(cut) == ["1"]
    assert cut.rejected.height == 1


@pytest.mark.slow
def test_a_line_of_64_megabytes_reads_byte_exact():
    text = "x" * (64 << 20)
    traces = read(line("1"), line("2", inputs={"question": text}))
    assert traces.spans["input_text"].to_list() == [None, text]


def test_depth_200_reads_and_depth_100_000_is_set_aside():
    deep = b"[" * 200 + b"]" * 200
    abyss = b"[" * 100_000 + b"]" * 100_000
    lines = [line(str(n), extra_key="X").replace(b'"X"', d) for n, d in ((1, deep), (2, abyss))]
    traces = read(*lines, line("3"))
    assert ids(traces)[0] == "1"
    assert ids(traces)[-1] == "3"
    nested = json.loads(traces.spans["attributes"][0])["extra_key"]
    assert json.dumps(nested).encode() == deep


def test_numbers_as_strings_are_numbers():
    traces = read(line("1", prompt_tokens="7", total_cost="0.5"), line("2", prompt_tokens=" 8 "))
    assert traces.spans["input_tokens"].to_list() == [7, 8]
    assert traces.spans["cost_reported_usd"].to_list() == [0.5, None]


@pytest.mark.parametrize("value", [[1], {"a": 1}, "seven", 1e300, 2**70, "1e400"])
def test_what_is_no_count_of_tokens_is_set_aside_with_the_reason(value):
    traces = read(line("1"), line("2", prompt_tokens=value))
    assert ids(traces) == ["1"]
    assert traces.rejected["reason"][0].startswith("prompt_tokens: ")


@pytest.mark.parametrize("value", ["yesterday", [1, 2, 3], {"a": 1}, 1e30, "2026-13-45T00:00:00Z"])
def test_what_is_no_time_is_set_aside_with_the_reason(value):
    traces = read(line("1"), line("2", start_time=value))
    assert ids(traces) == ["1"]
    assert traces.rejected["reason"][0].startswith("start_time: ")


def test_duplicate_records_count_once_and_are_listed():
    traces = read(line("1"), line("1"), line("1"))
    assert ids(traces) == ["1"]
    assert traces.rows["input_tokens"].to_list() == [7]
    assert traces.rejected.height == 2


def test_lines_of_other_schemas_are_set_aside_not_guessed():
    other = json.dumps({"resourceSpans": []}).encode()
    traces = read(line("1"), other, b"{}", line("2", surprise={"deep": [1]}))
    assert ids(traces) == ["1", "2"]
    assert traces.rejected["reason"].to_list() == ["no span_id", "no span_id"]


def test_a_document_without_spans_is_set_aside():
    empty = json.dumps({"resourceSpans": []}).encode()
    traces = read_traces(b"\n".join([empty, empty]))
    assert traces.spans.height == 0
    assert traces.rejected["reason"].to_list() == ["holds no spans", "holds no spans"]


def test_a_key_of_its_own_in_every_record_does_not_fill_the_memory():
    lines = [line(str(n), **{f"key {n}": n}) for n in range(3000)]
    traces = read(*lines)
    assert json.loads(traces.spans["attributes"][2999]) == {"key 2999": 2999}
    assert json.loads(traces.spans["attributes"][0]) == {"key 0": 0}


def test_keys_of_any_characters_are_kept():
    key = 'quote " slash \\ newline \n'
    traces = read(line("1"), line("2", **{key: "kept"}))
    assert json.loads(traces.spans["attributes"][1]) == {key: "kept"}


def test_texts_keep_every_character():
    text = 'tab\t newline\n quote" slash\\ nul\0 é 漢 😀 \u2028 <script>'
    traces = read(line("1", inputs={"question": text}, outputs={"answer": text}))
    assert traces.spans.select("input_text", "output_text").row(0) == (text, text)


def test_a_csv_row_with_too_many_cells_is_set_aside():
    header = b"TIMESTAMP,ContextTokens,GeneratedTokens\n"
    table = header + b"2026-01-01,1,2\n2026-01-01,1,2,3\n2026-01-02,5,x\n"
    traces = read_traces(table)
    assert traces.spans["input_tokens"].to_list() == [1]
    assert sorted(traces.rejected.select("line", "reason").rows()) == [
        (3, "4 cells under 3 column names"),
        (4, "GeneratedTokens: 'x' is not a number"),
    ]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_compression_bomb_is_refused_with_its_ratio(pack):
    bomb = pack(b"0" * (300 << 20))
    with pytest.raises(FormatError, match=r"swells [\d,]+ times when decompressed"):
        read_traces(bomb)


def test_every_rejection_names_its_file(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_bytes(line(name) + b"\n{broken\n")
    traces = read_traces(tmp_path)
    assert traces.rejected.select("source_file", "line").rows() == [
        (str(tmp_path / "a.jsonl"), 2),
        (str(tmp_path / "b.jsonl"), 2),
    ]


def test_objects_of_an_sdk_read_like_their_dicts():
    class Run:
        def model_dump(self):
            return run("1")

    assert ids(read_traces([Run(), run("2")])) == ["1", "2"]


def test_odd_objects_in_a_list_are_set_aside():
    traces = read_traces([run("1"), 3, None, {1: 2}, run("2", extra_key=float("nan"))])
    assert ids(traces) == ["1", "2"]
    assert traces.rejected.height == 3


def test_a_line_that_breaks_after_a_key_no_other_line_has_is_one_rejection():
    lines = [json.dumps({**OBSERVATION_KEYS, "id": str(n)}) for n in range(3)]
    lines.append(json.dumps({**OBSERVATION_KEYS, "id": "x", "brandNew": 1}) + ",")
    traces = read_traces("\n".join(lines).encode())
    assert traces.spans["span_id"].to_list() == ["0", "1", "2"]
    assert traces.rejected["line"].to_list() == [4]


OBSERVATION_KEYS = {"traceId": "t", "type": "SPAN", "startTime": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize("time", ["9999-12-31T00:00:00Z", [9223372037.0, 0], "9223372036854775807"])
def test_a_time_beyond_what_nanoseconds_hold_is_one_rejection(time):
    runs = [{"id": "a", "run_type": "llm", "start_time": "2026-01-01T00:00:00Z"}]
    traces = read_traces([*runs, {**runs[0], "id": "b", "start_time": time}])
    assert traces.spans["span_id"].to_list() == ["a"]
    assert "start_time" in traces.rejected["reason"][0]
