"""Golden sets as test files, in pytest runs of their own."""

from xml.etree import ElementTree

import pytest

from llmops_lab.golden import Case, GoldenSet

pytest_plugins = ["pytester"]
TARGET = ("--llmops-target=app:answer",)


@pytest.fixture
def golden(pytester):
    """Four active cases and one that waits for review, and a target that gets two wrong."""
    GoldenSet(
        (
            Case("2 + 2", "4", id="sum", tags=["maths", "easy one"], severity="critical"),
            Case("2 * 3", "6", id="product", tags=["maths", "skip"]),
            Case("boom", "x", id="boom"),
            Case("anything?", id="open"),
            Case("unread", "?", id="unread", status="quarantined"),
        )
    ).save(pytester.path / "evals" / "golden.jsonl")
    (pytester.path / "evals" / "others.jsonl").write_text('{"not": "a case"}\n')
    pytester.makepyfile(
        app="""
        def answer(question):
            if question == "boom":
                raise ValueError("the tool is down")
            return {"2 + 2": "it is 4", "2 * 3": "it is 7"}.get(question, "no idea")

        async def later(question):
            return answer(question)

        def is_short(case, given):
            return len(given.output) < 8
        """,
        test_own="def test_of_the_user(): pass",
    )


@pytest.mark.parametrize("target", ["app:answer", "app:later"])
@pytest.mark.usefixtures("golden")
def test_each_active_case_is_a_test(run_pytest, target):
    found = run_pytest("evals/golden.jsonl", f"--llmops-target={target}", "-v", "-rs")
    found.assert_outcomes(passed=1, failed=2, skipped=1)
    found.stdout.fnmatch_lines(
        [
            "evals/golden.jsonl::sum PASSED*",
            "*_ case: product _*",
            "contains: failed",
            "  input: 2 [*] 3",
            "  expected: 6",
            "  answer: it is 7",
            "error: ValueError: the tool is down",
            "*no scorer had anything to say: the case has no expected answer*",
        ]
    )
    found.stdout.no_fnmatch_line("*Traceback*")
    found.stdout.no_fnmatch_line("*unread*")


@pytest.mark.usefixtures("golden")
def test_cases_are_chosen_by_tag_severity_name_and_id(run_pytest):
    def outcomes(*chosen):
        found = run_pytest(*TARGET, *chosen)
        return {**found.parseoutcomes()}

    file = "evals/golden.jsonl"
    assert outcomes(file, "-m", "maths and critical") == {"passed": 1, "deselected": 3}
    assert outcomes(file, "-m", "easy_one") == {"passed": 1, "deselected": 3}
    assert outcomes(file, "-k", "product") == {"failed": 1, "deselected": 3}
    assert outcomes(f"{file}::sum") == {"passed": 1}
    # A tag called "skip" is a word of the user's, no mark of pytest's.
    assert outcomes(f"{file}::product") == {"failed": 1}


@pytest.mark.usefixtures("golden")
def test_nothing_is_collected_that_nobody_named(run_pytest):
    run_pytest().assert_outcomes(passed=1)
    run_pytest(*TARGET).assert_outcomes(passed=1)
    found = run_pytest("evals/golden.jsonl")
    found.stdout.fnmatch_lines(["llmops-lab: to test the cases of * add --llmops-target*"])
    assert found.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.usefixtures("golden")
def test_settings_make_them_part_of_every_plain_run(run_pytest, pytester):
    pytester.makeini(
        "[pytest]\nllmops_golden = evals/gold*.jsonl\nllmops_target = app:answer\n"
        "llmops_scorers =\n    contains\n    app:is_short\n"
    )
    run_pytest().assert_outcomes(passed=3, failed=2)
    run_pytest("test_own.py").assert_outcomes(passed=1)
    # Once each, also where the folder is named as well.
    run_pytest("evals").assert_outcomes(passed=2, failed=2)


@pytest.mark.usefixtures("golden")
def test_scores_reach_junit_and_workers_share_the_cases(run_pytest, pytester):
    pytest.importorskip("xdist")
    found = run_pytest(*TARGET, "evals/golden.jsonl", "-p", "xdist", "-n2", "--junitxml=x.xml")
    found.assert_outcomes(passed=1, failed=2, skipped=1)
    cases = ElementTree.parse(pytester.path / "x.xml").findall(".//testcase")  # noqa: S314
    values = {case.get("name"): case.find(".//property[@name='contains']") for case in cases}
    assert set(values) == {"sum", "product", "boom", "open"}
    assert (values["sum"].get("value"), values["product"].get("value")) == ("1.0", "0.0")


@pytest.mark.usefixtures("golden")
@pytest.mark.parametrize(
    ("file", "target", "says"),
    [
        ("evals/others.jsonl", "app:answer", "*others.jsonl*"),
        ("evals/golden.jsonl", "app:nothing", "*no 'app:nothing'*"),
        ("evals/golden.jsonl", "nothing", "*no target 'nothing'; write package.module:function*"),
    ],
)
def test_what_cannot_be_collected_says_why(run_pytest, file, target, says):
    found = run_pytest(file, f"--llmops-target={target}")
    found.stdout.fnmatch_lines([says])
    found.stdout.no_fnmatch_line("*Traceback*")
    assert found.ret == pytest.ExitCode.INTERRUPTED
