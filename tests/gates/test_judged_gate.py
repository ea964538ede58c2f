"""A judge in the gate: only with a record, only on people's labels."""

from dataclasses import replace
from xml.etree import ElementTree

import polars as pl
import pytest

from llmops_lab._runs.answer import Score
from llmops_lab.approvals import approve
from llmops_lab.calibration import Calibration, calibrate
from llmops_lab.evals import Settings, evaluate
from llmops_lab.gate import Gate
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.scorers.judge import Judge
from llmops_lab.scorers.pairwise import Pairwise
from tests._gated import check, golden_of
from tests._repository import GitFolder


class OwnJudge:
    """A user's scorer that asks a model by its name."""

    name, model = "own", "gpt-4.1"

    def score(self, case, answer):
        return Score(1.0, passed=True)


def judged_runs(golden, **options):
    """Runs of an old and a new assistant, of which the judge likes the new one."""
    judge = Judge(
        lambda prompt: '{"verdict": "pass"}' if "new" in prompt else '{"verdict": "fail"}'
    )
    return [
        evaluate(lambda question, says=says: says, golden, scorers=[judge, "exact"], **options)
        for says in ("old", "new")
    ]


def labels_of(runs, n=100, metric=None):
    """People prefer the old answers: a quarter of the new ones are wrong."""
    before, after = runs
    table = pl.DataFrame(
        [
            {"run_id": run.run_id, "case_id": f"c{i:03}", "value": value, "blind": True}
            for i in range(n)
            for run, value in ((before, 1.0), (after, 0.0 if i % 4 == 0 else 1.0))
        ]
    )
    return table if metric is None else table.with_columns(metric=pl.lit(metric))


@pytest.fixture
def calibrated(tmp_path):
    """Two runs, their labels, and a gate that knows the judge's record."""
    runs = judged_runs(golden_of(400))
    calibrate(runs[1], labels_of(runs)).save(tmp_path / "judge.json")
    return runs, labels_of(runs), Gate(metric="judge", calibrations={"judge": "judge.json"})


def test_a_judge_gates_only_with_a_record_and_on_peoples_labels(calibrated, tmp_path):
    """The judge likes the new answers; people, who saw 100 of 400 pairs, do not."""
    (before, after), labels, gate = calibrated
    never = Gate(metric="judge").check(after, before, labels=labels)
    assert never.outcome == "inconclusive"
    assert "judge was never held against people: calibrate(run, labels" in never.reasons[0]
    alone = gate.check(after, before, repository=tmp_path)
    assert alone.outcome == "inconclusive"
    assert "gates only with people's labels of both runs" in alone.reasons[0]
    verdict = gate.check(after, before, labels=labels, repository=tmp_path)
    numbers = check(verdict, "judge").numbers
    assert verdict.outcome == "fail"
    assert numbers["judge_alone"] == 1.0
    assert numbers["value"] == pytest.approx(-0.25)
    few = gate.check(after, before, labels=labels.head(20), repository=tmp_path)
    assert few.outcome == "inconclusive"
    seen = labels.with_columns(blind=False)
    assert gate.check(after, before, labels=seen, repository=tmp_path).outcome == "inconclusive"
    # Nor does the judge alone end a run early, or fail a must-pass case.
    whole = gate.evaluate(lambda question: "old", golden_of(400), after, Settings(["exact"]))
    assert whole.n_missing == 0
    critical = judged_runs(golden_of(60, severity="critical"))
    found = check(gate.check(*critical, repository=tmp_path), "must pass")
    assert (found.outcome, len(found.numbers["cases"])) == ("inconclusive", 60)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model_hash": "0" * 16}, "it is of another model"),
        ({"prompt_hash": "0" * 16}, "it is of another prompt"),
        ({"policy_hash": "0" * 16}, "it is of another policy"),
        ({"n": 29}, "stands on 29 labels, 30 are needed"),
        ({"made_at": "2020-01-01T00:00:00+00:00"}, "days old, 90 are allowed"),
    ],
)
def test_a_record_that_does_not_fit_keeps_a_judge_from_gating(calibrated, tmp_path, change, says):
    (before, after), labels, gate = calibrated
    record = Calibration.load(tmp_path / "judge.json")
    if change.keys() & vars(record.identity).keys():
        change = {"identity": replace(record.identity, **change)}
    replace(record, **change).save(tmp_path / "judge.json")
    verdict = gate.check(after, before, labels=labels, repository=tmp_path)
    assert verdict.outcome == "inconclusive"
    assert says in check(verdict, "judge").says


def test_a_secondary_metric_of_a_judge_is_held_to_labels_too(calibrated, tmp_path):
    runs, _, _ = calibrated
    before, after = runs
    gate = Gate(metric="exact", secondary=["judge"], calibrations={"judge": "judge.json"})
    alone = check(gate.check(before, after, repository=tmp_path), "judge")
    # The judge alone sees a fall of 100 points, which fails nothing.
    assert alone.outcome == "not calibrated"
    assert "−100.0 points, which decides nothing" in alone.says
    labels = labels_of(runs, metric="judge")
    held = check(gate.check(after, before, labels=labels, repository=tmp_path), "judge")
    assert held.outcome == "fail"
    assert held.numbers["value"] == pytest.approx(-0.25)
    assert held.numbers["method"] == "PPI++"


def test_a_secondary_judge_without_a_record_is_shown_as_not_calibrated(tmp_path):
    before, after = judged_runs(golden_of(60))
    people = ["maren@example.com"]
    gate = Gate(metric="exact", margin=0.1, secondary=["judge"], approvers=people)
    folder = GitFolder(tmp_path)
    folder.commit("Begin")
    folder.be("Maren", "maren@example.com")
    # Both runs answer nothing as expected, so the primary metric is where it was.
    verdict = gate.check(before, after, repository=tmp_path)
    told = check(verdict, "judge")
    assert told.outcome == "not calibrated"
    assert "judge was never held against people" in told.says
    assert not any("held against people" in reason for reason in verdict.reasons)
    suites = ElementTree.fromstring(verdict.junit())  # noqa: S314
    assert (suites.get("skipped"), suites.get("failures")) == ("1", "0")
    assert suites.find(".//testcase[@name='judge']/skipped") is not None
    # An approver may sign: what has no part in the verdict leaves nothing open.
    assert approve(verdict, repository=tmp_path).approval.verdict == "pass"


def test_a_judge_that_cannot_tell_yet_says_how_many_labels_are_missing(calibrated, tmp_path):
    (before, after), _, gate = calibrated
    # People find 2 of 50 new answers wrong: four points down, and no telling that from five.
    labels = labels_of((before, after), 50).with_columns(
        value=pl.when(
            pl.col("case_id").is_in(["c000", "c001"]) & (pl.col("run_id") == after.run_id)
        )
        .then(0.0)
        .otherwise(1.0)
    )
    found = check(gate.check(after, before, labels=labels, repository=tmp_path), "judge")
    assert found.outcome == "inconclusive"
    # By hand: reach² · (0.04 · 0.96 · 50 / 49) / 0.01² is far more than 400.
    assert "labels of all these cases would hardly settle it" in found.says
    wide = replace(gate, margin=0.08)
    found = check(wide.check(after, before, labels=labels, repository=tmp_path), "judge")
    # By hand: 6.183 · 0.0392 / 0.04² = 151.4, rounded up, less 50.
    assert "about 102 more labels would settle it" in found.says


def test_labels_of_one_users_cases_count_as_alike(tmp_path):
    users = [Case(f"q{i}", "yes", id=f"c{i:03}", cluster=f"u{i // 20}") for i in range(400)]
    before, after = judged_runs(GoldenSet(tuple(users)))
    # Of five users who are labelled one gets nothing but wrong answers now.
    labels = labels_of((before, after)).with_columns(
        value=pl.when((pl.col("case_id") < "c020") & (pl.col("run_id") == after.run_id))
        .then(0.0)
        .otherwise(1.0)
    )
    calibrate(after, labels).save(tmp_path / "judge.json")
    alike, apart = (
        check(
            Gate(metric="judge", clusters=clusters, calibrations={"judge": "judge.json"}).check(
                after, before, labels=labels, repository=tmp_path
            ),
            "judge",
        )
        for clusters in (True, False)
    )
    assert (alike.numbers["method"], apart.numbers["method"]) == ("cluster-robust PPI++", "PPI++")
    assert alike.numbers["value"] == apart.numbers["value"] == pytest.approx(-0.2)
    # A hundred independent labels would settle it, five users do not.
    assert (alike.outcome, apart.outcome) == ("inconclusive", "fail")


def test_every_scorer_that_asks_a_model_is_a_judge():
    own = evaluate(lambda question: "y", golden_of(60), scorers=[OwnJudge()])
    assert own.plan.judges["own"].model == "gpt-4.1"
    assert "never held against people" in check(Gate(metric="own").check(own, own), "own").says
    pairwise = Pairwise(lambda prompt: '{"better": "first"}', {f"c{i:03}": "x" for i in range(60)})
    run = evaluate(lambda question: "y", golden_of(60), scorers=[pairwise])
    verdict = Gate(metric="pairwise").check(run, run)
    assert "never held against people" in check(verdict, "pairwise").says
    assert "never held against people" in check(Gate().check(run, run), "passed").says


def test_runs_that_different_judges_scored_are_not_compared(calibrated, tmp_path):
    (_, after), labels, gate = calibrated
    kinder = Judge(lambda prompt: '{"verdict": "pass"}', rubric="It is polite.")
    before = evaluate(lambda question: "old", golden_of(400), scorers=[kinder, "exact"])
    found = check(gate.check(after, before, labels=labels, repository=tmp_path), "judge")
    assert found.outcome == "inconclusive"
    assert "judge was another judge in the baseline" in found.says
