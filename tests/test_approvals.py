"""Approvals in real Git repositories: what counts, and each way in which one does not."""

import json
from types import SimpleNamespace

import pytest

from llmops_lab import DecisionLog, Gate, Prompt, Prompted, approve, evaluate
from llmops_lab.cli import main
from llmops_lab.errors import LabError
from llmops_lab.golden import Case, GoldenSet
from tests._repository import GitFolder

PROMPT = "---\nname: helper\n---\nAnswer in {} words.\n"
GATE = Gate(approvers=["maren@example.com", "Ana"])
GOLDEN = GoldenSet(tuple(Case(f"q{i}", "yes", id=f"c{i}") for i in range(200)))


def run_of(file, *, wrong=()):
    def model(messages):
        return "no" if messages[-1]["content"] in wrong else "yes"

    return evaluate(Prompted(Prompt.load(file), model), GOLDEN, scorers=["exact"])


@pytest.fixture
def desk(tmp_path):
    """Tobias wrote the prompt at first, Ana changed it; both versions are run."""
    folder = GitFolder(tmp_path)
    folder.be("Tobias", "tobias@example.com")
    folder.commit("Begin", prompts__helper=PROMPT.format("five"))
    file = tmp_path / "prompts" / "helper.md"
    before = run_of(file)
    folder.be("Ana", "ana@example.com")
    folder.commit("Be shorter", prompts__helper=PROMPT.format("four"))
    return SimpleNamespace(folder=folder, file=file, before=before, after=run_of(file))


def check(desk, run=None, gate=GATE):
    return gate.check(run or desk.after, desk.before, repository=desk.folder.path)


def approval_of(verdict):
    return next(c for c in verdict.checks if c.name == "approval")


def sign(desk, verdict=None, **options):
    return approve(verdict or check(desk), repository=desk.folder.path, **options)


def test_a_passing_run_waits_for_its_approver(desk):
    verdict = check(desk)
    assert (verdict.outcome, verdict.exit_code) == ("inconclusive", 2)
    assert "ask maren@example.com or Ana to run `llmops-lab approve`" in verdict.reasons[0]
    desk.folder.be("Maren", "maren@example.com")
    signed = sign(desk)
    after = check(desk)
    assert (after.outcome, after.exit_code) == ("pass", 0)
    assert "Maren <maren@example.com> approved" in approval_of(after).says
    # Git itself shows the fact: one file, the approver's commit and sign-off.
    show = desk.folder.git("show", "--format=%an <%ae>%n%B", "--name-only", "HEAD")
    assert show.startswith("Maren <maren@example.com>\nApprove gate result")
    assert "Signed-off-by: Maren <maren@example.com>" in show
    assert f"Gate-Result: {verdict.result_hash}" in show
    assert show.splitlines()[-1] == f"approvals/{signed.path.name}"
    assert desk.folder.git("status", "--porcelain") == ""
    desk.folder.git("fsck", "--strict")
    # What was found is what was approved, on this machine and in CI.
    assert after.result_hash == verdict.result_hash


def test_an_approval_holds_for_another_run_of_the_same_and_for_nothing_else(desk):
    desk.folder.be("Maren", "maren@example.com")
    sign(desk)
    assert check(desk, run_of(desk.file)).outcome == "pass"
    # Yet the gate still judges that run by itself.
    assert check(desk, run_of(desk.file, wrong={f"q{i}" for i in range(60)})).outcome == "fail"
    stricter = Gate(margin=0.04, approvers=GATE.approvers)
    assert approval_of(check(desk, gate=stricter)).outcome == "inconclusive"
    desk.folder.be("Ana", "ana@example.com")
    desk.folder.commit("Once more", prompts__helper=PROMPT.format("three"))
    assert approval_of(check(desk, run_of(desk.file))).outcome == "inconclusive"


def test_the_author_of_a_prompt_cannot_approve_it(desk):
    with pytest.raises(LabError, match=r"Ana <ana@example\.com> is an author"):
        sign(desk)
    # Nor by a last small commit of somebody else's.
    desk.folder.be("Maren", "maren@example.com")
    desk.folder.commit("Typo", prompts__helper=PROMPT.format("4"))
    desk.folder.be("Ana", "ana@example.com")
    run = run_of(desk.file)
    with pytest.raises(LabError, match="is an author"):
        sign(desk, check(desk, run))
    desk.folder.be("Maren", "maren@example.com")
    with pytest.raises(LabError, match="is an author"):
        sign(desk, check(desk, run))


def test_a_co_author_is_an_author(desk):
    desk.folder.be("Ana", "ana@example.com")
    message = "Together\n\nCo-authored-by: Maren <maren@example.com>"
    desk.folder.commit(message, prompts__helper=PROMPT.format("two"))
    desk.folder.be("Maren", "maren@example.com")
    with pytest.raises(LabError, match="is an author"):
        sign(desk, check(desk, run_of(desk.file)))


def test_who_is_no_approver_cannot_approve(desk):
    desk.folder.be("Eve", "eve@example.com")
    with pytest.raises(LabError, match=r"Eve <eve@example.com> is none of the policy's approvers"):
        sign(desk)
    desk.folder.be("Maren", "maren@example.com")
    with pytest.raises(LabError, match="names no approvers"):
        sign(desk, check(desk, gate=Gate()))


def approved_by_hand(desk, *, name="Maren", email="maren@example.com", trailer=True, **changes):
    """An approval file as a forger would write and commit it."""
    desk.folder.be("Maren", "maren@example.com")
    signed = sign(desk, commit=False)
    record = json.loads(signed.path.read_text()) | changes
    signed.path.write_text(json.dumps(record))
    desk.folder.be(name, email)
    desk.folder.git("add", "-A")
    sign_off = f"\n\nSigned-off-by: {name} <{email}>" if trailer else ""
    desk.folder.git("commit", "-q", "-m", f"Approve{sign_off}")
    return signed.path


@pytest.mark.parametrize(
    ("forged", "says"),
    [
        ({"name": "Ana", "email": "ana@example.com"}, "it was committed by Ana"),
        ({"trailer": False}, "not signed off by its author"),
        ({"overrules": "we are late"}, "ask maren@example.com"),
        ({"subject_hash": "0" * 64}, "ask maren@example.com"),
        (
            {"name": "Ana", "email": "ana@example.com", "approver": "Ana <ana@example.com>"},
            "Ana <ana@example.com> is an author",
        ),
        (
            {"name": "Eve", "email": "eve@example.com", "approver": "Eve <eve@example.com>"},
            "is none of the policy's approvers",
        ),
    ],
)
def test_a_forged_approval_does_not_count_and_says_why(desk, forged, says):
    approved_by_hand(desk, **forged)
    found = approval_of(check(desk))
    assert found.outcome == "inconclusive"
    assert says in found.says


def test_an_approval_made_by_hand_counts_only_when_committed_and_unchanged(desk):
    desk.folder.be("Maren", "maren@example.com")
    path = sign(desk, commit=False).path
    assert approval_of(check(desk)).outcome == "inconclusive"
    desk.folder.git("add", "-A")
    desk.folder.git("commit", "-q", "--signoff", "-m", "Approve")
    assert approval_of(check(desk)).outcome == "pass"
    path.write_text(path.read_text().replace("pass", "pass "))
    desk.folder.commit("Touch up")
    assert "was changed after it was committed" in approval_of(check(desk)).says
    path.write_text("no JSON")
    desk.folder.commit("Break")
    assert approval_of(check(desk)).outcome == "inconclusive"


def test_what_cannot_be_approved_says_so(desk, tmp_path_factory):
    desk.folder.be("Maren", "maren@example.com")
    bad = check(desk, run_of(desk.file, wrong={f"q{i}" for i in range(60)}))
    with pytest.raises(LabError, match=r"the gate does not pass .* give a reason with overrule="):
        sign(desk, bad)
    desk.folder.write("other.txt", "x")
    desk.folder.git("add", "other.txt")
    with pytest.raises(LabError, match=r"other\.txt is staged too"):
        sign(desk)
    desk.folder.git("reset", "-q")
    sign(desk)
    with pytest.raises(LabError, match="approved this result already"):
        sign(desk)
    desk.file.write_text(PROMPT.format("ten"))
    dirty = check(desk, run_of(desk.file))
    assert "has changes that no commit holds" in approval_of(dirty).says
    with pytest.raises(LabError, match="has changes that no commit holds"):
        sign(desk, dirty)
    alone = tmp_path_factory.mktemp("alone")
    assert (
        "read from Git" in approval_of(GATE.check(desk.after, desk.before, repository=alone)).says
    )


def test_an_overrule_is_recorded_and_changes_no_verdict(desk):
    desk.folder.be("Maren", "maren@example.com")
    bad = check(desk, run_of(desk.file, wrong={f"q{i}" for i in range(60)}))
    log = desk.folder.path / "decisions.jsonl"
    sign(desk, bad, overrule="the old prompt names a closed store", log=log)
    (entry,) = DecisionLog.load(log).entries
    assert (entry.kind, entry.by) == ("overrule", "Maren <maren@example.com>")
    assert entry.facts["verdict"] == "fail"
    assert "closed store" in desk.folder.git("log", "-1", "--format=%B")
    assert desk.folder.git("status", "--porcelain", "--", "decisions.jsonl") == ""
    assert approval_of(check(desk)).outcome == "inconclusive"


def test_without_a_prompt_the_last_author_cannot_approve(desk):
    runs = [evaluate(lambda q: "yes", GOLDEN, scorers=["exact"]) for _ in range(2)]
    verdict = GATE.check(*runs, repository=desk.folder.path)
    with pytest.raises(LabError, match=r"Ana <ana@example\.com> is an author"):
        sign(desk, verdict)
    desk.folder.be("Maren", "maren@example.com")
    sign(desk, verdict)
    desk.folder.commit("Something else", notes="x")
    assert approval_of(GATE.check(*runs, repository=desk.folder.path)).outcome == "pass"


def test_the_command_line_approves_gates_and_shows_the_log(desk, monkeypatch, capsys):
    monkeypatch.chdir(desk.folder.path)
    desk.before.save("before.jsonl")
    desk.after.save("after.jsonl")
    desk.folder.write("gate.toml", 'approvers = ["maren@example.com"]\n')
    desk.folder.commit("Keep the runs")
    which = ["--policy", "gate.toml", "--run", "after.jsonl", "--baseline", "before.jsonl"]
    desk.folder.be("Maren", "maren@example.com")

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        return end.value.code, capsys.readouterr()

    assert run("gate", *which)[0] == 2
    code, said = run("approve", *which, "--log", "decisions.jsonl")
    assert (code, "Maren <maren@example.com> signed" in said.out) == (0, True)
    report = ["--report", "gate.xml", "--report", "gate.md", "--report", "gate.json"]
    assert run("gate", *which, *report, "--log", "decisions.jsonl")[0] == 0
    assert json.loads((desk.folder.path / "gate.json").read_text())["verdict"] == "pass"
    assert (desk.folder.path / "gate.md").read_text().startswith("### Gate: pass")
    code, said = run("log")
    assert (code, "2 decisions, the chain is whole" in said.out) == (0, True)
    log = desk.folder.path / "decisions.jsonl"
    log.write_text(log.read_text().replace("pass", "fail", 1))
    code, said = run("log")
    assert (code, "line 1: was altered" in said.out) == (1, True)
    code, said = run("gate", *which, "--report", "gate.txt")
    assert (code, "a report ends in .xml, .md, .json" in said.err) == (3, True)
