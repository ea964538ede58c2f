"""The magics parse, call and return."""

import pytest
from IPython.core.error import UsageError

from llmops_lab import load_ipython_extension


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
    assert "VERB" in capsys.readouterr().out


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
    with pytest.raises(UsageError, match="--split"):
        shell.run_line_magic("llmops", "drift")


def test_a_cell_without_a_function_is_refused(shell):
    with pytest.raises(UsageError, match="defines no function"):
        shell.run_cell_magic("llmops", "eval golden.jsonl", "x = 1")
