"""Segments and cases from a terminal and from a cell, on two topics written for it."""

import json

import polars as pl
import pytest

from llmops_lab import magics
from llmops_lab.cli import main
from llmops_lab.golden import GoldenSet
from llmops_lab.segments import Segments
from llmops_lab.traces import Traces

pytestmark = pytest.mark.slow

THINGS = ("lamp", "sofa", "kettle", "carpet", "mirror", "shelf", "chair", "desk", "clock", "vase")
ASKED = (
    "where is the parcel with my {} that the courier should bring today",
    "how do I pay the invoice for the {} by credit card or bank transfer",
)


@pytest.fixture(scope="module")
def traces():
    spans = [
        {
            "span_id": f"s{i:03d}",
            "trace_id": f"t{i:03d}",
            "input_text": ASKED[i % 2].format(THINGS[i // 2 % 10]) + f" {i}",
            "output_text": "I do not know.",
            "status": "error" if i % 10 == 0 else "ok",
            "user_id": f"u{i % 25}",
        }
        for i in range(160)
    ]
    return Traces.from_frame(pl.DataFrame(spans))


@pytest.fixture(scope="module")
def export(traces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    traces.write_parquet(folder / "week")
    return folder / "week"


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return ended.value.code


def test_segments_of_a_terminal_go_on_next_week(export, tmp_path, capsys):
    kept = tmp_path / "segments.parquet"
    assert run("segments", export, "--out", kept) == 0
    assert "segments of 160 queries" in capsys.readouterr().out
    sizes = dict(Segments.load(kept).frame.select("id", "n").iter_rows())
    assert run("segments", export, "--known", kept, "--json") == 0
    again = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["id"]: row["n"] for row in again} == sizes


def test_a_file_that_is_no_segments_is_one_sentence(export, tmp_path, capsys):
    assert run("segments", export, "--known", tmp_path / "none.parquet") == 3
    assert "no segments" in capsys.readouterr().err


class Shell:
    """What a magic needs of a notebook's shell."""

    def __init__(self, **names):
        self.user_ns = names


def test_a_cell_finds_segments_and_drafts_cases_from_one(traces, tmp_path):
    GoldenSet().save(tmp_path / "golden.jsonl")
    shell = Shell(traces=traces)
    found = magics.run("segments", None, shell)
    assert shell.user_ns["segments"] is found
    golden = tmp_path / "golden.jsonl"
    proposed = magics.run(f"cases 0 {golden} --of segments --n 3", None, shell)
    assert len(proposed) == 3
    assert {case.status for case in proposed} == {"quarantined"}
    assert shell.user_ns["proposed"] is proposed
    again = magics.run("segments --known segments", None, shell)
    assert set(again.changes["fate"]) == {"continued"}
