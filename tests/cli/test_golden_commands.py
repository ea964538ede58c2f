"""`llmops-lab golden` on a set of three cases, as a reviewer uses it."""

import json

import pytest

from llmops_lab import Case, GoldenSet, evaluate
from tests._repository import GitFolder
from tests.cli._command import run


@pytest.fixture
def golden(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cases = (
        Case("How long for returns?", "30 days", id="r1", tags=["returns"], severity="critical"),
        Case("And <b>late</b> ones?", "no", id="r2", tags=["returns"], status="quarantined"),
        Case("Do you ship?", "yes", id="s1", tags=["shipping"]),
    )
    GoldenSet(cases).save("golden.jsonl")
    return tmp_path / "golden.jsonl"


def names(capsys, *arguments):
    code, out, _ = run(capsys, "golden", "list", "golden.jsonl", *arguments, "--json")
    assert code == 0
    return [json.loads(line)["id"] for line in out.splitlines()]


def test_cases_are_listed_by_status_tag_and_severity(golden, capsys):
    assert names(capsys) == ["r1", "r2", "s1"]
    assert names(capsys, "--status", "quarantined") == ["r2"]
    assert names(capsys, "--tag", "shipping,other") == ["s1"]
    assert names(capsys, "--tag", "returns", "--severity", "critical") == ["r1"]
    _, out, _ = run(capsys, "golden", "list", "golden.jsonl")
    assert "3 of 3 cases" in out
    assert "1 wait for review: llmops-lab golden review golden.jsonl ID" in out
    assert "0 of 3 cases" in run(capsys, "golden", "list", "golden.jsonl", "--tag", "none")[1]


def test_a_case_is_shown_whole_and_a_missing_one_is_named(golden, capsys):
    _, out, _ = run(capsys, "golden", "show", "golden.jsonl", "r1")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines()[2:])
    assert (rows["status"], rows["severity"], rows["expected"]) == ("active", "critical", "30 days")
    code, _, err = run(capsys, "golden", "show", "golden.jsonl", "r9")
    assert (code, "no case 'r9'" in err) == (3, True)


def test_a_reviewed_case_is_active_and_names_who_commits_here(golden, capsys):
    repository = GitFolder(golden.parent)
    repository.commit("Begin", prompts__helper="x")
    assert run(capsys, "golden", "review", "golden.jsonl", "r2", "--expected", "yes")[0] == 0
    case = GoldenSet.load(golden)["r2"]
    assert (case.status, case.expected, case.rev) == ("active", "yes", 2)
    assert case.reviewed_by == repository.git("log", "-1", "--format=%an <%ae>").strip()
    run(capsys, "golden", "review", "golden.jsonl", "r1", "s1", "--by", "Ana", "--label", "bad")
    assert {GoldenSet.load(golden)[name].reviewed_by for name in ("r1", "s1")} == {"Ana"}
    both = run(capsys, "golden", "review", "golden.jsonl", "r1", "s1", "--expected", "x")
    assert (both[0], "names one id" in both[2] or "name one id" in both[2]) == (3, True)


def test_outside_of_git_a_reviewer_has_to_be_named(golden, capsys):
    code, _, err = run(capsys, "golden", "review", "golden.jsonl", "r2")
    assert (code, "--by NAME" in err) == (3, True)
    assert GoldenSet.load(golden)["r2"].status == "quarantined"


def test_cases_come_from_other_sets_tables_failures_and_traces(golden, capsys):
    (golden.parent / "table.csv").write_text("input,expected\nWhere is it?,there\n")
    _, out, _ = run(capsys, "golden", "diff", "golden.jsonl", "table.csv", "--format", "table")
    assert "1 new" in out
    assert len(GoldenSet.load(golden)) == 3
    run(capsys, "golden", "add", "golden.jsonl", "table.csv", "--format", "table")
    assert len(GoldenSet.load(golden)) == 4
    evaluate(lambda _: "yes", GoldenSet.load(golden), scorers=["exact"]).save("run.jsonl")
    code, out, err = run(
        capsys, "golden", "add", "golden.jsonl", "run.jsonl", "--format", "failures"
    )
    assert (code, "2 new" in out) == (0, True)
    assert "golden list golden.jsonl --status quarantined" in err
    # A new file begins with what is added.
    assert run(capsys, "golden", "add", "copy.jsonl", "golden.jsonl")[0] == 0
    assert GoldenSet.load("copy.jsonl").content_hash == GoldenSet.load(golden).content_hash
    call = {"id": "c", "object": "chat.completion", "created": 1772323200, "model": "m"}
    call |= {"choices": [{"message": {"content": "ok"}}], "input": "Is ana@example.com you?"}
    (golden.parent / "calls.jsonl").write_text(json.dumps(call))
    code, _, err = run(capsys, "golden", "add", "copy.jsonl", "calls.jsonl", "--format", "traces")
    assert code == 0, err


def test_a_case_added_by_mistake_is_removed(golden, capsys):
    assert run(capsys, "golden", "remove", "golden.jsonl", "s1")[0] == 0
    assert names(capsys) == ["r1", "r2"]
