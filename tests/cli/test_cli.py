"""The command line by its output and exit codes."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from llmops_lab.cli import commands
from llmops_lab.cli._command import program
from llmops_lab.cli._terminal import Terminal
from llmops_lab.magics import Notebook
from llmops_lab.readers._reader import readers
from tests.cli._command import run


def test_help_lists_every_command_of_the_folder(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(f"\n  {name.split()[0]} " in out for name in commands)


@pytest.mark.parametrize("name", commands)
def test_every_command_explains_itself(capsys, name):
    code, out, _ = run(capsys, *name.split(), "--help")
    assert code == 0
    assert f"Usage: llmops-lab {name} [OPTIONS]" in out
    assert "…" not in run(capsys, "--help")[1].replace("groundedness …", "")


@pytest.mark.parametrize("name", commands)
def test_the_example_in_the_help_of_a_command_is_one_that_parses(capsys, name):
    """In a terminal and in a cell, whose options differ."""
    for place in (Terminal(), Notebook({})):
        command = get_command(program(place))
        for word in name.split():
            command = command.commands[word]
        example = command.epilog.partition("\n  ")[2]
        assert example.startswith(f"{place.program} {name}")
        words = shlex.split(example.removeprefix(f"{place.program} {name}"))
        # Raises for an option that is not there, or one that is missing.
        assert command.make_context(name, words).params is not None


def test_the_version_is_printed(capsys):
    from llmops_lab import __version__

    assert run(capsys, "--version") == (0, f"{__version__}\n", "")


def test_there_is_no_such_option_as_no_version(capsys):
    code, _, err = run(capsys, "--no-version")
    assert (code, "No such option" in err) == (3, True)


def private_export(folder):
    run_of = {"id": "r", "run_type": "llm", "start_time": "2026-03-02T09:00:00"}
    told = {"inputs": {"input": "I am ana@example.com"}, "outputs": {"output": "Hello Ana"}}
    export = folder / "runs.jsonl"
    export.write_text(json.dumps(run_of | told))
    return export


def test_redact_writes_masked_traces_and_says_how_much_was_masked(tmp_path, capsys):
    from llmops_lab import read_traces

    arguments = ("--out", str(tmp_path / "masked"), "--name", "Ana")
    code, out, _ = run(capsys, "redact", str(private_export(tmp_path)), *arguments)
    assert code == 0
    assert "4 values are masked: 2 e-mail addresses, 2 names" in out
    [span] = read_traces(tmp_path / "masked").spans.to_dicts()
    assert span["input_text"].startswith("I am [EMAIL_")
    assert span["output_text"].startswith("Hello [NAME_")


@pytest.mark.filterwarnings("always::UserWarning")
def test_scored_traces_are_written_masked_and_a_note_says_so(tmp_path, capsys):
    from llmops_lab import read_traces

    export, out = str(private_export(tmp_path)), tmp_path / "scored"
    code, _, err = run(capsys, "score", export, "--out", str(out))
    assert code == 0
    assert "note: 2 values are masked: 2 e-mail addresses; redacted=False keeps them" in err
    assert read_traces(out).spans["input_text"][0].startswith("I am [EMAIL_")


def test_wrong_usage_exits_with_3_so_that_2_stays_the_gates(capsys):
    code, _, err = run(capsys, "summary")
    assert code == 3
    assert "Missing argument 'sources'" in err


def test_an_unknown_command_is_named(capsys):
    code, _, err = run(capsys, "sumary")
    assert code == 3
    assert "sumary" in err


def test_a_target_that_is_not_there_is_named(capsys, tmp_path):
    golden = tmp_path / "golden.jsonl"
    golden.write_text("")
    code, _, err = run(capsys, "eval", "--golden", str(golden), "--target", "nowhere:answer")
    assert code == 3
    assert "no 'nowhere:answer'" in err


def test_an_eval_takes_scorers_of_the_current_folder(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("own_scorers.py").write_text(
        "def is_short(case, answer):\n    return len(answer.output) < 4\n"
    )
    Path("golden.jsonl").write_text('{"id": "a", "input": "x"}\n{"id": "b", "input": "y"}\n')
    Path("answers.jsonl").write_text(
        '{"case_id": "a", "output": "no"}\n{"case_id": "b", "output": "never"}\n'
    )
    what = ("--golden", "golden.jsonl", "--target", "answers.jsonl")
    code, out, _ = run(capsys, "eval", *what, "--scorer", "own_scorers:is_short", "--json")
    assert code == 0
    assert [json.loads(line)["is_short_passed"] for line in out.splitlines()] == [True, False]


def test_formats_lists_every_reader(capsys):
    code, out, _ = run(capsys, "formats")
    assert code == 0
    assert all(f"\n{name} " in f"\n{out}" for name in readers)


def test_summary_reads_several_files_and_groups_them(capsys, shared):
    files = [str(shared / "traces" / "vllm" / f"naive_output_{n}.csv") for n in ("2.9", "3.7")]
    rows = sum(len(Path(file).read_text().splitlines()) - 1 for file in files)
    code, out, _ = run(capsys, "summary", *files, "--by", "source_format", "--json")
    assert code == 0
    assert json.loads(out)["n"] == rows


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "nothing at"), (b"", "is empty"), (b"\x89PNG\r\n\x1a\n\0", "image")],
)
def test_bad_input_is_one_sentence_and_no_traceback(capsys, tmp_path, content, says):
    path = tmp_path / "export.json"
    if content is not None:
        path.write_bytes(content)
    code, _, err = run(capsys, "summary", str(path))
    assert code == 3
    assert says in err
    assert len(err.splitlines()) == 1


OPENAI = {"object": "chat.completion", "model": "m", "choices": [{"message": {"content": "ok"}}]}


@pytest.fixture
def calls(tmp_path):
    """Two calls of two models, on two days."""
    lines = [
        json.dumps({"id": f"c{i}", "created": 1772323200 + i * 86400, **OPENAI, "model": f"m{i}"})
        for i in range(2)
    ]
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_columns_to_group_by_come_repeated_or_with_commas(capsys, calls):
    commas = run(capsys, "summary", calls, "--by", "model,status", "--json")
    assert commas == run(capsys, "summary", calls, "--by", "model", "--by", "status", "--json")
    assert [(row["model"], row["n"]) for row in map(json.loads, commas[1].splitlines())] == [
        ("m0", 1),
        ("m1", 1),
    ]
    code, _, err = run(capsys, "summary", calls, "--by", "modl")
    assert (code, "did you mean model?" in err) == (3, True)


def test_times_are_iso_8601_with_their_zone(capsys, calls):
    every_day = ("summary", calls, "--every", "1d", "--columns", "time,n")
    _, out, _ = run(capsys, *every_day, "--json")
    assert out.splitlines()[0] == '{"time":"2026-03-01T00:00:00Z","n":1}'
    _, out, _ = run(capsys, *every_day, "--csv")
    assert out.splitlines() == [
        "time,n",
        "2026-03-01T00:00:00+00:00,1",
        "2026-03-02T00:00:00+00:00,1",
    ]


def test_columns_that_are_not_there_are_named(capsys, calls):
    code, _, err = run(capsys, "summary", calls, "--json", "--columns", "nn")
    assert (code, "no column nn" in err) == (3, True)


def test_rows_with_lists_are_csv_too(capsys, tmp_path):
    (tmp_path / "golden.jsonl").write_text('{"id": "a", "input": "x", "expected": "x"}\n')
    (tmp_path / "answers.jsonl").write_text('{"case_id": "a", "output": "x"}\n')
    what = (tmp_path / "golden.jsonl", "--target", tmp_path / "answers.jsonl")
    code, out, _ = run(capsys, "eval", *what, "--csv", "--columns", "case_id,tags,passed")
    assert (code, out) == (0, "case_id,tags,passed\na,[],true\n")


def test_a_summary_says_how_much_was_fast_enough(capsys, shared):
    file = shared / "traces" / "vllm" / "naive_output_2.9.csv"
    _, out, _ = run(capsys, "summary", file, "--slo", "5", "--json")
    row = json.loads(out)
    assert row["within_slo_rate_n"] == row["duration_s_n"]
    assert 0 < row["within_slo_rate"] < 1


def as_process(*arguments, **how):
    """The command as a shell runs it."""
    root = Path(__file__).resolve().parents[2]
    program = [sys.executable, "-c", "from llmops_lab.cli import main; main()", *arguments]
    return subprocess.Popen(
        program, env={**os.environ, "PYTHONPATH": str(root)}, stderr=subprocess.PIPE, **how
    )


@pytest.mark.parametrize("arguments", [["formats"], ["summary", "{}", "--json"]])
def test_a_reader_that_has_seen_enough_is_no_error(calls, arguments):
    """As `| head -1`: the pipe is closed before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    process = as_process(*(each.format(calls) for each in arguments), stdout=writing)
    os.close(writing)
    complaint = process.communicate(timeout=60)[1]
    assert (process.returncode, complaint) == (141, b"")


@pytest.mark.parametrize("command", ["load", "summary"])
def test_traces_come_from_standard_input(calls, command):
    with calls.open("rb") as export:
        process = as_process(command, "-", stdin=export, stdout=subprocess.PIPE)
        out, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (0, b"")
    assert b"2 traces" in out


def test_an_error_names_options_and_not_the_arguments_of_python(capsys, calls, tmp_path):
    strange = tmp_path / "strange.jsonl"
    strange.write_text('{"a": 1}\n')
    _, _, err = run(capsys, "summary", strange)
    assert "pass --format (" in err
    _, _, err = run(capsys, "decay", calls)
    assert "a smaller --baseline-days" in err


def test_a_place_that_cannot_be_written_is_one_line(capsys, tmp_path):
    (tmp_path / "golden.jsonl").write_text('{"id": "a", "input": "x"}\n')
    (tmp_path / "answers.jsonl").write_text('{"case_id": "a", "output": "x"}\n')
    out = tmp_path / "golden.jsonl" / "run.jsonl"
    what = (tmp_path / "golden.jsonl", "--target", tmp_path / "answers.jsonl")
    code, _, err = run(capsys, "eval", *what, "--out", out)
    assert code == 3
    assert len(err.splitlines()) == 1


def test_an_eval_says_what_to_do_next(capsys, tmp_path):
    (tmp_path / "golden.jsonl").write_text('{"id": "a", "input": "x", "expected": "y"}\n')
    (tmp_path / "answers.jsonl").write_text('{"case_id": "a", "output": "x"}\n')
    what = (tmp_path / "golden.jsonl", "--target", tmp_path / "answers.jsonl")
    assert "next: keep the run with --out run.jsonl" in run(capsys, "eval", *what)[2]
    _, _, err = run(capsys, "eval", *what, "--out", tmp_path / "run.jsonl")
    hint = err.splitlines()[-1]
    assert hint.startswith("next: keep what failed as cases: llmops-lab golden add golden.jsonl")
    words = hint.partition("llmops-lab ")[2].replace("golden.jsonl", str(tmp_path / "new.jsonl"), 1)
    code, out, err = run(capsys, *words.split())
    assert (code, "1 new" in out) == (0, True)
    assert "next: review them: llmops-lab golden list" in err


def test_the_columns_of_any_table_are_named_in_a_call(capsys, tmp_path):
    table = tmp_path / "log.csv"
    table.write_text("no,question,asked_at\n1,Where is it?,2026-03-02T09:00:00Z\n")
    _, _, err = run(capsys, "load", table)
    assert "--format OUR_COLUMN=ITS_COLUMN" in err
    named = "span_id=no,input_text=question,start_time=asked_at"
    code, out, _ = run(capsys, "summary", table, "--format", named, "--every", "1d", "--json")
    assert (code, json.loads(out)["time"]) == (0, "2026-03-02T00:00:00Z")


def test_the_help_tells_every_exit_code(capsys):
    _, out, _ = run(capsys, "--help")
    assert all(f"{code} " in out.partition("Exit codes:")[2] for code in (0, 1, 2, 3, 130, 141))
