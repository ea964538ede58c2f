"""Two runs, case by case."""

import json
from dataclasses import replace

import pytest

from llmops_lab.comparison import compare
from llmops_lab.errors import LabError
from llmops_lab.evals import evaluate
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.scorers.judge import Judge


def golden():
    topics = ["returns"] * 30 + ["shipping"] * 20 + ["rare"] * 2
    cases = [Case(f"q{i}", "yes", id=f"c{i:02}", tags=[tag]) for i, tag in enumerate(topics)]
    return GoldenSet(tuple(cases))


def run_of(wrong, cases=None):
    async def answer(question):
        return "no" if int(question[1:]) in wrong else "yes"

    return evaluate(answer, cases or golden(), scorers=["exact"])


def test_the_change_is_counted_case_by_case_and_by_tag():
    # Of 30 returns cases 0–9 break and 29 is mended; of 20 shipping cases none changes.
    found = compare(run_of({*range(10), 40}), run_of({29, 40}))
    rows = found.frame.select("group", "n", "improved", "worsened").rows()
    assert rows == [(None, 52, 1, 10), ("returns", 30, 1, 10), ("shipping", 20, 0, 0)]
    overall = found.frame.row(0, named=True)
    assert overall["change"] == pytest.approx(-9 / 52)
    # Mid-p of 1 against 10, by hand: 2 · (C(11,0) + C(11,1) / 2) / 2^11.
    assert overall["p_value"] == pytest.approx(2 * (1 + 11 / 2) / 2**11)
    # Benjamini–Hochberg over two groups doubles the smaller p-value.
    assert found.frame["p_adjusted"][1] == pytest.approx(2 * overall["p_value"])


def test_flips_show_both_answers_worst_first():
    flips = compare(run_of({3}), run_of({5})).flips
    assert flips.select("case_id", "baseline_output", "output").rows() == [
        ("c03", "yes", "no"),
        ("c05", "no", "yes"),
    ]


def test_cases_that_differ_in_content_are_not_compared():
    cases = golden()
    edited = cases.revise(replace(cases["c00"], expected="oui"))
    found = compare(run_of({1}, edited), run_of(set(), cases))
    assert found.frame["n"][0] == 51
    assert found.n_unpaired == 2
    with pytest.raises(LabError, match="no case is in both runs"):
        compare(run_of(set(), GoldenSet((Case("q1"),))), run_of(set()))


def test_a_group_that_is_not_there_is_named():
    with pytest.raises(LabError, match="no groups by 'colour'; there are: tags"):
        compare(run_of(set()), run_of(set()), by="colour")


def test_a_comparison_shows_itself():
    found = compare(run_of({3}), run_of(set()))
    assert "1 case got worse, 0 better" in str(found)
    assert "worse c03: yes → no" in str(found)
    assert "<table" in found._repr_html_()
    assert json.loads(found.frame.write_json())


def test_cases_whose_trials_differ_are_named():
    calls = []

    async def flaky(question):
        calls.append(question)
        return "no" if question in {"q3", "q4"} and calls.count(question) == 2 else "yes"

    golden = GoldenSet(tuple(Case(f"q{i}", "yes", id=f"c{i:02}") for i in range(40)))
    before = evaluate(lambda question: "yes", golden, scorers=["exact"], trials=3)
    after = evaluate(flaky, golden, scorers=["exact"], trials=3)
    found = compare(after, before)
    assert found.flaky["case_id"].to_list() == ["c03", "c04"]
    assert found.flaky["current"].to_list() == pytest.approx([2 / 3, 2 / 3])
    assert "2 cases are flaky: their trials differed within a run (c03, c04)" in str(found)
    assert compare(before, before).flaky.is_empty()


def test_a_change_that_a_judge_sees_says_so():
    judge = Judge(lambda prompt: '{"verdict": "pass"}')
    run = evaluate(lambda question: "yes", golden(), scorers=["exact", judge])
    assert compare(run, run, metric="judge").judges == ("judge",)
    assert "judged by a model (judge); calibrate(run, labels)" in str(compare(run, run))
    assert "judged" not in str(compare(run, run, metric="exact"))
