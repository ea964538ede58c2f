"""Tables as wide as the terminal, on widths counted by hand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_lab._display import Cell, Table
from llmops_lab.cli._fit import fitted
from tests.cli._command import run

WORDS = "four nice words here " * 2 + "."
PLAIN = Table("T", "s", ["a", "cost", "words"], [["x", Cell("$1", "$0.5 each"), WORDS]])


@given(width=st.integers(1, 90), n=st.integers(1, 6))
def test_no_row_is_wider_than_the_terminal_but_for_the_first_column(width, n):
    table = Table("T", "s", [f"head {i}" for i in range(n)], [[Cell("12 s", "10–14 s")] * n])
    narrow = fitted(table, width)
    rows = narrow.text().splitlines()[2 : 3 + len(narrow.rows)]
    assert max(map(len, rows)) <= max(width, 7)
    missing = [f"head {i}" for i in range(len(narrow.columns), n)]
    assert list(narrow.columns) + missing == list(table.columns)
    assert all(head in " ".join(narrow.notes) for head in missing)


def test_a_table_without_heads_stays_as_it_is():
    table = Table("T", "s", (), [("name", "w" * 90)])
    assert fitted(table, 20) is table


def test_a_first_column_of_sentences_leaves_room_for_the_numbers():
    table = Table("T", "s", ["why", "change"], [["it sends twice the input", "+$0.01"]])
    wide = Table("T", "s", ["why", "change"], [["it sends twice the input of 1", "+$0.01"]])
    assert fitted(table, 32) is table
    assert fitted(wide, 34).text().splitlines()[2:] == [
        "why                       change",
        "it sends twice the input  +$0.01",
        "of 1",
    ]


def test_what_fits_stays_as_it_is():
    assert fitted(PLAIN, 62) is PLAIN


def test_first_the_details_go_under_the_values_then_words_are_wrapped_then_columns_go():
    assert fitted(PLAIN, 57).text().splitlines()[2:] == [
        "a       cost  words",
        f"x         $1  {WORDS}",
        "   $0.5 each",
    ]
    assert fitted(PLAIN, 44).text().splitlines()[3:] == [
        "x         $1  four nice words here four nice",
        "              words here .",
        "   $0.5 each",
    ]
    assert fitted(PLAIN, 30).text().splitlines()[2:] == [
        "a       cost",
        "x         $1",
        "   $0.5 each",
        "Too wide for 30 columns: words.",
    ]


@pytest.fixture
def export(tmp_path):
    calls = [
        {
            "object": "chat.completion",
            "id": f"c{i}",
            "created": 1772323200 + 60 * i,
            "model": "a-model-with-a-long-name",
            "choices": [{"message": {"content": "ok"}}],
            "usage": {"prompt_tokens": 10 + i, "completion_tokens": 5},
        }
        for i in range(50)
    ]
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(map(json.dumps, calls)))
    return path


def test_a_summary_fits_the_terminal_and_says_how_to_get_the_rest(capsys, export, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    _, out, _ = run(capsys, "summary", export, "--by", "model")
    title, period, head, row, *_ = out.splitlines()
    assert period.startswith("50 traces, 2026-03-01 00:00 to 2026-03-01 00:49 UTC")
    assert max(map(len, (title, head, row))) <= 40
    assert "Too wide for 40 columns: tokens in, tokens out." in out
    assert "--columns all shows every column" in out
    _, out, _ = run(capsys, "summary", export, "--by", "model", "--columns", "all")
    assert ("tokens out" in out, "Too wide" in out) == (True, False)
    _, out, _ = run(capsys, "summary", export, "--by", "model", "--columns", "tokens out")
    assert out.splitlines()[2].split() == ["model", "tokens", "out"]
    code, _, err = run(capsys, "summary", export, "--columns", "tokens")
    assert (code, "tokens in, tokens out" in err) == (3, True)


def test_what_goes_into_a_file_is_whole(capsys, export, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert "tokens out" in run(capsys, "summary", export, "--by", "model")[1]
