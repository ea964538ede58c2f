"""The dossier: everything in it comes from the records, and nothing in it runs."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from llmops_lab import DecisionLog, Gate, Prompt, Prompted, approve, dossier, evaluate, history
from llmops_lab.cli import main
from llmops_lab.errors import LabError
from llmops_lab.golden import Case, GoldenSet, Source
from llmops_lab.scorers.judge import Judge
from tests._repository import GitFolder

EVIL = "<script>alert(1)</script>"


class Reader(HTMLParser):
    """Tags, texts and addresses of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts, self.loads = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in {"src", "href", "onclick"}]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def desk(tmp_path):
    folder = GitFolder(tmp_path)
    folder.commit("Begin", prompts__helper="---\nname: helper\nversion: 3\n---\nAnswer yes.\n")
    golden = GoldenSet(
        tuple(
            Case(
                f"secret question {i}",
                "yes",
                id=f"c{i:03}" if i else f"{EVIL}|*c*",
                tags=["returns" if i < 10 else "shipping"],
                source=Source("trace" if i % 2 else "human"),
                reviewed_by="Ana" if i < 90 else None,
            )
            for i in range(100)
        )
    )
    prompt = Prompt.load(tmp_path / "prompts" / "helper.md")

    def model(messages):
        return "no" if messages[-1]["content"] == "secret question 0" else "yes"

    run = evaluate(Prompted(prompt, model), golden, scorers=["exact"])
    return folder, prompt, run


def test_it_says_what_was_tested_with_which_result_and_by_whom_approved(desk):
    folder, prompt, run = desk
    gate = Gate(approvers=["maren@example.com"])
    folder.be("Maren", "maren@example.com")
    approve(gate.check(run, run, repository=folder.path), repository=folder.path)
    verdict = gate.check(run, run, repository=folder.path)
    log = DecisionLog.load(folder.path / "decisions.jsonl").append("note", "began", by="Ana")
    text = dossier(
        verdict,
        run,
        records=[history(prompt), log],
        limits=["It was never asked in Danish."],
        repository=folder.path,
    ).markdown()
    for said in (
        "# Behaviour of helper: pass",
        prompt.blob_sha,
        prompt.git_sha,
        run.plan.golden_hash,
        run.run_id,
        "| from human | 50 |",
        "| from trace | 50 |",
        "| reviewed by Ana | 90 |",
        "| returns | 10 |",
        "Maren \\<maren@example.com\\> approved gate result",
        "- It was never asked in Danish.",
        "wrong answers to 1 case: ",
        "no review is recorded of 10 cases",
        "fewer than 30 answers stand for: returns",
        "History of helper",
        "## Decision log",
        "1 decision, the chain is whole",
        "99.0 % (94.6–99.8 %)",
    ):
        assert said in text, said
    # What users asked is not in it.
    assert "secret question" not in text


def test_no_text_becomes_code_in_either_form(desk, tmp_path):
    _, _, run = desk
    found = dossier(Gate().check(run, run), run, limits=[EVIL, "![x](http://evil/x.png)"])
    page = Reader(found.html())
    assert "script" not in page.tags
    assert page.loads == []
    assert EVIL in "".join(page.texts)
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(found.markdown())
    assert not {"script", "img", "a"} & set(Reader(rendered).tags)
    assert Reader(rendered).tags.count("table") == Reader(found.html()).tags.count("table")


def test_the_page_stands_alone_in_light_dark_and_print(desk):
    _, _, run = desk
    page = dossier(Gate().check(run, run), run).html()
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|@import|url\(", page)
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page


def test_judges_without_a_record_are_named():
    golden = GoldenSet(tuple(Case(f"q{i}", id=f"c{i}") for i in range(60)))
    judge = Judge(lambda prompt: '{"verdict": "pass"}')
    run = evaluate(lambda q: "yes", golden, scorers=[judge])
    text = str(dossier(Gate().check(run, run), run))
    assert "judge was never held against people: what it says decides nothing" in text
    other = replace(run, plan=replace(run.plan, run_id="other"))
    with pytest.raises(LabError, match="the verdict is on run"):
        dossier(Gate().check(run, run), other)


def test_the_command_line_writes_both_forms(desk, monkeypatch, capsys):
    folder, _, run = desk
    monkeypatch.chdir(folder.path)
    run.save("run.jsonl")
    folder.write("gate.toml", "margin = 0.05\n")
    which = ["--policy", "gate.toml", "--run", "run.jsonl", "--baseline", "run.jsonl"]
    with pytest.raises(SystemExit) as end:
        main(["dossier", *which, "--out", "d.md", "--out", "d.html", "--limit", "None known."])
    assert end.value.code == 0
    assert "None known." in (folder.path / "d.md").read_text()
    assert (folder.path / "d.html").read_text().startswith("<!doctype html>")
    with pytest.raises(SystemExit) as end:
        main(["dossier", *which, "--out", "d.pdf"])
    assert end.value.code == 3
    assert "a dossier ends in .md or .html" in capsys.readouterr().err


def test_the_same_records_give_the_same_document(desk):
    _, _, run = desk
    verdict = Gate().check(run, run)
    first, again = (replace(dossier(verdict, run), made_at="") for _ in range(2))
    assert first.html() == again.html()
    assert "drift seen" in dossier(verdict, run, records=["drift seen"]).markdown()


def test_a_notebook_shows_what_is_in_it_and_how_to_keep_it(desk):
    _, _, run = desk
    shown = dossier(Gate().check(run, run), run)._repr_html_()
    assert "Known limits" in shown
    assert ".save(" in shown
