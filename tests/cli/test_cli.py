"""The command line by its output and exit codes."""

import json
from pathlib import Path

import pytest

from llmops_lab.cli import commands, main
from llmops_lab.readers._reader import readers


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


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
