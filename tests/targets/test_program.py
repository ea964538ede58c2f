"""A program as a target: fed by stdin, kept from keys, ended when it does not end."""

import asyncio
import json
import sys
import time
from pathlib import Path

import pytest

from llmops_lab import Case, GoldenSet, LabError, evaluate
from llmops_lab.cli import main
from llmops_lab.targets import targets


def program(code, **options):
    return targets["program"]([sys.executable, "-c", code], **options)


def ask(code, said="Where?", **options):
    return asyncio.run(program(code, **options).answer(Case(said, "x", id="a"), 0))


def test_the_input_comes_by_stdin_and_stdout_is_the_answer():
    assert ask("import sys; print(sys.stdin.read().upper())").output == "WHERE?"
    said = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes?"}]
    assert ask("import sys; print(sys.stdin.read())", said).output == "user: hi\nassistant: yes?"


def test_arguments_are_never_a_shell_line():
    target = targets["program"](["echo", "$HOME; echo two"])
    assert asyncio.run(target.answer(Case("q"), 0)).output == "$HOME; echo two"
    with pytest.raises(LabError, match="list of arguments"):
        targets["program"]("echo hi")


def test_json_carries_the_case_in_and_an_answer_out():
    code = (
        "import json, sys; case = json.load(sys.stdin);"
        'print(json.dumps({"output": case["input"] + case["id"], "input_tokens": 7,'
        '"context": ["d"], "other": 1}))'
    )
    answer = ask(code, json=True)
    assert (answer.output, answer.input_tokens, answer.context) == ("Where?a", 7, ["d"])
    assert ask("print([1, 2])", json=True).output == [1, 2]
    assert "no JSON" in ask("print('x')", json=True).error
    assert "not the fields" in ask("""print('{"output": 1, "cost_usd": "x"}')""", json=True).error


def test_keys_stay_out_of_it_unless_named(monkeypatch):
    monkeypatch.setenv("SHOP_API_KEY", "sk-very-secret-1")
    code = "import os; print(os.environ.get('SHOP_API_KEY'), 'PATH' in os.environ)"
    assert ask(code).output == "None True"
    # Named it is there, and what comes back holds its name only.
    assert ask(code, environment=["SHOP_API_KEY"]).output == "$SHOP_API_KEY True"
    fails = "import os, sys; sys.exit('no ' + os.environ['SHOP_API_KEY'])"
    assert ask(fails, environment=["SHOP_API_KEY"]).error == "exit code 1: no $SHOP_API_KEY"


def test_a_program_without_end_is_killed_with_what_it_started(tmp_path):
    pid_file = str(tmp_path / "pid")
    child = f"import time, os; open({pid_file!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]);"
        "time.sleep(60)"
    )
    began = time.monotonic()
    assert ask(code, timeout_s=4).error == "no end within 4 s"
    assert time.monotonic() - began < 10
    pid = int((tmp_path / "pid").read_text())
    while _runs(pid) and time.monotonic() - began < 20:  # a kill takes a moment
        pass
    assert not _runs(pid)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_flood_is_cut_off():
    began = time.monotonic()
    answer = ask("while True: print('x' * 1000)", most_bytes=10_000)
    assert answer.error == "more than 10,000 bytes of output"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "raise SystemExit(3)"])
def test_an_exit_code_is_an_error(code):
    assert ask(code).error.startswith("exit code 3")


def test_a_program_that_reads_nothing_or_is_not_there_is_no_crash():
    assert ask("print('x')", "q" * 5_000_000).output == "x"
    target = targets["program"](["no-such-program-anywhere"])
    assert "does not start" in asyncio.run(target.answer(Case("q"), 0)).error


def test_a_changed_script_is_another_target(tmp_path):
    script = tmp_path / "app.py"
    script.write_text("print(1)")
    first = targets["program"]([sys.executable, str(script)]).identity
    assert targets["program"]([sys.executable, str(script)]).identity == first
    script.write_text("print(2)")
    assert targets["program"]([sys.executable, str(script)]).identity != first


def test_evaluate_and_the_command_take_a_program(tmp_path, capsys):
    golden = GoldenSet((Case("ab", "AB", id="a"), Case("cd", "x", id="b")))
    code = "import sys; print(sys.stdin.read().upper())"
    run = evaluate([sys.executable, "-c", code], golden, scorers=["exact"])
    assert run.frame["passed"].to_list() == [True, False]
    script = tmp_path / "app.py"
    script.write_text(code)
    path = golden.save(tmp_path / "golden.jsonl").path
    with pytest.raises(SystemExit) as end:
        main(
            ["eval", "--golden", str(path), "--target", f"run: {sys.executable} {script}", "--json"]
        )
    assert end.value.code == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["output"] for row in rows] == ["AB", "CD"]


def test_what_is_no_target_is_refused():
    with pytest.raises(LabError, match="int is no target"):
        evaluate(7, GoldenSet((Case("q"),)), scorers=["length"])
