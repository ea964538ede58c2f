"""The pytest plugin, in pytest runs of its own."""

import importlib
import tomllib
from pathlib import Path

import pytest

from llmops_lab.evals import evaluate
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.scorers.judge import Judge

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[1]
GATE = ("--llmops-gate=gate.toml", "--llmops-run=run.jsonl")


@pytest.fixture
def runs(pytester):
    """A policy, and a run that loses 20 of 200 answers of its baseline."""
    golden = GoldenSet(tuple(Case(f"q{i}", "yes", id=f"c{i:03}") for i in range(200)))
    lost = {f"q{i}" for i in range(20)}
    answers = {"base": lambda q: "yes", "run": lambda q: "no" if q in lost else "yes"}
    for name, answer in answers.items():
        evaluate(answer, golden, scorers=["exact"]).save(pytester.path / f"{name}.jsonl")
    (pytester.path / "gate.toml").write_text("margin = 0.05\n[budgets]\nerror_rate = 0.1\n")


def test_the_checks_of_a_gate_are_test_items(runs, run_pytest, pytester):
    pytester.makepyfile("def test_of_the_user(): pass")
    found = run_pytest(*GATE, "--llmops-baseline=base.jsonl", "-v")
    found.assert_outcomes(passed=4, failed=1)
    found.stdout.fnmatch_lines(
        [
            "gate.toml::passed FAILED*",
            "fail: 100 % → 90.0 %, a change of −10.0 points*",
            "  low: -0.1404",
            "  worsened: 20",
            "*= gate: fail =*",
        ]
    )
    found.stdout.no_fnmatch_line("*pytest_plugin.py*")
    alone = run_pytest(*GATE, "--llmops-baseline=base.jsonl", "-m", "llmops_gate", "-k", "error")
    alone.assert_outcomes(passed=1, deselected=4)


def test_a_check_that_cannot_tell_is_an_error_of_its_item(runs, run_pytest, pytester):
    (pytester.path / "gate.toml").write_text("margin = 0.1\n")
    found = run_pytest(*GATE, "--llmops-baseline=base.jsonl", "--junitxml=gate.xml")
    found.assert_outcomes(passed=2, errors=1)
    assert found.ret == 1
    assert 'name="worsened" value="20"' in (pytester.path / "gate.xml").read_text()


def test_a_secondary_judge_that_is_not_calibrated_is_skipped(run_pytest, pytester):
    golden = GoldenSet(tuple(Case(f"q{i}", "yes", id=f"c{i:03}") for i in range(60)))
    judge = Judge(lambda prompt: '{"verdict": "pass"}')
    run = evaluate(lambda q: "yes", golden, scorers=["exact", judge])
    run.save(pytester.path / "run.jsonl")
    (pytester.path / "gate.toml").write_text('metric="exact"\nmargin=0.1\nsecondary=["judge"]\n')
    found = run_pytest(*GATE, "--llmops-baseline=run.jsonl", "-rs")
    found.assert_outcomes(passed=3, skipped=1)
    found.stdout.fnmatch_lines(["SKIPPED*not calibrated: the judge alone sees*"])


def test_a_gate_that_cannot_be_read_says_why(runs, run_pytest, pytester):
    found = run_pytest(*GATE)
    found.stdout.fnmatch_lines(["*give a baseline run, or set `minimum` in the policy*"])
    assert found.ret == pytest.ExitCode.INTERRUPTED
    found = run_pytest("--llmops-gate=gate.toml")
    found.stderr.fnmatch_lines(["*--llmops-gate and --llmops-run go together*"])


def test_a_marked_test_runs_once_per_active_case(run_pytest, pytester):
    GoldenSet(
        (
            Case("2 + 2", "4", id="sum", tags=["maths"]),
            Case("2 * 3", "6", id="product", tags=["maths"]),
            Case("capital of Peru", "Lima", id="peru"),
            Case("unread", "?", id="unread", status="quarantined"),
        )
    ).save(pytester.path / "golden.jsonl")
    pytester.makepyfile(
        """
        import pytest

        ANSWERS = {"2 + 2": "it is 4", "2 * 3": "it is 7", "capital of Peru": "it is Lima"}

        @pytest.mark.golden("golden.jsonl")
        def test_all(case, assert_passes):
            assert_passes(ANSWERS[case.input], "contains")

        @pytest.mark.golden("golden.jsonl", tags="maths")
        def test_maths(case):
            assert case.expected in "46"
        """
    )
    found = run_pytest("-v")
    found.assert_outcomes(passed=4, failed=1)
    found.stdout.fnmatch_lines(["*::test_all?sum? PASSED*", "*::test_all?product? FAILED*"])
    found.stdout.fnmatch_lines(["contains: failed*", "  input: 2 [*] 3", "  answer: it is 7"])


@pytest.mark.parametrize(
    ("test", "says"),
    [
        ("golden('none.jsonl')\ndef test_it(case): pass", "*no golden set*none.jsonl*"),
        ("golden('golden.jsonl')\ndef test_it(): pass", "*takes the argument `case`*"),
    ],
)
def test_a_mark_that_cannot_be_met_says_why(run_pytest, pytester, test, says):
    pytester.makepyfile(f"import pytest\n@pytest.mark.{test}")
    found = run_pytest()
    found.stdout.fnmatch_lines([says])
    found.assert_outcomes(errors=1)


def test_who_does_not_use_it_loads_nothing_of_it(run_pytest, pytester):
    pytester.makepyfile(
        """
        import sys

        def test_nothing_else_is_loaded():
            ours = {name for name in sys.modules if name.startswith("llmops_lab")}
            assert ours == {"llmops_lab", "llmops_lab.pytest_plugin"}
            assert not {"polars", "numpy", "msgspec", "typer"} & set(sys.modules)
        """
    )
    run_pytest("-W", "error").assert_outcomes(passed=1)


def test_pytest_finds_the_plugin_by_its_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (module,) = project["entry-points"]["pytest11"].values()
    assert importlib.import_module(module).pytest_addoption
