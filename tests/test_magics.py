"""The magics parse, call and return."""

import contextlib
import re
from datetime import UTC, datetime

import polars as pl
import pytest
from IPython.core.error import UsageError

from llmops_lab import Case, GoldenSet, Traces, load_ipython_extension
from llmops_lab.cli import commands, main


def few_traces():
    rows = [{"span_id": str(i), "request_model": "m", "duration_s": i} for i in range(9)]
    return Traces.from_frame(pl.DataFrame(rows))


def main_of_terminal(name):
    with contextlib.suppress(SystemExit):
        main([*name.split(), "--help"])


@pytest.fixture(scope="module")
def shell():
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryAccessor.enabled = False
    shell = InteractiveShell(config=config)
    load_ipython_extension(shell)
    yield shell
    InteractiveShell.clear_instance()


def test_help_lists_every_verb(shell, capsys):
    shell.run_line_magic("llmops", "help")
    said = capsys.readouterr().out
    assert all(verb in said for verb in ("load", "summary", "drift", "eval"))


def test_no_words_at_all_is_a_call_for_help(shell, capsys):
    shell.run_line_magic("llmops", "")
    assert "COMMAND" in capsys.readouterr().out


def test_the_help_of_one_verb_does_not_end_the_kernel(shell, capsys):
    assert shell.run_line_magic("llmops", "eval --help") is None
    assert "--scorer" in capsys.readouterr().out


def test_an_unknown_verb_names_the_known_ones(shell):
    with pytest.raises(UsageError, match="load"):
        shell.run_line_magic("llmops", "lod x.json")


def test_a_variable_that_is_not_there_is_named(shell):
    with pytest.raises(UsageError, match="no variable called 'missing'"):
        shell.run_line_magic("llmops", "summary missing")


def test_drift_says_which_windows_it_needs(shell):
    shell.user_ns["traces"] = few_traces()
    with pytest.raises(UsageError, match="--split"):
        shell.run_line_magic("llmops", "drift")


def test_a_cell_has_every_command_of_the_terminal_with_its_options(shell, capsys):
    """But for how rows are printed: a cell returns the noun."""
    for name in commands:
        shell.run_line_magic("llmops", f"{name} --help")
        told = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
        main_of_terminal(name)
        offered = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
        assert told - {"--as"} == offered - {"--json", "--csv", "--columns"}


def test_a_call_takes_variables_and_keeps_what_it_finds(shell, tmp_path):
    shell.user_ns["traces"] = traces = few_traces()
    found = shell.run_line_magic("llmops", "summary --by model,status --slo 5")
    assert (found.by, found.slo_s) == (("model", "status"), 5)
    shell.user_ns["other"] = traces
    shell.run_line_magic("llmops", "load other --as again")
    assert shell.user_ns["again"] is traces
    golden = shell.user_ns["golden"] = GoldenSet((Case("x", "x"), Case("y", "x")))
    shell.user_ns.update(echo=lambda q: q, nice=lambda case, answer: True)
    run = shell.run_line_magic("llmops", "eval golden --target echo --scorer exact,nice")
    assert shell.user_ns["run"] is run
    assert run.frame["exact_passed"].to_list() == [True, False]
    better = shell.run_cell_magic("llmops", "eval golden --as better", "def same(q): return 'x'")
    assert shell.user_ns["better"] is better
    assert shell.run_line_magic("llmops", "compare better run").frame["change"][0] == 0.5
    assert len(golden) == 2


def test_a_cell_without_a_function_is_refused(shell):
    with pytest.raises(UsageError, match="defines no function"):
        shell.run_cell_magic("llmops", "eval golden.jsonl", "x = 1")


def test_a_wrong_call_names_the_help_that_tells_more_and_options_instead_of_arguments(shell):
    with pytest.raises(
        UsageError, match=r"Missing argument 'path'. See %llmops prompt diff --help"
    ):
        shell.run_line_magic("llmops", "prompt diff")
    with pytest.raises(UsageError, match="See %llmops --help"):
        shell.run_line_magic("llmops", "lod x.json")
    days = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3)]
    spans = [{"span_id": str(day), "start_time": day} for day in days]
    shell.user_ns["traces"] = Traces.from_frame(pl.DataFrame(spans))
    with pytest.raises(UsageError, match="a smaller --baseline-days"):
        shell.run_line_magic("llmops", "decay")
