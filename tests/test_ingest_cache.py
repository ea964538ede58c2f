"""The cache of exports: the same traces again, for the owner alone, whole or not at all."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest
from polars.testing import assert_frame_equal

from llmops_lab import LabError, clear_cache, read_traces, summarize
from llmops_lab._ingest.on_disk import Sizes, open_parts, write_parts
from llmops_lab._ingest.one_file import read_all
from llmops_lab._spans.schema import SIDE_TABLES
from llmops_lab.errors import TruncationWarning
from llmops_lab.pricing import Price
from llmops_lab.readers._sources import contents


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")


def observation(n, **changes):
    return {
        "id": f"o{n}",
        "traceId": f"t{n // 3}",
        "parentObservationId": None if n % 3 == 0 else f"o{n - n % 3}",
        "type": "GENERATION",
        "startTime": f"2026-01-01T00:{n // 60 % 60:02}:{n % 60:02}.000Z",
        "model": "gpt-4o",
        "usageDetails": {"input": n, "output": 2},
        "input": [{"role": "user", "content": f"question {n}"}],
        "output": {"role": "assistant", "content": "answer"},
        **changes,
    }


def lines(*records):
    return "\n".join(r if isinstance(r, str) else json.dumps(r) for r in records).encode()


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "export.jsonl"
    repeats = observation(4, endTime="2026-01-01T01:00:00.000Z")
    records = [
        *map(observation, range(30)),
        "{broken",
        repeats,
        observation(31, usageDetails={"input": "x"}),
    ]
    path.write_bytes(lines(*records))
    return path


def assert_same(left, right):
    assert_frame_equal(left.spans, right.spans)
    for name in SIDE_TABLES:
        assert_frame_equal(getattr(left, name), getattr(right, name))


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_second_read_gives_the_same_traces_and_rejections(export, tmp_path):
    plain = read_traces(export)
    assert plain.rejected.height == 3
    assert_same(read_traces(export, cache=tmp_path / "cache"), plain)
    before = entries(tmp_path / "cache")
    assert_same(read_traces(export, cache=tmp_path / "cache"), plain)
    assert entries(tmp_path / "cache") == before


@pytest.mark.parametrize("name", [
    "langfuse/autogen-2025-06-06.trace.json", "otlp/rag_earnings_agent.json",
    "langsmith/sample_runs_flat.json", "mlflow/search_traces_records.jsonl.gz", "phoenix",
])  # fmt: skip
def test_real_files_come_out_of_the_cache_as_they_are_read(name, shared, tmp_path):
    path = shared / "traces" / name
    plain = read_traces(path)
    assert_same(read_traces(path, cache=tmp_path), plain)


@pytest.mark.parametrize("share", [7, 1000])
def test_traces_built_a_share_at_a_time_in_many_files_are_the_same(share, export, tmp_path):
    copies = []
    for n in (2, 0, 1):
        copies.append(tmp_path / f"{n}.jsonl")
        copies[-1].write_bytes(export.read_bytes().replace(b'"t1', f'"{n}t1'.encode()))
    folder = tmp_path / "parts"
    folder.mkdir()
    write_parts(read_all(contents(copies), None, None), folder, None, Sizes(0, share))
    assert len(list(folder.glob("spans-*.parquet"))) == 3
    assert_same(open_parts(folder, "files"), read_traces(copies))


def test_spans_without_trace_ids_are_kept_right(tmp_path):
    records = [observation(n, traceId=None) for n in range(9)]
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(*records))
    assert_same(read_traces(path, cache=tmp_path / "cache"), read_traces(path))


def test_other_bytes_another_name_and_other_prices_are_other_entries(export, tmp_path):
    folder = tmp_path / "cache"
    read_traces(export, cache=folder)
    own = {"gpt-4o": Price(input_usd_per_mtok=1e6)}
    mine = read_traces(export, cache=folder, prices=own)
    assert_same(mine, read_traces(export, prices=own))
    export.write_bytes(export.read_bytes() + b"\n" + lines(observation(40)))
    assert "o40" in read_traces(export, cache=folder).spans["span_id"].to_list()
    assert len(entries(folder)) == 3


def test_only_the_owner_may_read_the_cache(export, tmp_path):
    folder = tmp_path / "new" / "cache"
    read_traces(export, cache=folder)
    [entry] = folder.iterdir()
    for path in (folder, entry, *entry.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_clearing_the_cache_deletes_entries_and_nothing_else(export, tmp_path):
    folder = tmp_path / "cache"
    read_traces(export, cache=folder)
    (folder / "mine.txt").write_text("keep")
    assert clear_cache(folder) > 1000
    assert entries(folder) == ["mine.txt"]
    assert clear_cache(folder) == 0


def test_true_means_the_users_cache_folder(export, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    read_traces(export, cache=True)
    assert clear_cache() > 1000
    assert clear_cache() == 0


def test_what_is_no_file_cannot_be_cached(tmp_path):
    with pytest.raises(LabError, match="give read_traces a path"):
        read_traces(lines(observation(1)), cache=tmp_path)


def test_a_file_that_is_no_export_leaves_nothing(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("Dear all,\nplease find")
    with pytest.raises(LabError):
        read_traces(path, cache=tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_a_warning_of_a_cut_export_comes_with_every_read(tmp_path):
    path = tmp_path / "a.jsonl"
    records = [
        {"context.trace_id": "1", "context.span_id": f"{n}", "span_kind": "LLM"}
        for n in range(1000)
    ]
    path.write_bytes(lines(*records))
    for _ in range(2):
        with pytest.warns(TruncationWarning, match="exactly 1,000"):
            read_traces(path, cache=tmp_path / "cache")


def test_a_summary_of_the_cache_is_that_of_the_file_and_reads_no_text(export, tmp_path):
    cached = read_traces(export, cache=tmp_path / "cache")
    plain = read_traces(export)
    assert_frame_equal(summarize(cached, by="model").frame, summarize(plain, by="model").frame)
    assert cached.measures["input_text"].null_count() == cached.measures.height
    assert "spans" not in vars(cached)
    assert str(cached) == str(plain)
    assert "spans" not in vars(cached)
    assert_frame_equal(cached.rows, plain.rows)
    assert_same(cached.take(["t1"]), plain.take(["t1"]))


READ = """
import sys
from llmops_lab import read_traces
print("started", flush=True)
read_traces(sys.argv[1], cache=sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_read_that_is_broken_off_leaves_no_entry_and_the_next_one_cleans_up(how, tmp_path):
    path, folder = tmp_path / "big.jsonl", tmp_path / "cache"
    line = lines(observation(1, input="x" * 2000)) + b"\n"
    with path.open("wb") as file:
        for n in range(40_000):
            file.write(line.replace(b'"o1"', b'"o%d"' % n))
    command = [sys.executable, "-c", READ, str(path), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        deadline = time.monotonic() + 60
        while not list(folder.glob(".unfinished-*/raw-*")):
            assert process.poll() is None, "it ended too early"
            assert time.monotonic() < deadline
            os.sched_yield()
        process.send_signal(how)
        process.wait(60)
    left = entries(folder)
    assert not [name for name in left if name.startswith("traces-")]
    assert bool(left) == (how == signal.SIGKILL)
    path.write_bytes(line)
    assert read_traces(path, cache=folder).spans.height == 1
    assert [name for name in entries(folder) if not name.startswith("traces-")] == []
