"""Prompts as code, in real Git repositories; `git` itself says what is true."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_lab import Endpoint, EvalRun, Prompt, Prompted, Traces, evaluate
from llmops_lab._prompts.text import filled
from llmops_lab.errors import FormatError, LabError
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.prompts import diff, history, prompt_results, rollback, served
from tests._repository import GitFolder

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data" / "prompts"

FIRST = """---
name: helper
version: 1
model: gpt-4.1-mini
parameters: {temperature: 0.3}
variables: [store]
---
You help customers of {{store}}.

Be friendly and plain, in at most five sentences.
"""
SECOND = FIRST.replace("version: 1", "version: 2").replace("five", "four").replace("0.3", "0.2")


@pytest.fixture
def folder(tmp_path):
    return GitFolder(tmp_path)


@pytest.fixture
def two(folder):
    """A prompt with two versions, the first tagged `spring`."""
    first = folder.commit("Help customers", prompts__helper=FIRST)
    folder.git("tag", "-a", "spring", "-m", "spring")
    folder.commit("Something else", notes="x")
    second = folder.commit("Be shorter", prompts__helper=SECOND)
    return folder, folder.path / "prompts" / "helper.md", first, second


def test_a_prompt_knows_its_content_and_commit_as_git_does(two):
    folder, file, first, second = two
    prompt = Prompt.load(file)
    assert prompt.blob_sha == folder.git("hash-object", "prompts/helper.md")
    assert (prompt.git_sha, prompt.dirty) == (second, False)
    assert prompt.tracked_as == "prompts/helper.md"
    assert (prompt.name, prompt.version, prompt.model) == ("helper", "2", "gpt-4.1-mini")
    assert prompt.parameters == {"temperature": 0.2}
    assert prompt.body.startswith("You help customers of {{store}}.\n")
    for rev in (first, first[:8], "spring", "HEAD~1", "HEAD~2"):
        then = Prompt.load(file, rev)
        assert (then.version, then.git_sha, then.dirty) == ("1", first, False)
        assert then.blob_sha == folder.git("rev-parse", f"{first}:prompts/helper.md")


def test_a_change_that_no_commit_holds_is_dirty(two, tmp_path_factory):
    folder, file, _, second = two
    file.write_text(SECOND + "More.\n")
    changed = Prompt.load(file)
    assert (changed.git_sha, changed.dirty) == (second, True)
    assert changed.blob_sha == folder.git("hash-object", "prompts/helper.md")
    # Other line ends are not a change.
    file.write_bytes(SECOND.replace("\n", "\r\n").encode())
    assert not Prompt.load(file).dirty
    new = folder.write("prompts/new.md", "Hello {{name}}")
    assert (Prompt.load(new).git_sha, Prompt.load(new).dirty) == (None, True)
    alone = tmp_path_factory.mktemp("alone") / "p.md"
    alone.write_text(FIRST)
    assert (Prompt.load(alone).git_sha, Prompt.load(alone).tracked_as) == (None, None)
    with pytest.raises(LabError, match="lies in no Git repository"):
        Prompt.load(alone, "HEAD")


def test_the_first_commit_may_be_still_to_come(folder):
    file = folder.write("p.md", FIRST)
    assert (Prompt.load(file).git_sha, Prompt.load(file).dirty) == (None, True)
    with pytest.raises(LabError, match="no commit 'HEAD'"):
        Prompt.load(file, "HEAD")


def test_what_is_not_there_is_named(two):
    folder, file, *_ = two
    with pytest.raises(LabError, match="no commit 'nonsense'"):
        Prompt.load(file, "nonsense")
    with pytest.raises(LabError, match=r"no prompt .*gone\.md: No such file"):
        Prompt.load(folder.path / "gone.md")
    with pytest.raises(LabError, match=r"there was no notes\.md at 'spring'"):
        Prompt.load(folder.path / "notes.md", "spring")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("---\nname: x\nHello", "no closing line"),
        ("---\n- a\n---\nHello", "is a list, not"),
        ("---\na: [\n---\nHello", "is not YAML"),
        ("---\nvariables: [a, b]\n---\n{{a}}", "b stands only in one"),
        ("---\nvariables: [a]\n---\n{{a}} {{c}}", "c stands only in one"),
        ("---\nexamples: [{input: x}]\n---\nHello", "examples have input and output"),
        ("---\na: !!python/object/apply:os.system ['true']\n---\nHello", "is not YAML"),
    ],
)
def test_a_file_that_is_no_prompt_says_why(tmp_path, text, says):
    file = tmp_path / "p.md"
    file.write_text(text)
    with pytest.raises(FormatError, match=says):
        Prompt.load(file)


def test_rendering_fills_in_and_evaluates_nothing(tmp_path):
    file = tmp_path / "p.md"
    file.write_text('{{ name }}: {{doc}} {{doc}} {"a": {}} {{ 1 + 1 }} {% if x %}')
    prompt = Prompt.load(file)
    assert prompt.variables == ("name", "doc")
    shown = prompt.render(name="{{doc}} {{secret}} \\1", doc=["x"])
    assert shown == '{{doc}} {{secret}} \\1: ["x"] ["x"] {"a": {}} {{ 1 + 1 }} {% if x %}'
    with pytest.raises(LabError, match="no value for doc; this prompt takes name, doc"):
        prompt.render(name="x")
    with pytest.raises(LabError, match="no variable typo; it takes name, doc"):
        prompt.render(name="x", doc="y", typo="z")


@given(values=st.fixed_dictionaries({"a": st.text(), "b": st.text()}))
def test_a_value_is_never_read_as_a_template(values):
    assert filled("<{{a}}|{{b}}>", values) == f"<{values['a']}|{values['b']}>"


def test_examples_come_before_the_question(tmp_path):
    file = tmp_path / "p.md"
    file.write_text("---\nexamples:\n- {input: hi, output: hello}\n---\nBe kind.")
    assert [m["content"] for m in Prompt.load(file).messages()] == ["Be kind.", "hi", "hello"]


def test_history_follows_a_prompt_through_a_rename_and_lists_tags(two):
    folder, file, first, second = two
    folder.git("mv", "prompts/helper.md", "prompts/support.md")
    third = folder.commit("Call it support")
    found = history(Prompt.load(file.with_name("support.md")))
    expected = folder.git("log", "--follow", "--format=%H", "--", "prompts/support.md").split()
    assert found.frame["git_sha"].to_list() == expected == [third, second, first]
    assert found.frame["tags"].to_list() == [[], [], []]  # the tag knows no support.md
    assert found.frame["version"].to_list() == ["2", "2", "1"]
    assert found.frame["path"].to_list()[-1] == "prompts/helper.md"
    assert "Be shorter" in str(found)
    folder.git("tag", "v3")
    assert history(Prompt.load(file.with_name("support.md"))).frame["tags"][0].to_list() == ["v3"]


def test_history_through_merges_is_that_of_git(two):
    folder, file, *_ = two
    folder.git("checkout", "-q", "-b", "side", "HEAD~1")
    folder.commit("Side work", prompts__other="x")
    folder.git("checkout", "-q", "main")
    folder.git("merge", "-q", "--no-edit", "side")
    found = history(Prompt.load(file)).frame["git_sha"].to_list()
    assert found == folder.git("log", "--format=%H", "--", "prompts/helper.md").split()


def test_a_shallow_clone_and_a_worktree_are_read(two, tmp_path_factory):
    folder, *_, second = two
    clone = tmp_path_factory.mktemp("clone") / "c"
    folder.git("clone", "-q", "--depth", "1", f"file://{folder.path}", str(clone))
    prompt = Prompt.load(clone / "prompts" / "helper.md")
    assert (prompt.git_sha, prompt.dirty, len(history(prompt))) == (second, False, 1)
    tree = tmp_path_factory.mktemp("tree") / "w"
    folder.git("worktree", "add", "-q", "--detach", str(tree), "HEAD")
    assert Prompt.load(tree / "prompts" / "helper.md").git_sha == second


def test_a_difference_shows_front_matter_and_words(two):
    _, file, *_ = two
    found = diff(Prompt.load(file, "spring"), Prompt.load(file))
    assert found.front_matter == [
        ("version", 1, 2),
        ("parameters", {"temperature": 0.3}, {"temperature": 0.2}),
    ]
    text = str(found)
    assert "~ Be friendly and plain, in at most [-five-]{+four+} sentences." in text
    assert "1 words cut, 1 added" in text
    assert "<del" in found._repr_html_()
    assert diff(Prompt.load(file), Prompt.load(file)).is_empty


def test_a_prompt_reaches_a_page_as_text(tmp_path):
    before, after = tmp_path / "a.md", tmp_path / "b.md"
    before.write_text("---\nname: <b>x\n---\nhello <script>alert(1)</script>")
    after.write_text("---\nname: <i>y\n---\nhello <img src=x onerror=alert(1)>")
    pair = Prompt.load(before), Prompt.load(after)
    for page in (pair[0]._repr_html_(), diff(*pair)._repr_html_()):
        assert not {"<script", "<img", "<b>x", "<i>y"} & {t for t in page.split() if "<" in t}
        assert "<script" not in page
        assert "<img" not in page


def test_rolling_back_writes_the_old_content_as_a_change_to_commit(two):
    folder, file, first, second = two
    way = rollback(Prompt.load(file), "spring")
    assert file.read_text() == SECOND
    assert "{+five+}" in str(way)
    prompt = way.write()
    assert file.read_text() == FIRST
    assert (prompt.dirty, prompt.version) == (True, "1")
    assert folder.git("rev-parse", "HEAD") == second
    assert folder.git("status", "--porcelain", "--untracked-files=no") == "M prompts/helper.md"
    with pytest.raises(LabError, match="has changes that no commit holds"):
        rollback(prompt, "spring")
    folder.git("checkout", "-q", "--", ".")
    way = rollback(Prompt.load(file), first)
    file.write_text("meanwhile")
    with pytest.raises(LabError, match="changed meanwhile"):
        way.write()
    assert file.read_text() == "meanwhile"


def test_versions_of_traces_are_found_by_name_tag_commit_and_content(two):
    folder, file, first, second = two
    blob = folder.git("rev-parse", f"{first}:prompts/helper.md")
    deployed = folder.git("rev-parse", "HEAD~1")  # a commit that did not touch the prompt
    named = {"1": 5, "v2": 4, "spring": 3, deployed[:10]: 2, blob[:8]: 1, "9": 1, None: 1}
    rows = [
        {
            "trace_id": f"t{version}{i}",
            "prompt_name": "helper",
            "prompt_version": version,
            "cost_usd": 0.5,
            "input_tokens": 10,
            "output_tokens": 5,
            "status": "error" if i == 0 else "ok",
            "start_time": "2026-03-02T10:00:00Z",
            "end_time": "2026-03-02T10:00:02Z",
        }
        for version, n in named.items()
        for i in range(n)
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.col("start_time", "end_time").str.to_datetime("%+", time_zone="UTC"),
        span_id="trace_id",
    )
    found = served(Traces.from_frame(frame), Prompt.load(file))
    by = {row["prompt_version"]: row for row in found.iter_rows(named=True)}
    how = {version: by[version]["matched_by"] for version in named}
    assert how == {
        "1": "version",
        "v2": "version",
        "spring": "tag",
        deployed[:10]: "commit",
        blob[:8]: "content",
        "9": None,
        None: None,
    }
    assert {by[v]["git_sha"] for v in ("1", "spring", deployed[:10], blob[:8])} == {first}
    assert by["v2"]["git_sha"] == second
    assert (by["1"]["n"], by["1"]["cost_usd"]) == (5, 2.5)
    assert by["1"]["error_rate"] == pytest.approx(0.2)
    assert by["1"]["error_rate_low"] < 0.2 < by["1"]["error_rate_high"]


def test_an_eval_records_the_version_of_its_prompt(two, tmp_path):
    _, file, first, second = two
    golden = GoldenSet(tuple(Case(f"q{i}", "four", id=f"c{i}") for i in range(10)))
    seen = []

    def model(messages):
        seen.append(messages)
        return "four" if "four" in messages[0]["content"] else "five"

    runs = [
        evaluate(Prompted(prompt, model, {"store": "Oslo"}), golden, scorers=["exact"])
        for prompt in (Prompt.load(file, "spring"), Prompt.load(file))
    ]
    assert seen[0][0]["content"].startswith("You help customers of Oslo.")
    assert seen[0][1] == {"role": "user", "content": "q0"}
    again = EvalRun.load(runs[1].save(tmp_path / "run.jsonl"))
    assert again.plan.prompt == Prompt.load(file).reference
    plan = json.loads((tmp_path / "run.jsonl").read_text().splitlines()[0])["plan"]
    assert plan["prompt"]["git_sha"] == second
    found = prompt_results(runs)
    assert found["git_sha"].to_list() == [first, second]
    assert found["passed"].to_list() == [0.0, 1.0]
    assert found["prompt_version"].to_list() == ["1", "2"]
    # Another version is another target: its answers are never mixed with these.
    assert runs[0].plan.target_identity != runs[1].plan.target_identity
    with pytest.raises(LabError, match="none of these runs was made from a prompt"):
        prompt_results(evaluate(lambda q: "four", golden, scorers=["exact"]))


def test_variables_come_from_the_case(tmp_path):
    file = tmp_path / "p.md"
    file.write_text("{{store}} {{context}} {{input}}")
    target = Prompted(Prompt.load(file), print, {"store": "Oslo", "context": "none"})
    case = Case("hi?", context=["one", "two"], metadata={"store": "Rome", "other": 1})
    assert target.messages(case) == [{"role": "user", "content": "Rome one\n\ntwo hi?"}]
    assert target.messages(Case({"store": "Bern", "input": "x"}))[0]["content"] == "Bern none x"
    with pytest.raises(LabError, match="no value for store"):
        Prompted(Prompt.load(file), print).messages(case.__class__("hi"))
    with pytest.raises(LabError, match="names no model"):
        Prompted(Prompt.load(file))


def test_without_a_model_the_prompt_names_it(two):
    target = Prompted(Prompt.load(two[1]))
    assert target._model == Endpoint("gpt-4.1-mini", params={"temperature": 0.2})


def test_the_sample_prompts_are_three_versions_that_served_the_sample_traces(tmp_path):
    files = sorted(SAMPLE.glob("*.md"))
    for file in files:
        shutil.copy(file, tmp_path)
    prompts = [Prompt.load(tmp_path / file.name) for file in files]
    assert [p.version for p in prompts] == ["1", "2", "3"]
    assert {p.variables for p in prompts} == {("store", "context")}
    text = prompts[2].render(store="Oslo", context="[refunds] 30 days")
    assert "[refunds] 30 days" in text
    assert "{{" not in text
    assert "Tone rules" in str(diff(prompts[1], prompts[2]))
