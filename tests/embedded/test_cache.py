"""Vectors on disk: found again, private, safe for two writers, never in the way."""

import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import polars as pl
import pytest

from llmops_lab._embedded.cache import VectorStore, _key, vector_store
from llmops_lab._embedded.kept import clear_vectors, kept_vectors
from llmops_lab.cli import main
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


def texts_kept(store, texts):
    return set(store.find("m", texts))


def store_with(tmp_path, **options):
    return VectorStore(tmp_path / "vectors.sqlite", **options)


def some(n, start=0):
    return [f"text number {i}" for i in range(start, start + n)]


def test_beyond_its_limit_the_cache_forgets_what_nobody_asked_for_longest(tmp_path):
    hour = [0.0]
    store = store_with(tmp_path, limit_bytes=1_000_000, clock=lambda: hour[0] * 3600)
    vectors = np.ones((200, 256), dtype=np.float32)
    for day in range(6):
        hour[0] = 24.0 * day
        store.keep("m", some(200, 200 * day), vectors)
        store.find("m", some(50))  # the first 50 are asked for every day
    assert texts_kept(store, some(50)) == set(some(50))
    assert not texts_kept(store, some(150, 50))
    assert texts_kept(store, some(200, 1000)) == set(some(200, 1000))
    assert 250 < store.size()[0] < 1000
    assert (tmp_path / "vectors.sqlite").stat().st_size < 1_500_000


def test_a_file_of_an_earlier_version_is_used_on_and_its_vectors_go_first(tmp_path):
    store = store_with(tmp_path, limit_bytes=1_000_000)
    key = "a text of last year"
    with closing(sqlite3.connect(store.path)) as old, old:
        old.execute("CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)")
        old.execute("INSERT INTO vectors VALUES (?, ?)", (_key("m", key), b"\0" * 8))
    assert texts_kept(store, [key]) == {key}
    store.keep("m", some(100), np.ones((100, 256), dtype=np.float32))
    assert texts_kept(store, [key, *some(100)]) == {key, *some(100)}


def test_what_is_kept_can_be_seen_and_forgotten(tmp_path, capsys):
    embed(traces_of(["one two a", "three four a"]), embedder=Counting(), cache=tmp_path)
    kept = kept_vectors(tmp_path)
    assert (kept.n_vectors, kept.path) == (2, tmp_path / "vectors.sqlite")
    assert "2 vectors kept" in str(kept)
    with pytest.raises(SystemExit):
        main(["vectors", "--folder", str(tmp_path), "--clear"])
    assert "0 vectors kept" in capsys.readouterr().out
    slow = Counting()
    embed(traces_of(["one two a"]), embedder=slow, cache=tmp_path)
    assert slow.asked == ["one two a"]


def test_what_was_never_kept_has_no_size(tmp_path):
    assert kept_vectors(tmp_path / "none").n_vectors == 0
    assert clear_vectors(tmp_path / "none") == 0


def test_a_limit_that_is_no_size_is_refused(monkeypatch):
    monkeypatch.setenv("LLMOPS_LAB_VECTORS_GB", "much")
    with pytest.raises(LabError, match=r"write gigabytes, such as 0\.5"):
        vector_store(cache=True)


_WRITER = """
import sys
import numpy as np
from pathlib import Path
from llmops_lab._embedded.cache import VectorStore
store = VectorStore(Path(sys.argv[1]), limit_bytes=600_000)
for i in range(20):
    texts = [f"{sys.argv[2]} {i} {j}" for j in range(50)]
    store.keep("m", texts, np.full((50, 64), float(i), dtype=np.float32))
    if sys.argv[2] == "b" and i == 10:
        store.clear()
found = store.find("m", texts)
assert len(found) == 50 and all((v == 19).all() for v in found.values()), len(found)
"""


def test_two_writers_at_the_limit_and_one_who_clears_leave_a_sound_file(tmp_path):
    path = tmp_path / "vectors.sqlite"
    writers = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", _WRITER, str(path), name])
        for name in "ab"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert path.stat().st_size < 900_000
