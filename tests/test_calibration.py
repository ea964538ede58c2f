"""A judge held against people: real labels, statsmodels, and coverage by resampling."""

import json
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa as reference
from statsmodels.stats.proportion import proportion_confint

from llmops_lab._gates.agreement import cohens_kappa, majority
from llmops_lab._gates.corrected import corrected_mean
from llmops_lab._gates.estimates import mean_of
from llmops_lab.calibration import Calibration, calibrate
from llmops_lab.errors import ColumnError, FormatError, LabError
from llmops_lab.evals import evaluate
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.scorers.judge import Judge


@pytest.fixture(scope="module")
def pandalm(shared):
    folder = shared / "golden" / "pandalm"
    people = json.loads((folder / "data_testset-v1.json").read_text())
    verdicts = json.loads((folder / "data_gpt-3.5-turbo-testset-v1.json").read_text())
    labels = pl.DataFrame(
        [
            {"case_id": str(row["idx"]), "annotator": f"a{i}", "value": row[f"annotator{i}"]}
            for row in people
            for i in (1, 2, 3)
        ]
    )
    # A garbled verdict is no verdict.
    read = {"1": "1", "2": "2", "Tie": "0", "garbage": None}
    judged = pl.DataFrame(
        [{"case_id": str(row["idx"]), "value": read[row["gpt_result"]]} for row in verdicts]
    )
    return judged, labels


def test_gpt_35_agrees_with_people_as_was_measured(pandalm):
    judged, labels = pandalm
    found = calibrate(judged, labels, judge="gpt-3.5-turbo")
    assert found.n == 999 - 25
    assert found.agreement == pytest.approx(0.716, abs=5e-4)
    assert found.kappa.value == pytest.approx(0.49, abs=5e-3)
    pairs = list(combinations(("a1", "a2", "a3"), 2))
    wide = labels.pivot(on="annotator", index="case_id", values="value")
    by_hand = np.mean([(wide[x] == wide[y]).to_numpy().mean() for x, y in pairs])
    assert found.people == pytest.approx(by_hand)
    assert 0.91 < found.people < 0.93


def test_kappa_and_its_interval_are_those_of_statsmodels(pandalm):
    judged, labels = pandalm
    both = majority(labels).join(judged.drop_nulls(), on="case_id")
    found = cohens_kappa(both["value"], both["human"])
    table = np.zeros((3, 3))
    np.add.at(table, (both["value"].cast(int).to_numpy(), both["human"].cast(int).to_numpy()), 1)
    expected = reference(table)
    assert found.value == pytest.approx(expected.kappa)
    assert found.low == pytest.approx(expected.kappa_low)
    assert found.high == pytest.approx(expected.kappa_upp)


def test_the_corrected_mean_covers_what_people_say_where_the_judge_alone_does_not(pandalm):
    judged, labels = pandalm
    both = majority(labels).join(judged.drop_nulls(), on="case_id")
    # How often the first answer wins.
    sides = ((both[name] == "1").to_numpy() for name in ("human", "value"))
    human, judge = (side.astype(float) for side in sides)
    truth, chance = human.mean(), np.random.default_rng(8)
    covered, alone_covered, widths, alone = 0, 0, [], []
    for _ in range(1000):
        picked = chance.choice(len(human), 100, replace=False)
        found = corrected_mean(judge, picked.tolist(), human[picked], alpha=0.025)
        covered += found.low <= truth <= found.high
        widths.append(found.high - found.low)
        alone.append(2 * 1.96 * human[picked].std(ddof=1) / 10)
        again = chance.choice(judge, len(judge))
        alone_covered += abs(again.mean() - truth) < 1.96 * again.std() / len(again) ** 0.5
    # ../shared/evals.md: 27–29 % for the judge alone; 94 % and 16 % narrower than people alone.
    assert covered / 1000 > 0.93
    assert alone_covered / 1000 < 0.3
    assert np.mean(widths) / np.mean(alone) == pytest.approx(0.84, abs=0.02)


def test_a_judge_that_knows_nothing_is_not_followed():
    chance = np.random.default_rng(9)
    human = (chance.random(200) < 0.7).astype(float)
    found = corrected_mean(chance.random(5000), list(range(200)), human, alpha=0.05)
    assert found.value == pytest.approx(human.mean(), abs=0.01)


def test_clustered_answers_of_their_own_have_the_bounds_of_independent_ones():
    chance = np.random.default_rng(10)
    human, judge = chance.random(60).round(), chance.random(300).round()
    alone = corrected_mean(judge, list(range(60)), human, alpha=0.05)
    apart = corrected_mean(judge, list(range(60)), human, clusters=np.arange(300), alpha=0.05)
    assert apart.value == alone.value
    # t with 59 degrees of freedom, and G / (G − 1) on both parts.
    ratio = (apart.high - apart.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(stats.t.ppf(0.95, 59) / stats.norm.ppf(0.95), rel=0.002)
    assert apart.p_below(apart.high) == pytest.approx(0.05)
    assert alone.p_below(alone.low) == pytest.approx(0.95)
    assert apart.n_clusters == 60


def test_with_every_answer_labelled_the_bounds_are_those_of_the_labels_alone():
    chance = np.random.default_rng(11)
    clusters = chance.integers(0, 12, 90)
    human = (chance.random(90) < 0.3 + 0.5 * (clusters % 2)).astype(float)
    judge = np.where(chance.random(90) < 0.8, human, 1 - human)
    found = corrected_mean(judge, list(range(90)), human, clusters=clusters, alpha=0.05)
    known = mean_of(human + 0.0, clusters, alpha=0.05)
    assert (found.value, found.low, found.high) == pytest.approx(
        (known.value, known.low, known.high)
    )


def test_bounds_over_alike_answers_hold_as_often_as_they_say():
    """40 users of 10 answers each, whom people find alike; 15 users are labelled in part."""
    chance = np.random.default_rng(12)
    clusters = np.repeat(np.arange(40), 10)
    missed = {"clustered": 0, "alone": 0}
    for _ in range(1000):
        good = np.clip(0.6 + chance.normal(0, 0.25, 40), 0, 1)
        human = (chance.random(400) < good[clusters]).astype(float)
        judge = np.where(chance.random(400) < 0.75, human, 1 - human)
        truth = 0.6
        picked = np.flatnonzero(np.isin(clusters, chance.choice(40, 15, replace=False)))[::2]
        for name, groups in (("clustered", clusters), ("alone", None)):
            found = corrected_mean(
                judge, picked.tolist(), human[picked], clusters=groups, alpha=0.025
            )
            missed[name] += not found.low <= truth <= found.high
    # 5 % and three standard errors of 1,000 draws are 7.1 %.
    assert missed["clustered"] <= 71
    assert missed["alone"] > 100


def test_labels_of_one_cluster_alone_bound_nothing():
    found = corrected_mean(
        np.ones(40), [0, 1], np.array([1.0, 0.0]), clusters=np.repeat([0, 1], 20), alpha=0.05
    )
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert found.p_below(0.2) == 0.5
    assert found.n_needed(0.2) is None
    with pytest.raises(LabError, match="at least two human values"):
        corrected_mean(np.ones(9), [0], np.ones(1), alpha=0.05)


def test_a_tie_between_people_is_not_resolved():
    labels = pl.DataFrame(
        {
            "case_id": ["a", "a", "b", "b"],
            "annotator": ["x", "y"] * 2,
            "value": ["1", "0", "1", "1"],
        }
    )
    judged = pl.DataFrame({"case_id": ["a", "b"], "value": ["1", "1"]})
    found = calibrate(judged, labels)
    assert (found.n, found.n_unresolved, found.agreement, found.people) == (1, 1, 1.0, 0.5)
    assert "1 more without a majority" in str(found)


def test_what_is_missing_is_named():
    with pytest.raises(ColumnError, match="no column value"):
        calibrate(
            pl.DataFrame({"case_id": ["a"]}), pl.DataFrame({"case_id": ["a"], "value": ["x"]})
        )
    table = pl.DataFrame({"case_id": ["a"], "value": ["x"]})
    with pytest.raises(LabError, match="no case has both"):
        calibrate(table, table.with_columns(case_id=pl.lit("b")))


def test_each_segment_has_its_own_agreement(pandalm):
    judged, labels = pandalm
    # Whether people say that the first answer is the better one.
    human = majority(labels).with_columns(kind=pl.col("human") == "1")
    table = judged.join(human, on="case_id").with_columns(pl.col("kind").cast(pl.String))
    found = calibrate(table, labels, by="kind")
    rows = {row["segment"]: row for row in found.segments.iter_rows(named=True)}
    both = table.drop_nulls(["value", "human", "kind"])
    for name, row in rows.items():
        part = both.filter(kind=name)
        assert row["n"] == part.height
        assert row["agreement"] == pytest.approx((part["value"] == part["human"]).mean())
    # In the segment where people all say "1", agreement is what the judge finds of it.
    assert rows["true"]["agreement"] == pytest.approx(found.recall["1"].value)
    assert "agreement on true" in str(found)


def run_of(rule, n=60):
    """A judged run; the judge sees the answer as JSON, `rule` says when it passes it."""
    golden = GoldenSet(
        tuple(Case(f"q{i}", id=f"c{i:02}", tags=[("even", "odd")[i % 2]]) for i in range(n))
    )
    judge = Judge(lambda prompt: f'{{"verdict": "{"pass" if rule(prompt) else "fail"}"}}')
    return evaluate(lambda question: f"a{question[1:]}", golden, scorers=[judge])


def test_a_run_is_held_against_labels_of_its_own_and_given_blind():
    run = run_of(lambda prompt: not any(f'"a{i}"' in prompt for i in range(20)))
    rows = [
        {"run_id": run.run_id, "case_id": f"c{i:02}", "value": v, "blind": True, "policy_hash": "p"}
        for i in range(60)
        for v in ([0.0] if i < 10 else [1.0])
    ]
    others = [{**row, "run_id": "another", "value": 0.0} for row in rows]
    seen = [{**row, "blind": False, "value": 0.0} for row in rows]
    found = calibrate(run, pl.DataFrame(rows + others + seen), by="tags")
    # By hand: of 10 bad answers all are found, of 50 good ones 40.
    assert (found.n, found.agreement) == (60, pytest.approx(50 / 60))
    assert found.true_negative_rate.value == 1.0
    assert found.true_positive_rate.value == pytest.approx(0.8)
    low, high = proportion_confint(40, 50, method="wilson")
    assert (found.true_positive_rate.low, found.true_positive_rate.high) == pytest.approx(
        (low, high)
    )
    # All answers are labelled: what people would say is what they said.
    assert found.pass_rate.value == pytest.approx(5 / 6)
    assert found.judge_pass_rate == pytest.approx(4 / 6)
    # Odd ones: 5 bad, all found; 25 good, of which the judge fails 5.
    odd = found.segments.row(1, named=True)
    assert (odd["true_positive_rate"], odd["true_negative_rate"]) == (pytest.approx(0.8), 1.0)
    assert found.prevalence == {"fail": pytest.approx(1 / 6), "pass": pytest.approx(5 / 6)}
    assert found.segments["segment"].to_list() == ["even", "odd"]
    assert found.policy_hash == "p"
    other = run_of(lambda prompt: True)
    words = pl.DataFrame({"case_id": ["c00", "c01"], "value": ["good", "FAIL"]})
    assert calibrate(other, words).agreement == 0.5
    with pytest.raises(LabError, match="no scorer 'jury' in this run; it has judge"):
        calibrate(run, words, judge="jury")


def test_a_record_is_kept_and_knows_its_judge_and_age(tmp_path):
    run = run_of(lambda prompt: True)
    labels = pl.DataFrame({"case_id": ["c00", "c01"], "value": [1, 1]})
    found = calibrate(run, labels, policy_hash="rubric")
    again = Calibration.load(found.save(tmp_path / "judge.json"))
    assert str(again) == str(found)
    assert again.identity == found.identity == run.plan.judges["judge"]
    assert (again.recall, again.pass_rate) == (found.recall, found.pass_rate)
    assert 0 <= again.age_days < 0.01
    stricter = evaluate(lambda q: "a", GoldenSet((Case("q", id="c00"),)), scorers=[
        Judge(lambda prompt: '{"verdict": "pass"}', rubric="The answer is polite.")
    ])  # fmt: skip
    other = calibrate(stricter, labels).identity
    assert other.policy_hash != found.identity.policy_hash
    assert other.prompt_hash != found.identity.prompt_hash
    (tmp_path / "judge.json").write_text('{"judge": 1}')
    with pytest.raises(FormatError, match="is not a calibration record"):
        Calibration.load(tmp_path / "judge.json")
    with pytest.raises(LabError, match="no calibration"):
        Calibration.load(tmp_path / "gone.json")


def test_a_judge_of_pairs_says_how_often_the_order_decided():
    judged = pl.DataFrame(
        {"case_id": ["a", "b", "c"], "value": ["1", "2", "1"], "value_swapped": ["1", "1", None]}
    )
    labels = pl.DataFrame({"case_id": ["a", "b", "c"], "value": ["1", "2", "2"]})
    found = calibrate(judged, labels)
    assert (found.n, found.position_consistency.value) == (3, 0.5)
    bounds = (found.position_consistency.low, found.position_consistency.high)
    assert bounds == pytest.approx(proportion_confint(1, 2, method="wilson"))
    assert "same in both orders" in str(found)
