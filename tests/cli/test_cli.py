"""The command line by its output and exit codes."""

import json
from pathlib import Path

import pytest

from llmops_lab.cli import commands
from llmops_lab.readers._reader import readers
from tests.cli._command import run


def test_help_lists_every_command_of_the_folder(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(name in out for name in commands)


@pytest.mark.parametrize("name", commands)
def test_every_command_explains_itself(capsys, name):
    code, out, _ = run(capsys, name, "--help")
    assert code == 0
    assert "Usage: llmops-lab" in out


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
