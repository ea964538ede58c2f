"""read_traces: sources, detection, what is set aside, and what bad input says."""

import gzip
import io
import json
import pickle

import polars as pl
import pytest
import zstandard

from llmops_lab import LabError, read_traces
from llmops_lab.errors import ColumnError, FormatError, UnknownPartError

RUN = {
    "id": "1",
    "trace_id": "1",
    "name": "n",
    "run_type": "llm",
    "start_time": "2026-01-01T00:00:00Z",
    "prompt_tokens": 7,
}


def run(**changes):
    return {**RUN, **changes}


def lines(*records):
    return b"\n".join(r if isinstance(r, bytes) else json.dumps(r).encode() for r in records)


def test_a_path_bytes_an_open_file_gzip_and_zstd_read_alike(tmp_path):
    data = lines(run(), run(id="2"))
    (tmp_path / "a.jsonl").write_bytes(data)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(data))
    sources = [
        tmp_path / "a.jsonl",
        str(tmp_path / "b.jsonl.gz"),
        data,
        io.BytesIO(data),
        io.StringIO(data.decode()),
        zstandard.compress(data),
        [run(), run(id="2")],
    ]
    for source in sources:
        assert read_traces(source).spans["span_id"].to_list() == ["1", "2"]


def test_a_folder_and_a_glob_read_every_file_and_say_which(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.jsonl").write_bytes(lines(run()))
    (tmp_path / "deep/b.json").write_bytes(json.dumps([run(id="2")]).encode())
    (tmp_path / "notes.txt").write_text("not data")
    for source in (tmp_path, str(tmp_path / "**/*.json*")):
        spans = read_traces(source).spans
        assert spans["span_id"].sort().to_list() == ["1", "2"]
        assert {name[-4:] for name in spans["source_file"]} == {"sonl", "json"}


def test_frames_of_any_kind_read_like_records():
    import pandas as pd

    frame = pl.DataFrame([run(), run(id="2")])
    for source in (frame, frame.lazy(), pd.DataFrame([run(), run(id="2")]), frame.to_arrow()):
        assert read_traces(source).spans["input_tokens"].to_list() == [7, 7]


def test_any_table_reads_by_a_mapping(tmp_path):
    (tmp_path / "log.csv").write_text(
        "when,question,reply,who,ms,tokens\n"
        "2026-01-01 10:00:00,why?,because,u1,1500,12\n"
        '2026-01-01 10:00:05,"how, then?",so,u2,,7\n'
    )
    traces = read_traces(
        tmp_path / "log.csv",
        mapping={
            "start_time": "when",
            "input_text": "question",
            "output_text": "reply",
            "user_id": "who",
            "input_tokens": "tokens",
        },
    )
    assert traces.rows["input_text"].to_list() == ["why?", "how, then?"]
    assert traces.rows["input_tokens"].to_list() == [12, 7]
    assert traces.rows["user_id"].to_list() == ["u1", "u2"]
    assert json.loads(traces.spans["attributes"][0]) == {"ms": "1500"}


def test_a_mapping_that_names_nothing_says_what_there_is():
    table = pl.DataFrame({"q": ["x"]})
    with pytest.raises(LabError, match="question, which is no column of traces; there are: agent"):
        read_traces(table, mapping={"question": "q"})
    with pytest.raises(ColumnError, match="no column quest; there are: q"):
        read_traces(table, mapping={"input_text": "quest"})


def test_numbers_as_text_are_numbers_and_a_half_token_is_set_aside():
    traces = read_traces(
        lines(
            run(prompt_tokens="7"), run(id="2", prompt_tokens=8.0), run(id="3", prompt_tokens=8.5)
        )
    )
    assert traces.spans["input_tokens"].to_list() == [7, 8]
    [(file, line, reason)] = traces.rejected.rows()
    assert (file, line) == ("bytes", 3)
    assert reason == "prompt_tokens: 8.5 is not a whole number"


def test_a_cut_or_corrupt_line_is_set_aside_with_its_number():
    data = lines(run(), b'{"id": "2", "run_type": ', run(id="3"), b'{"id": "4"')
    traces = read_traces(data)
    assert traces.spans["span_id"].to_list() == ["1", "3"]
    assert traces.rejected["line"].to_list() == [2, 4]
    assert all(reason.startswith("not JSON") for reason in traces.rejected["reason"])


def test_a_corrupt_first_line_does_not_hide_the_others():
    traces = read_traces(lines(b'{"id": ', run(), run(id="2")))
    assert traces.spans.height == 2
    assert traces.rejected["line"].to_list() == [1]


def test_a_record_without_an_id_is_set_aside():
    traces = read_traces(lines(run(), run(id=None)))
    assert traces.rejected.select("line", "reason").rows() == [(2, "no span_id")]


def test_a_repeated_record_counts_once_and_the_ended_one_stays():
    traces = read_traces(
        lines(run(), run(end_time="2026-01-01T00:00:02Z"), run(), run(id="2", trace_id="2"))
    )
    assert traces.spans.select("span_id", "duration_s").rows() == [("1", 2.0), ("2", None)]
    assert traces.rejected.select("line", "reason").rows() == [
        (1, "repeats span 1 of record 2"),
        (3, "repeats span 1 of record 2"),
    ]


def test_a_key_that_appears_late_is_kept():
    traces = read_traces(lines(run(), run(id="2", later={"a": [1, 2]})))
    assert [json.loads(a) if a else None for a in traces.spans["attributes"]] == [
        None,
        {"later": {"a": [1, 2]}},
    ]


def bad_files():
    run_line = json.dumps([run(), run(id="2")]).encode()
    return {
        "empty": (b"", "is empty"),
        "blank": (b" \n\n", "is empty"),
        "only a mark": (b"\xfe\xff", "is empty"),
        "only a mark of UTF-8": (b"\xef\xbb\xbf", "neither JSON, CSV"),
        "photo": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a PNG image, not a trace export"),
        "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "is a JPEG image, not a trace export"),
        "login page": (
            b"\n<!DOCTYPE html><html>",
            "is an HTML page, not a trace export: is it the login",
        ),
        "zip": (b"PK\x03\x04\x14\0", "is a ZIP archive, not a trace export: unpack it first"),
        "workbook": (
            b"PK\x03\x04\x14\0xl/workbook.xml",
            "an Excel workbook, .*: save the sheet as CSV",
        ),
        "arrow": (b"ARROW1\0\0", "is an Arrow file, .*polars.read_ipc"),
        "pickle": (
            pickle.dumps([run()]),
            "is a Python pickle, not a trace export: it is never opened",
        ),
        "tar": (b"a" + b"\0" * 256 + b"ustar", "is a TAR archive"),
        "refusal": (b'{"error": "Unauthorized", "message": "no"}', "holds the error that an API"),
        "batch input": (
            b'{"custom_id": "a", "method": "POST", "url": "/v1", "body": {}}',
            "holds the requests of a batch, not its answers",
        ),
        "anthropic batch input": (
            b'{"custom_id": "a", "params": {"model": "m"}}',
            "holds the requests of a batch, not its answers",
        ),
        "gemini batch input": (
            b'{"key": "a", "request": {"contents": []}}',
            "holds the requests of a batch, not its answers",
        ),
        "tempo search": (
            b'{"traces": [{"traceID": "a", "rootTraceName": "x"}], "metrics": {}}',
            "holds what a search of Tempo found, not the traces; fetch each by its traceID",
        ),
        "sums": (
            b'{"num_prompts": 4, "duration": 1.0, "completed": 4}',
            "holds only the sums of a benchmark; run it again with --save-detailed",
        ),
        "by column": (json.dumps({"id": {"0": "a"}}).encode(), "add orient='records', lines=True"),
        "by row": (json.dumps({"0": run()}).encode(), "add orient='records', lines=True"),
        "cut json": (json.dumps(run()).encode()[:-30], "is not whole JSON: .* is the file cut off"),
        "cut gzip": (gzip.compress(run_line)[:-12], "is cut off"),
        "prose": (b"Dear all,\nplease find", "of no known format .its columns: Dear all, "),
        "other json": (b'{"colour": "red"}', "of no known format .its keys: colour.; pass format="),
        "other csv": (b"colour,size\nred,2\n", "of no known format .its columns: colour, size"),
        "no records": (b"[]", "holds no records"),
        "numbers": (b"[1, 2]", "holds no records"),
        "binary": (bytes(range(256)) * 4, "neither JSON, CSV nor Parquet"),
        "cut parquet": (b"PAR1\0\0\0", "damaged Parquet"),
    }


@pytest.mark.parametrize("what", bad_files())
def test_bad_input_gets_one_clear_sentence(what, tmp_path):
    data, says = bad_files()[what]
    path = tmp_path / "input.dat"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=says) as caught:
        read_traces(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_that_is_not_there_says_so(tmp_path):
    with pytest.raises(FormatError, match=r"nothing at .*give a file, a folder or a glob"):
        read_traces(tmp_path / "missing")
    with pytest.raises(FormatError, match=r"no .json, .* file .* in the folder"):
        read_traces(tmp_path)


def test_an_unknown_format_lists_those_there_are():
    with pytest.raises(
        UnknownPartError,
        match=r"'langfuze' \(did you mean langfuse\?\); there are: .*langfuse",
    ):
        read_traces(b"{}", format="langfuze")


def test_a_source_that_is_no_source_says_what_is():
    with pytest.raises(FormatError, match="cannot read traces from a int; give a path"):
        read_traces(3)


def test_calls_come_with_their_price_and_your_own_wins():
    from llmops_lab import Price

    call = run(
        prompt_tokens=1_000_000,
        completion_tokens=0,
        extra={"metadata": {"ls_model_name": "gpt-4o-mini"}},
    )
    [listed] = read_traces([call]).spans.to_dicts()
    assert listed["cost_usd"] == pytest.approx(0.15)
    own = {"gpt-4o-mini": Price(input_usd_per_mtok=3.0)}
    [mine] = read_traces([call], prices=own).spans.to_dicts()
    assert mine["cost_usd"] == pytest.approx(3.0)
