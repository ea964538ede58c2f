"""The gate: three answers, each for a reason that can be checked by hand."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.multitest import multipletests

from llmops_lab._gates.paired_tests import difference
from llmops_lab._runs.answer import Score
from llmops_lab.comparison import compare
from llmops_lab.errors import FormatError, LabError
from llmops_lab.evals import EvalRun, Settings, evaluate
from llmops_lab.gate import Gate
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.targets import targets
from tests._gated import check, golden_of, run_of


def test_a_run_that_changes_nothing_passes():
    run = run_of(range(20))
    verdict = Gate().check(run, run)
    assert (verdict.outcome, verdict.exit_code) == ("pass", 0)


def test_a_clear_loss_fails_and_says_by_how_much():
    verdict = Gate().check(run_of(range(60)), run_of(range(20)))
    assert (verdict.outcome, verdict.exit_code) == ("fail", 1)
    numbers = check(verdict, "passed").numbers
    assert (numbers["worsened"], numbers["improved"]) == (40, 0)
    assert numbers["value"] == pytest.approx(-0.2)
    assert "90.0 % → 70.0 %, a change of −20.0 points" in verdict.reasons[0]


def test_a_small_loss_on_few_cases_is_inconclusive_and_says_how_many_more():
    golden = golden_of(100)
    verdict = Gate().check(run_of(range(12), golden), run_of(range(10), golden))
    assert (verdict.outcome, verdict.exit_code) == ("inconclusive", 2)
    numbers = check(verdict, "passed").numbers
    assert numbers["low"] < -0.05 < numbers["high"]
    assert numbers["n_needed"] > 100
    assert f"about {numbers['n_needed'] - 100} more cases" in verdict.reasons[0]


def test_too_few_cases_never_pass():
    golden = golden_of(30)
    run = run_of([], golden)
    assert Gate(margin=0.5).check(run, run).outcome == "inconclusive"
    assert Gate(margin=0.5, min_cases=30).check(run, run).outcome == "pass"


def test_a_must_pass_case_that_flips_fails_whatever_the_average_says():
    cases = [replace(c, severity="critical") if c.id == "c007" else c for c in golden_of(200)]
    golden = GoldenSet(tuple(cases))
    before, after = run_of([1, 2, 3], golden), run_of([7], golden)
    verdict = Gate().check(after, before)
    assert check(verdict, "passed").outcome == "pass"
    assert verdict.outcome == "fail"
    assert verdict.reasons == ["1 of 1 must-pass cases passed before and fail now: c007"]
    # It failed before as well: not a flip.
    assert check(Gate().check(after, after), "must pass").outcome == "pass"
    # Without a baseline it simply has to pass.
    assert check(Gate(minimum=0.5).check(after), "must pass").outcome == "fail"


def test_runs_of_different_cases_are_not_compared():
    golden = golden_of(200)
    edited = GoldenSet(
        tuple(replace(c, expected="no") if i < 20 else c for i, c in enumerate(golden))
    )
    verdict = Gate().check(run_of([], edited), run_of([], golden))
    assert verdict.outcome == "inconclusive"
    assert "only 90 % of the cases are in both runs" in verdict.reasons[0]


def test_an_unfinished_run_and_another_dataset_are_inconclusive():
    run = run_of([])
    partial = EvalRun(run.plan, run.results[:-1])
    assert "1 answers are missing" in Gate(min_overlap=0.9).check(partial, run).reasons[0]
    assert Gate(dataset="0" * 64).check(run, run).outcome == "inconclusive"
    assert Gate(dataset=run.plan.golden_hash).check(run, run).outcome == "pass"
    assert Gate(trials=3).check(run, run).outcome == "inconclusive"


def test_failed_calls_count_as_failures_and_are_shown():
    async def broken(question):
        if question in {f"q{i}" for i in range(40)}:
            raise TimeoutError
        return "yes"

    run = evaluate(broken, golden_of(200), scorers=["exact"])
    verdict = Gate(metric="exact").check(run, run_of([]))
    assert verdict.outcome == "fail"
    assert "40 of them failed calls" in check(verdict, "run").says


def test_without_a_baseline_the_minimum_decides():
    run = run_of(range(20))
    assert Gate(minimum=0.8).check(run).outcome == "pass"
    assert Gate(minimum=0.97).check(run).outcome == "fail"
    assert Gate(minimum=0.9).check(run).outcome == "inconclusive"
    with pytest.raises(LabError, match="give a baseline run, or set `minimum`"):
        Gate().check(run)


def test_alike_cases_count_for_less():
    golden = GoldenSet(
        tuple(replace(c, cluster=f"u{i // 20}") for i, c in enumerate(golden_of(200)))
    )
    before, after = run_of([], golden), run_of(range(16), golden)
    alone = check(Gate(clusters=False).check(after, before), "passed").numbers
    together = check(Gate().check(after, before), "passed").numbers
    assert together["method"] == "cluster-robust t"
    assert together["n_clusters"] == 10
    assert together["high"] - together["low"] > 1.5 * (alone["high"] - alone["low"])


def test_repeats_are_averaged_within_a_case():
    calls = []

    async def flaky(question):
        calls.append(question)
        return "yes" if calls.count(question) % 2 else "no"

    flaky_run = evaluate(flaky, golden_of(60), scorers=["exact"], trials=2)
    steady = run_of([], golden_of(60), trials=2)
    numbers = check(Gate().check(flaky_run, steady), "passed").numbers
    assert (numbers["n"], numbers["current"], numbers["method"]) == (60, 0.5, "t")


@pytest.mark.parametrize(
    ("limit", "outcome"), [({"duration_s_p95": 2.0}, "pass"), ({"duration_s_p95": 1.8}, "fail")]
)
def test_a_budget_is_held_against_the_run(tmp_path, limit, outcome):
    path = tmp_path / "answers.jsonl"
    lines = [
        {"case_id": f"c{i:03}", "output": "yes", "duration_s": 2.0 if i < 4 else 1.0}
        for i in range(60)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    run = evaluate(targets["replay"](path), golden_of(60), scorers=["exact"])
    # Sorted, position 0.95 · 59 = 56.05: between the 57th and 58th, both 2.0.
    verdict = Gate(budgets=limit).check(run, run)
    assert check(verdict, "duration_s_p95").numbers["value"] == pytest.approx(2.0)
    assert verdict.outcome == outcome
    assert check(verdict, "duration_s_p95").says.startswith("2.00 s, ")
    assert Gate(budgets={"cost_usd_mean": 1}).check(run, run).outcome == "inconclusive"


def test_a_secondary_metric_fails_only_when_it_is_shown_to_be_worse():
    golden = golden_of(200)
    lower = evaluate(lambda q: "it is yes", golden, scorers=["contains", "exact"])
    before = evaluate(lambda q: "yes", golden, scorers=["contains", "exact"])
    gate = Gate(metric="contains", secondary=["exact", "contains"])
    verdict = gate.check(lower, before)
    assert [(c.name, c.outcome) for c in verdict.checks[2:]] == [
        ("contains", "pass"),
        ("exact", "fail"),
        ("contains", "pass"),
    ]


def test_a_run_that_is_sure_to_fail_stops_early():
    golden = golden_of(400)
    baseline = run_of([], golden)
    asked = []

    async def worse(question):
        asked.append(question)
        return "no" if len(asked) % 3 == 0 else "yes"

    gate = Gate()
    run = gate.evaluate(worse, golden, baseline, Settings(["exact"], concurrency=4))
    assert run.n_missing > 300
    verdict = gate.check(run, baseline)
    assert verdict.outcome == "fail"
    assert "stopped early" in check(verdict, "early stop").says
    # What is merely unfinished is not a failure.
    part = EvalRun(baseline.plan, baseline.results[:100])
    assert gate.check(part, baseline).outcome == "inconclusive"


def test_a_run_stops_at_the_first_must_pass_case_that_flips():
    cases = [replace(c, severity="critical") if c.id == "c007" else c for c in golden_of(200)]
    golden = GoldenSet(tuple(cases))

    async def one_wrong(question):
        return "no" if question == "q7" else "yes"

    baseline = run_of([], golden)
    run = Gate().evaluate(one_wrong, golden, baseline, Settings(["exact"], concurrency=1))
    assert len(run.results) == 8
    assert check(Gate().check(run, baseline), "must pass").outcome == "fail"


def test_a_must_pass_case_that_scores_less_and_still_passes_stops_nothing():
    cases = [replace(c, severity="critical") if c.id == "c007" else c for c in golden_of(100)]
    golden = GoldenSet(tuple(cases))

    async def graded(case, answer):
        value = 0.9 if answer.output == "fine" and case.id == "c007" else 1.0
        return Score(value, passed=value > 0.5)

    baseline = evaluate(lambda question: "yes", golden, scorers=[graded])
    gate = Gate(metric="graded")
    run = gate.evaluate(lambda question: "fine", golden, baseline, Settings([graded]))
    assert run.n_missing == 0
    assert gate.check(run, baseline).outcome == "pass"


def test_a_secondary_metric_that_nothing_was_scored_by_holds_the_gate_open():
    async def unscored(case, answer):
        return Score(reason="nothing to compare")

    run = evaluate(lambda question: "yes", golden_of(60), scorers=["exact", unscored])
    verdict = Gate(metric="exact", secondary=["unscored"]).check(run, run)
    assert check(verdict, "unscored").outcome == "inconclusive"
    assert "unscored had nothing to compare" in check(verdict, "unscored").says


def test_a_segment_that_got_worse_fails_when_the_policy_asks(tmp_path):
    cases = [
        replace(case, tags=["returns"] if i < 40 else [f"topic {i % 8}"])
        for i, case in enumerate(golden_of(600))
    ]
    golden = GoldenSet(tuple(cases))
    before, after = run_of([], golden), run_of(range(12), golden)
    assert Gate().check(after, before).outcome == "pass"
    verdict = Gate(segments="tags").check(after, before)
    failed = [c.name for c in verdict.checks if c.outcome == "fail"]
    assert failed == ["tags: returns"]
    groups = [c.numbers for c in verdict.checks if c.name.startswith("tags: ")]
    plain = [tango_p(g["worsened"], g["n"]) for g in groups]
    adjusted = multipletests(plain, method="fdr_bh")[1]
    assert len(groups) == 9
    assert [g["p_adjusted"] for g in groups] == pytest.approx(list(adjusted))
    with pytest.raises(FormatError, match="no segments by 'colour'; there are tags, split"):
        Gate(segments="colour")


def tango_p(worsened, n):
    """One-sided, of a loss of at most 5 points, where nothing improved."""
    values = np.zeros(n), np.repeat([1.0, 0.0], [worsened, n - worsened])
    return difference(*values, alpha=0.05).p_below(-0.05)


def test_a_case_of_more_weight_counts_for_more():
    golden = GoldenSet(
        tuple(replace(c, weight=3.0 if i < 50 else 1.0) for i, c in enumerate(golden_of(200)))
    )
    before, after = run_of([], golden), run_of(range(10), golden)
    found = check(Gate(must_pass=[]).check(after, before), "passed").numbers
    assert found["value"] == pytest.approx(-10 * 3 / (50 * 3 + 150))
    assert found["method"] == "weighted t"
    assert found["current"] == pytest.approx(0.9)
    change = np.array([-1.0] * 10 + [0.0] * 190)
    weights = np.array([3.0] * 50 + [1.0] * 150)
    fitted = WLS(change, np.ones(200), weights=weights).fit(cov_type="HC1")
    reach = stats.t.ppf(0.95, 199) * fitted.bse[0]
    assert found["low"] == pytest.approx(found["value"] - reach)
    assert compare(after, before).frame["change"][0] == pytest.approx(-0.1)
    alone = check(Gate(minimum=0.5, must_pass=[]).check(after), "passed").numbers
    assert alone["value"] == pytest.approx(0.9)
    with pytest.raises(LabError, match="the weight of a case is 0 or more"):
        Gate().check(*[run_of([], GoldenSet((Case("a", "b", weight=-1.0),)))] * 2)


def test_a_must_pass_case_that_is_gone_or_not_scored_is_no_pass():
    cases = [replace(c, severity="critical") if i < 3 else c for i, c in enumerate(golden_of(200))]
    before = run_of([], GoldenSet(tuple(cases)))
    after = run_of([], GoldenSet(tuple(cases[1:])))
    found = check(Gate().check(after, before), "must pass")
    assert (found.outcome, found.numbers["cases_open"]) == ("inconclusive", ["c000"])
    assert "1 were not scored, or are gone or changed: c000" in found.says


def test_beside_the_margin_no_number_of_cases_is_promised():
    golden = golden_of(100)
    on_it = check(Gate().check(run_of(range(5), golden), run_of([], golden)), "passed")
    assert "too near the limit for any sensible number of cases" in on_it.says
    near = check(Gate(margin=0.051).check(run_of(range(5), golden), run_of([], golden)), "passed")
    assert "too near the limit" in near.says
    assert "(100 cases tell a difference of" in near.says


def test_a_policy_is_read_from_its_file(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text(
        'metric = "exact"\nmargin = 0.02\nmust_pass = ["critical", "high"]\n'
        'approvers = ["ana@example.com"]\n[budgets]\nduration_s_p95 = 4.0\n'
    )
    gate = Gate.load(path)
    assert (gate.metric, gate.margin, gate.budgets) == ("exact", 0.02, {"duration_s_p95": 4.0})
    assert gate.must_pass == ["critical", "high"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("metrik = 'exact'", "no key 'metrik'; there are metric, margin"),
        ("margin = 'wide'", "margin"),
        ("margin = 5", "margin between 0 and 1"),
        ("[budgets]\nspeed_p95 = 1", "no budget 'speed_p95'; write error_rate"),
        ("= 3", "is not TOML"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(tmp_path, text, says):
    path = tmp_path / "gate.toml"
    path.write_text(text)
    with pytest.raises(FormatError, match=says):
        Gate.load(path)


def test_a_metric_that_is_not_there_names_those_that_are():
    run = run_of([])
    with pytest.raises(LabError, match=r"no metric 'f1'; it has passed, exact, exact_passed"):
        Gate(metric="f1").check(run, run)


def test_a_verdict_is_told_to_machines_and_people():
    golden = GoldenSet(
        tuple(Case(f"q{i}", "yes", id=f"<b>|c{i}\x00", severity="critical") for i in range(60))
    )
    verdict = Gate().check(run_of([3], golden), run_of([], golden))
    told = json.loads(verdict.json())
    assert (told["verdict"], told["exit_code"]) == ("fail", 1)
    assert told["policy"]["margin"] == 0.05
    assert told["checks"][2]["numbers"]["worsened"] == 1
    suites = ElementTree.fromstring(verdict.junit())  # noqa: S314
    assert (suites.get("tests"), suites.get("failures")) == (str(len(verdict.checks)), "1")
    assert "<b>" not in verdict.markdown()
    assert r"\<b\>\|c3" in verdict.markdown()
    assert "<b>" not in verdict._repr_html_()
    assert "Gate: FAIL" in str(verdict)


def test_what_got_worse_is_named_in_the_summary():
    verdict = Gate().check(run_of(range(30)), run_of([]))
    numbers = check(verdict, "passed").numbers
    assert numbers["worsened_cases"] == [f"c{i:03}" for i in range(20)]
    assert "30 cases got worse in passed</summary>" in verdict.markdown()
    assert "c000, c001," in verdict.markdown()
    assert "c019 …" in verdict.markdown()
    assert "details" not in Gate().check(run_of([]), run_of([])).markdown()


def test_beside_the_margin_it_says_what_would_show_that_nothing_is_worse():
    golden = golden_of(100)
    found = check(Gate().check(run_of(range(5), golden), run_of([], golden)), "passed")
    # By hand: (1.645 + 0.842)² · variance / 0.05², variance (5 + 1) / 102 − 0.05².
    expected = 6.183 * (6 / 102 - 0.0025) / 0.0025
    assert found.numbers["n_if_unchanged"] == pytest.approx(expected, abs=2)
    more = found.numbers["n_if_unchanged"] - 100
    assert f"were nothing worse in truth, {more} more would show it" in found.says
