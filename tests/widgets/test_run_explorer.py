"""The state behind `explore(run)`; tests/ui shows it in a browser."""

import json
import time

import pytest

from llmops_lab.errors import LabError
from llmops_lab.evals import evaluate
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.widgets import explore


def answer(question):
    number = int(question.split()[-1])
    if number == 7:
        raise ValueError("no model")
    return f"{number} days" if number % 3 else f"never {number}"


def cases(n):
    tags = [["refund"], ["refund", "late"], []]
    return tuple(
        Case(input=f"How long? {i}", expected=f"{i} days", id=f"c{i}", tags=tags[i % 3])
        for i in range(n)
    )


@pytest.fixture
def golden(tmp_path):
    return GoldenSet(cases(20)).save(tmp_path / "golden.jsonl")


@pytest.fixture
def run(golden):
    return evaluate(answer, golden, scorers=["exact"])


@pytest.fixture
def explorer(run, golden):
    return explore(run, golden=golden, by="ana")


def shown_ids(explorer):
    return [row["cells"][1] for row in explorer.window["rows"]]


def saved(golden):
    return [json.loads(line) for line in golden.path.read_text().splitlines()]


def test_failures_and_errors_are_shown_first(explorer):
    assert shown_ids(explorer) == ["c0", "c3", "c6", "c7", "c9", "c12", "c15", "c18"]
    assert explorer.detail["id"] == "c0"
    assert explorer.detail["output"] == "never 0"


def test_a_run_without_failures_shows_all(golden):
    run = evaluate(lambda question: f"{question.split()[-1]} days", golden, scorers=["exact"])
    assert explore(run).n_shown == 20


def test_filter_tag_and_search_narrow_what_is_shown(explorer):
    explorer.filter = "errors"
    assert shown_ids(explorer) == ["c7"]
    assert "no model" in explorer.detail["error"]
    explorer.filter = "all"
    explorer.tag = "late"
    assert shown_ids(explorer) == ["c1", "c4", "c7", "c10", "c13", "c16", "c19"]
    explorer.search = "HOW LONG? 1"
    assert shown_ids(explorer) == ["c1", "c10", "c13", "c16", "c19"]
    explorer.search = "nothing says this"
    assert "id" not in explorer.detail


def test_search_takes_signs_as_they_are(explorer):
    explorer.search = "How long? 18"
    assert shown_ids(explorer) == ["c18"]
    explorer.search = "[("
    assert shown_ids(explorer) == []


def test_sorting_puts_what_has_no_value_last_either_way(explorer):
    explorer.sort = ["score:exact", True]
    assert shown_ids(explorer)[-1] == "c7"
    explorer.sort = ["score:exact", False]
    assert shown_ids(explorer)[-1] == "c7"


def test_the_result_being_read_stays_when_the_filter_changes(explorer):
    explorer.cursor = 2
    explorer.filter = "all"
    assert explorer.detail["id"] == "c6"
    assert explorer.cursor == 6


def test_a_corrected_answer_becomes_a_new_case_in_the_file(explorer, golden):
    case = explorer.add(3, "three days")
    written = saved(golden)[-1]
    assert len(saved(golden)) == 21
    assert written["id"] == case.id != "c3"
    assert written["expected"] == "three days"
    assert written["source"] == {
        "kind": "failure",
        "run_id": explorer.run.run_id,
        "case_id": "c3",
    }
    assert written["reviewed_by"] == "ana"
    assert case.id in explorer.message["text"]
    assert str(golden.path) in explorer.message["text"]


def test_the_code_shown_after_writing_does_the_same(explorer, run, golden, tmp_path):
    explorer.add(3, 'it\'s "three" days\n')
    explorer.cursor = 1
    code = explorer.detail["code"]
    from dataclasses import replace

    copy = GoldenSet(golden.cases)
    names = {"golden": copy, "run": run, "replace": replace}
    exec(code, names)  # noqa: S102
    ours, theirs = names["golden"].cases[-1], explorer.golden.cases[-1]
    assert (ours.id, ours.content_hash) == (theirs.id, theirs.content_hash)


def test_a_wrong_answer_can_be_kept_as_one_never_to_give(explorer, golden):
    case = explorer.add_never(0)
    assert saved(golden)[-1]["label"] == "bad"
    assert saved(golden)[-1]["expected"] == "never 0"
    assert case.status == "active"


def test_never_and_corrected_can_both_be_written(explorer, golden):
    explorer.add_never(0)
    explorer.add(0, "zero days")
    assert len(saved(golden)) == 22


def test_a_case_can_be_revised_in_place(explorer, golden):
    explorer.revise(0, "zero days")
    assert len(saved(golden)) == 20
    assert saved(golden)[0]["expected"] == "zero days"
    assert saved(golden)[0]["rev"] == 2


def test_json_answers_stay_json(tmp_path):
    golden = GoldenSet((Case(input="q", expected=["a", "b"], id="one"),)).save(tmp_path / "g.jsonl")
    explorer = explore(evaluate(lambda _: "c", golden, scorers=["exact"]), golden=golden, by="ana")
    assert explorer.add(0, '["a", "c"]').expected == ["a", "c"]
    assert explorer.add(0, "plain words").expected == "plain words"


def test_the_page_is_told_why_nothing_was_written(explorer, run, golden):
    def ask(widget, **content):
        widget._receive(widget, content, [])
        return widget.message

    unchanged = ask(explorer, action="add", position=0, expected="0 days")
    assert unchanged["kind"] == "error"
    assert "already" in unchanged["text"]
    assert "Write what" in ask(explorer, action="add", position=0, expected="  ")["text"]
    assert "failed" in ask(explorer, action="never", position=1)["text"]
    assert "golden=golden" in ask(explore(run), action="add", position=0, expected="x")["text"]
    assert len(saved(golden)) == 20


def test_marks_are_kept_for_code(explorer):
    explorer.mark(9)
    explorer.mark(3)
    explorer.mark(9)
    assert explorer.marked == ["c3"]
    explorer.filter = "marked"
    assert shown_ids(explorer) == ["c3"]
    explorer.mark(3)
    assert explorer.n_shown == 0


def test_ten_thousand_results_send_a_window_and_answer_within_a_second():
    golden = GoldenSet(cases(10_000))
    explorer = explore(evaluate(answer, golden, scorers=["exact"]), golden=golden, by="ana")
    started = time.perf_counter()
    explorer.filter = "all"
    explorer.search = "9999"
    explorer.search = ""
    explorer.sort = ["duration_s", True]
    explorer.cursor = 9_999
    assert time.perf_counter() - started < 1
    assert len(explorer.window["rows"]) == 200
    assert len(json.dumps(explorer.get_state()["window"])) < 100_000


def test_something_without_a_widget_is_refused_by_name():
    with pytest.raises(LabError, match=r"cannot show a dict; it shows: .*EvalRun"):
        explore({})


def test_what_was_written_is_taken_back(explorer, golden):
    before = golden.path.read_bytes()
    explorer.add(3, "three days")
    explorer.undo(3)
    assert golden.path.read_bytes() == before
    explorer.add_never(0)
    explorer.undo(0)
    assert golden.path.read_bytes() == before
    explorer.revise(0, "zero days")
    explorer.undo(0)
    assert saved(golden)[0]["expected"] == "0 days"
    assert saved(golden)[0]["rev"] == 3
    with pytest.raises(LabError, match="Nothing was written"):
        explorer.undo(0)


def test_a_second_click_says_again_what_the_first_did(explorer, golden):
    first = explorer.add(3, "three days")
    assert explorer.add(3, "three days") == first
    assert len(saved(golden)) == 21
    assert explorer.message["kind"] == "done"


def test_a_case_that_another_reviewer_revised_is_not_written_over_unseen(explorer, golden):
    theirs = GoldenSet.load(golden.path)
    theirs.revise(theirs["c0"].reviewed("bo", expected="by bo"))
    with pytest.raises(LabError, match="revised meanwhile by bo, now expecting 'by bo'"):
        explorer.revise(0, "zero days")
    assert saved(golden)[0]["expected"] == "by bo"
    assert explorer.revise(0, "zero days").rev == 3


def test_marks_of_a_widget_whose_kernel_ended_come_back(explorer, run, golden):
    explorer.mark(3, 9)
    keys = [explorer._detail_of(position)["key"] for position in (3, 9)]
    again = explore(run, golden=golden)
    again._receive(again, {"action": "remember", "marked": [*keys, "of another run"]}, [])
    assert again.marked == ["c3", "c9"]
    assert again.kept_as == explorer.kept_as


def test_a_machine_without_user_names_can_review(run, golden, monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    assert explore(run, golden=golden).by == "reviewer"


def test_failures_can_be_read_where_there_is_no_kernel():
    attack = "<img src=x onerror=alert(1)>"
    golden = GoldenSet(tuple(Case(f"{attack} {i}", f"right {i}", id=f"c{i}") for i in range(30)))
    run = evaluate(lambda text: f"{attack} wrong", golden, scorers=["exact"])
    shown, _ = explore(run)._repr_mimebundle_()
    page = shown["text/html"]
    for said in ("30 of 30 results", "right 19", "and 10 more", "Run it again"):
        assert said in page
    assert "<img" not in page
    assert "right 20" not in page
    assert {"application/vnd.jupyter.widget-view+json", "text/plain"} < set(shown)


def test_an_answer_too_long_to_edit_is_shown_and_never_written_cut(tmp_path):
    golden = GoldenSet((Case("q", "word " * 200_000, id="one"),)).save(tmp_path / "g.jsonl")
    explorer = explore(evaluate(lambda _: "x" * 10**6, golden, scorers=["exact"]), golden=golden)
    assert len(json.dumps(explorer.detail)) < 200_000
    assert explorer.detail["too_long"].endswith("(950,000 more characters)")
    explorer._receive(explorer, {"action": "revise", "position": 0, "expected": ""}, [])
    assert "Write what was expected" in explorer.message["text"]
    assert GoldenSet.load(golden.path)["one"].expected == "word " * 200_000


@pytest.mark.parametrize("blank", [None, "", " ", "\t\n", [], {}])
def test_a_case_that_expects_nothing_is_read_like_any_other(blank):
    golden = GoldenSet((Case("first", "x", id="one"), Case("q", blank, id="two")))
    explorer = explore(evaluate(lambda _: "y", golden, scorers=["exact"]), golden=golden)
    explorer.filter = "all"
    explorer.cursor = 1
    assert explorer.detail["id"] == "two"
