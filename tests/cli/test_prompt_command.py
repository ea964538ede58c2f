"""`llmops-lab prompt` on a real Git repository."""

import json

import pytest

from tests._repository import GitFolder
from tests.cli._command import run

BODY = "---\nname: helper\nversion: {}\n---\nAnswer in {} words.\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three versions of a prompt, the first two tagged."""
    repository = GitFolder(tmp_path)
    for version, words in enumerate(("five", "four", "three"), 1):
        repository.commit(f"Say {words}", prompts__helper=BODY.format(version, words))
        if version < 3:
            repository.git("tag", f"v{version}")
    monkeypatch.chdir(tmp_path)
    return repository


def test_history_lists_what_git_log_lists(folder, capsys):
    code, out, _ = run(capsys, "prompt", "history", "prompts/helper.md", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["git_sha"] for row in rows] == folder.git("log", "--format=%H").splitlines()
    assert [row["tags"] for row in rows] == [[], ["v2"], ["v1"]]
    assert "Say three" in run(capsys, "prompt", "history", "prompts/helper.md")[1]


@pytest.mark.parametrize(
    ("options", "cut", "added"),
    [
        ((), "four", "three"),
        (("--from", "v1"), "five", "three"),
        (("--from", "v1", "--to", "v2"), "five", "four"),
        (("--to", "v2"), "five", "four"),
        (("--from", "HEAD", "--to", "v1"), "three", "five"),
    ],
)
def test_diff_shows_the_words_that_changed(folder, capsys, options, cut, added):
    code, out, _ = run(capsys, "prompt", "diff", "prompts/helper.md", *options)
    assert code == 0
    assert f"~ Answer in [-{cut}-]{{+{added}+}} words." in out
    told = json.loads(run(capsys, "prompt", "diff", "prompts/helper.md", *options, "--json")[1])
    pieces = {piece["kind"]: piece["text"] for line in told["lines"] if line for piece in line}
    assert (pieces["cut"], pieces["added"]) == (cut, added)
    assert [change["key"] for change in told["front_matter"]] == ["version"]


def test_diff_of_a_changed_file_is_against_what_is_committed(folder, capsys):
    folder.write("prompts/helper.md", BODY.format(4, "two"))
    assert "[-three-]{+two+}" in run(capsys, "prompt", "diff", "prompts/helper.md")[1]
    # Undone by hand to what v1 was: the newest commit that differs is still the last one.
    folder.write("prompts/helper.md", BODY.format(1, "five"))
    assert "[-three-]{+five+}" in run(capsys, "prompt", "diff", "prompts/helper.md")[1]


def test_diff_of_two_files_is_from_the_first_to_the_second(folder, capsys):
    folder.write("other.md", BODY.format(1, "ten"))
    _, out, _ = run(capsys, "prompt", "diff", "prompts/helper.md", "other.md")
    assert "[-three-]{+ten+}" in out


def test_diff_of_the_only_version_says_what_else_to_compare(folder, capsys):
    folder.commit("Begin another", prompts__other=BODY.format(1, "one"))
    code, _, err = run(capsys, "prompt", "diff", "prompts/other.md")
    assert code == 3
    assert "has one version only; name another file or give --from and --to" in err


def test_rollback_puts_a_version_back_and_leaves_the_commit_to_you(folder, capsys):
    file = folder.path / "prompts" / "helper.md"
    assert run(capsys, "prompt", "rollback", "prompts/helper.md", "v1", "--dry-run")[0] == 0
    assert file.read_text() == BODY.format(3, "three")
    code, out, _ = run(capsys, "prompt", "rollback", "prompts/helper.md", "v1")
    assert code == 0
    assert "[-three-]{+five+}" in out
    assert "commit it: git commit prompts/helper.md" in out
    assert file.read_text() == BODY.format(1, "five")
    assert "M prompts/helper.md" in folder.git("status", "--porcelain")
    code, _, err = run(capsys, "prompt", "rollback", "prompts/helper.md", "v2")
    assert (code, "has changes that no commit holds" in err) == (3, True)
    folder.git("commit", "-qam", "Roll back")
    assert "nothing to do" in run(capsys, "prompt", "rollback", "prompts/helper.md", "v1")[1]
