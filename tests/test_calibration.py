"""A judge held against people: real labels, statsmodels, and coverage by resampling."""

import json
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.inter_rater import cohens_kappa as reference

from llmops_lab._gates.agreement import cohens_kappa, majority
from llmops_lab._gates.corrected import corrected_mean
from llmops_lab.calibration import calibrate
from llmops_lab.errors import ColumnError, LabError


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
