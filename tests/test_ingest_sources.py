"""Sources beyond a file: addresses, data sets, our own Parquet; and exports that look cut."""

import http.server
import json
import threading
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from llmops_lab import read_traces
from llmops_lab.errors import FormatError, MissingExtraError, TruncationWarning


def run(span_id="1", **changes):
    return {
        "id": span_id,
        "trace_id": span_id,
        "name": "n",
        "run_type": "llm",
        "start_time": "2026-01-01T00:00:00Z",
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "inputs": {"question": "why?"},
        "tags": ["a", "b"],
        "feedback_stats": {"thumb": {"n": 1, "avg": 0.0}},
        **changes,
    }


def lines(*records):
    return "\n".join(json.dumps(record) for record in records).encode()


def ids(traces):
    return sorted(traces.spans["span_id"])


@pytest.fixture
def web(tmp_path):
    """A folder served on loopback: (address, folder)."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.func.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", tmp_path
        server.shutdown()
        thread.join()


def test_a_web_address_reads_and_a_missing_one_says_so_without_its_secret(web):
    address, folder = web
    (folder / "a.jsonl").write_bytes(lines(run("1"), run("2")))
    assert ids(read_traces(f"{address}/a.jsonl")) == ["1", "2"]
    with pytest.raises(FormatError, match=r"cannot read http://.*/b\.jsonl: ") as caught:
        read_traces(f"{address}/b.jsonl?signature=secret")
    assert "secret" not in str(caught.value).split(": ")[0]


def test_any_fsspec_file_system_reads_files_folders_and_globs():
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/exports/a.jsonl", lines(run("1")))
    memory.pipe("/exports/deep/b.jsonl", lines(run("2")))
    memory.pipe("/exports/notes.txt", b"not data")
    assert ids(read_traces("memory://exports/a.jsonl")) == ["1"]
    assert ids(read_traces("memory://exports")) == ["1", "2"]
    assert ids(read_traces("memory://exports/*.jsonl")) == ["1"]
    with pytest.raises(FormatError, match="cannot read memory://nowhere: nothing at"):
        read_traces("memory://nowhere")


def test_an_address_without_its_driver_names_the_extra():
    with pytest.raises(MissingExtraError, match=r"pip install 'llmops-lab\[remote\]'"):
        read_traces("quux://bucket/a.jsonl")


def test_s3_reads_from_a_server_on_loopback(monkeypatch):
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    import s3fs

    bucket = s3fs.S3FileSystem()
    bucket.mkdir("traces")
    bucket.pipe("traces/2026/a.jsonl", lines(run("1")))
    bucket.pipe("traces/2026/b.jsonl", lines(run("2")))
    assert ids(read_traces("s3://traces/2026/a.jsonl")) == ["1"]
    assert ids(read_traces("s3://traces/2026")) == ["1", "2"]
    assert ids(read_traces("s3://traces/*/*.jsonl")) == ["1", "2"]
    server.stop()


def same(a, b):
    return a.spans.equals(b.spans) and a.scores.equals(b.scores) and a.rows.equals(b.rows)


def test_written_parquet_reads_back_whole_priced_and_scored(tmp_path):
    from llmops_lab import Price

    own = {"m": Price(input_usd_per_mtok=3.0)}
    call = run(extra={"metadata": {"ls_model_name": "m"}})
    first = read_traces(lines(call, b"broken".decode()), prices=own)
    folder = first.write_parquet(tmp_path / "cache")
    again = read_traces(folder)
    assert same(first, again)
    assert first.rejected.equals(again.rejected)
    assert again.spans["cost_usd"].to_list() == [pytest.approx(21e-6)]
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        f"{name}.parquet"
        for name in ("spans", "scores", "guardrails", "documents", "embeddings", "rejected")
    )
    lazy = read_traces(pl.scan_parquet(folder / "spans.parquet"))
    assert lazy.spans.equals(first.spans)


def test_a_dataset_goes_out_and_comes_back():
    first = read_traces([run("1"), run("2")])
    dataset = first.to_dataset()
    assert dataset.num_rows == 2
    assert read_traces(dataset).spans.equals(first.spans)


def test_datasets_of_any_kind_read_as_rows(tmp_path):
    from datasets import Dataset, DatasetDict

    dataset = Dataset.from_list([run("1"), run("2")])
    assert ids(read_traces(dataset)) == ["1", "2"]
    assert ids(read_traces(dataset.to_iterable_dataset())) == ["1", "2"]
    assert ids(read_traces(DatasetDict(a=dataset.select([0]), b=dataset.select([1])))) == ["1", "2"]


def test_a_name_on_the_hub_streams(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    (tmp_path / "set").mkdir()
    (tmp_path / "set/train.jsonl").write_bytes(lines(run("1"), run("2")))
    # A folder is the one data set that opens without a network.
    assert ids(read_traces(f"hf://datasets/{tmp_path / 'set'}@train")) == ["1", "2"]


@pytest.mark.parametrize(("n", "is_cut"), [(99, False), (100, True), (101, False)])
def test_an_export_of_exactly_a_page_warns(n, is_cut, recwarn):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.filters", [("always", None, Warning, None, 0)])
        read_traces(lines(*(run(str(i)) for i in range(n))))
    cuts = [w for w in recwarn if issubclass(w.category, TruncationWarning)]
    assert len(cuts) == is_cut
    if is_cut:
        assert "holds exactly 100 records" in str(cuts[0].message)


def test_a_file_that_is_no_export_does_not_spoil_a_folder(tmp_path):
    """As Opik leaves it: `projects/<id>/trace_<uuid>.json` beside `project.json`."""
    folder = tmp_path / "projects" / "7"
    folder.mkdir(parents=True)
    (folder / "project.json").write_text('{"id": "7", "name": "demo"}')
    (folder / "notes.csv").write_text("")
    (folder / "spans.parquet").write_bytes(b"PAR1 and no more")
    trace = {"id": "t", "name": "chat", "start_time": "2026-01-01T00:00:00Z", "input": {"q": "hi"}}
    span = {"id": "s", "trace_id": "t", "type": "llm", "start_time": "2026-01-01T00:00:00Z"}
    (folder / "trace_t.json").write_text(json.dumps({"trace": trace, "spans": [span]}))
    traces = read_traces(tmp_path)
    assert set(traces.rows["trace_id"]) == {"t"}
    files = [Path(name).name for name in traces.rejected["source_file"]]
    assert files == ["notes.csv", "project.json", "spans.parquet"]
    assert traces.rejected["line"].to_list() == [None] * 3
    assert "of no known format (its keys: id, name)" in traces.rejected["reason"][1]


def test_a_folder_without_any_export_says_why(tmp_path):
    (tmp_path / "a.json").write_text('{"id": "7"}')
    (tmp_path / "b.json").write_text("")
    with pytest.raises(FormatError, match=r"a.json is of no known format .*; pass format="):
        read_traces(tmp_path)


def test_an_empty_path_and_json_for_a_path_are_named():
    with pytest.raises(FormatError, match="the path is empty; is a variable unset"):
        read_traces("")
    with pytest.raises(FormatError, match="pass the text as bytes"):
        read_traces('{"id": "a"}')


def test_a_file_address_with_escaped_spaces_is_a_path_of_this_machine(tmp_path):
    path = tmp_path / "my ü export.jsonl"
    path.write_text('{"id": "a", "traceId": "t", "type": "SPAN", "startTime": "2026-01-01T00:00Z"}')
    assert "%20" in path.as_uri()
    assert read_traces(path.as_uri()).spans["span_id"].to_list() == ["a"]
