"""Vectors on disk: found again, private, safe for two writers, never in the way."""

import stat
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest

from llmops_lab._embedded.cache import VectorStore, vector_store
from llmops_lab.embeddings import embed
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces


def traces_of(texts):
    ids = [str(i) for i in range(len(texts))]
    return Traces.from_frame(pl.DataFrame({"span_id": ids, "input_text": texts}))


class Counting:
    """An embedder that remembers what it was asked."""

    cache_name = "counting 1"

    def __init__(self, size=2):
        self.asked, self.size = [], size

    def __call__(self, texts):
        self.asked += texts
        return np.array([[len(t), *[t.count("a")] * (self.size - 1)] for t in texts], dtype=float)


def test_a_text_is_embedded_once_for_each_model(tmp_path):
    slow = Counting()
    first = embed(traces_of(["one two a", "three four a"]), embedder=slow, cache=tmp_path)
    again = embed(traces_of(["three four a", "five six a"]), embedder=slow, cache=tmp_path)
    assert sorted(slow.asked) == ["five six a", "one two a", "three four a"]
    assert (first.matrix[1] == again.matrix[0]).all()
    other = Counting()
    other.cache_name = "counting 2"
    embed(traces_of(["one two a"]), embedder=other, cache=tmp_path)
    assert other.asked == ["one two a"]


def test_the_cache_can_be_turned_off_and_placed(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMOPS_LAB_VECTORS", str(tmp_path / "named"))
    slow = Counting()
    for _ in range(2):
        embed(traces_of(["one two a"]), embedder=slow, cache=False)
    assert len(slow.asked) == 2
    assert not (tmp_path / "named").exists()
    embed(traces_of(["one two a"]), embedder=slow)
    assert (tmp_path / "named" / "vectors.sqlite").exists()
    monkeypatch.setenv("LLMOPS_LAB_VECTORS", "off")
    assert vector_store(cache=True) is None


def test_only_its_owner_can_read_the_cache_and_no_text_is_in_it(tmp_path):
    embed(traces_of(["a secret plan of ours"]), embedder=Counting(), cache=tmp_path / "new")
    files = list((tmp_path / "new").glob("vectors.sqlite*"))
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert not any(b"secret" in f.read_bytes() for f in files)


def test_a_damaged_cache_is_said_and_not_in_the_way(tmp_path):
    (tmp_path / "vectors.sqlite").write_text("this is no database " * 100)
    with pytest.warns(UserWarning, match="delete it if it is damaged"):
        found = embed(traces_of(["one two a"]), embedder=Counting(), cache=tmp_path)
    assert found.matrix.shape == (1, 2)


def test_vectors_of_another_length_under_one_name_are_refused(tmp_path):
    embed(traces_of(["one two a"]), embedder=Counting(2), cache=tmp_path)
    with pytest.raises(LabError, match="cache=False"):
        embed(traces_of(["one two a", "two three a"]), embedder=Counting(3), cache=tmp_path)


def test_what_was_embedded_before_a_failure_is_kept(tmp_path):
    class Failing(Counting):
        def __call__(self, texts):
            if len(self.asked) >= 2048:
                raise LabError("the server is gone")
            return super().__call__(texts)

    traces = traces_of([f"query number {i:04d}" for i in range(3000)])
    with pytest.raises(LabError, match="gone"):
        embed(traces, embedder=Failing(), cache=tmp_path)
    rest = Counting()
    embed(traces, embedder=rest, cache=tmp_path)
    assert len(rest.asked) == 3000 - 2048


WRITER = """
import sys
from pathlib import Path
import numpy as np
from llmops_lab._embedded.cache import VectorStore

store, mine = VectorStore(Path(sys.argv[1])), sys.argv[2]
sys.stdin.readline()
for start in range(0, 500, 50):
    numbers = range(start, start + 50)
    texts = [f"{mine} {i}" for i in numbers] + [f"both {i}" for i in numbers]
    store.keep("m", texts, np.array([[i, 1.0] for i in numbers] * 2, dtype=np.float32))
"""


def test_writers_in_several_processes_lose_nothing(tmp_path):
    path = tmp_path / "vectors.sqlite"
    command = [sys.executable, "-W", "error", "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE) for n in range(3)]
    for writer in writers:
        writer.stdin.write(b"go\n")
        writer.stdin.close()
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    texts = [f"{who} {i}" for who in (0, 1, 2, "both") for i in range(500)]
    found = VectorStore(path).find("m", texts)
    assert [found[text][0] for text in texts] == list(range(500)) * 4


def test_twenty_thousand_kept_vectors_are_found_in_seconds(tmp_path):
    store = VectorStore(tmp_path / "vectors.sqlite")
    texts = [f"query number {i}" for i in range(20_000)]
    store.keep("m", texts, np.ones((20_000, 256), dtype=np.float32))
    began = time.process_time()
    assert len(store.find("m", texts)) == 20_000
    # Measured 0.25 s; a scan of the table per query would take minutes.
    assert time.process_time() - began < 3
