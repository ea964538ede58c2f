"""The decision log: every change by hand shows, and two writers lose nothing."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_lab.decisions import DecisionLog
from llmops_lab.errors import LabError
from tests._repository import GitFolder

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "decisions.jsonl"
    log = DecisionLog(path)
    for i in range(8):
        log = log.append("note", f"decision {i}", by="Ana <ana@example.com>", facts={"i": i})
    return path.read_bytes()


def check(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("altered") / "decisions.jsonl"
    path.write_bytes(data)
    return DecisionLog.load(path).verify()


def test_a_log_as_it_was_written_is_whole(written, tmp_path_factory):
    assert check(tmp_path_factory, written) == []
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, 9))
    assert lines[0]["previous"] == "0" * 64
    assert all(a["hash"] == b["previous"] for a, b in itertools.pairwise(lines))


@given(data=st.data())
def test_any_changed_byte_is_found_on_its_line(written, tmp_path_factory, data):
    at = data.draw(st.integers(0, len(written) - 2).filter(lambda i: written[i] != 10))
    byte = data.draw(st.integers(32, 126).filter(lambda b: b != written[at]))
    changed = written[:at] + bytes([byte]) + written[at + 1 :]
    breaks = check(tmp_path_factory, changed)
    assert breaks
    assert breaks[0].line in {written[:at].count(b"\n") + 1, written[:at].count(b"\n") + 2}


@given(first=st.integers(0, 7), second=st.integers(0, 7))
def test_lines_in_another_order_are_found(written, tmp_path_factory, first, second):
    lines = written.splitlines(keepends=True)
    lines[first], lines[second] = lines[second], lines[first]
    breaks = check(tmp_path_factory, b"".join(lines))
    assert [b.line for b in breaks[:1]] == ([] if first == second else [min(first, second) + 1])


@given(at=st.integers(0, 6), n=st.integers(1, 3))
def test_lines_cut_out_are_found_and_counted(written, tmp_path_factory, at, n):
    lines = written.splitlines(keepends=True)
    n = min(n, 7 - at)
    breaks = check(tmp_path_factory, b"".join(lines[:at] + lines[at + n :]))
    assert (breaks[0].line, f"{n} cut out" in breaks[0].says) == (at + 1, True)


def test_a_repeated_line_and_a_cut_last_line_are_found(written, tmp_path_factory):
    lines = written.splitlines(keepends=True)
    assert check(tmp_path_factory, b"".join([*lines, lines[3]]))[0].line == 9
    assert "cut off" in check(tmp_path_factory, written[:-20])[0].says
    assert check(tmp_path_factory, written[:-1])[0].says == "is cut off"


def test_what_the_chain_cannot_show_git_does(tmp_path):
    folder = GitFolder(tmp_path)
    path = tmp_path / "decisions.jsonl"
    for i in range(3):
        DecisionLog.load(path).append("note", f"decision {i}", by="Ana")
        folder.commit(f"Decide {i}")
    lines = path.read_bytes().splitlines(keepends=True)
    assert DecisionLog.load(path).append("note", "more", by="Ana").verify() == []
    path.write_bytes(b"".join(lines[:2]))  # the end is gone, the chain is whole
    (found,) = DecisionLog.load(path).verify()
    assert (found.line, "which has 3 lines" in found.says) == (3, True)
    path.unlink()  # a new chain from the start, and committed too
    DecisionLog.load(path).append("note", "nothing happened", by="Eve")
    folder.commit("Tidy up")
    (found,) = DecisionLog.load(path).verify()
    assert found.line == 1
    assert "! line 1: is not what commit" in str(DecisionLog.load(path))


def test_a_damaged_end_is_not_written_over(tmp_path):
    path = tmp_path / "decisions.jsonl"
    log = DecisionLog.load(path).append("note", "one", by="Ana")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(LabError, match=r"last line of .* is damaged"):
        log.append("note", "two", by="Ana")
    with pytest.raises(LabError, match="no decision of kind 'guess'"):
        log.append("guess", "two", by="Ana")


def test_two_processes_write_at_once_and_lose_nothing(tmp_path):
    path = tmp_path / "decisions.jsonl"
    code = (
        "import sys; from llmops_lab.decisions import DecisionLog\n"
        "for i in range(15):\n"
        "    DecisionLog.load(sys.argv[1]).append('note', f'{sys.argv[2]} {i}', by='x')"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], cwd=ROOT)
        for name in ("one", "two")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    log = DecisionLog.load(path)
    assert log.verify() == []
    said = {entry.says for entry in log.entries}
    assert said == {f"{name} {i}" for name in ("one", "two") for i in range(15)}
