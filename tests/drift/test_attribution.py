"""Odds ratios against statsmodels, and their error rate with users as units."""

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from llmops_lab._drift.attribution import attribution, odds_ratio, strongest
from llmops_lab._drift.comparison import Comparison
from llmops_lab._drift.findings import Finding
from llmops_lab._scan.units import units_of


def drawn(seed, n=900):
    rng = np.random.default_rng(seed)
    stratum = rng.integers(0, 4, n)
    exposed = rng.random(n) < 0.2 + 0.15 * stratum
    outcome = rng.random(n) < 0.1 + 0.1 * stratum + 0.1 * exposed
    return exposed, outcome, stratum


def test_the_odds_ratio_its_interval_and_p_value_are_statsmodels():
    exposed, outcome, stratum = drawn(0)
    tables = [
        [
            [(exposed & outcome & here).sum(), (exposed & ~outcome & here).sum()],
            [(~exposed & outcome & here).sum(), (~exposed & ~outcome & here).sum()],
        ]
        for here in (stratum == s for s in range(4))
    ]
    known = StratifiedTable(tables)
    found = odds_ratio(exposed, outcome, stratum, np.arange(len(exposed)))
    assert found.ratio == pytest.approx(known.oddsratio_pooled)
    assert (found.low, found.high) == pytest.approx(known.oddsratio_pooled_confint(), rel=1e-6)
    assert found.p_value == pytest.approx(known.test_null_odds(correction=False).pvalue)


def test_an_exposure_that_is_everywhere_or_nowhere_in_each_stratum_tells_nothing():
    stratum = np.repeat([0, 1], 50)
    assert odds_ratio(stratum == 1, np.arange(100) % 3 == 0, stratum, np.arange(100)) is None


def test_users_with_many_rows_do_not_make_a_chance_association_sure():
    rng = np.random.default_rng(1)
    alarms = {"rows": 0, "users": 0}
    for _ in range(200):
        user = rng.integers(0, 60, 900)
        exposed, outcome = (rng.random(60) < 0.4)[user], (rng.random(60) < 0.3)[user]
        stratum = rng.integers(0, 2, 900)
        by_row = odds_ratio(exposed, outcome, stratum, np.arange(900))
        by_user = odds_ratio(exposed, outcome, stratum, user)
        alarms["rows"] += by_row is not None and by_row.p_value < 0.05
        alarms["users"] += by_user is not None and by_user.p_value < 0.05
    assert alarms["rows"] > 100
    # 5 % of 200 is 10; 20 or more happen once in 400 such tests.
    assert alarms["users"] < 20


def test_a_segment_that_one_prompt_version_brought_names_it():
    rng = np.random.default_rng(2)
    n = 2000
    current = np.arange(n) >= 1000
    version = np.where(current & (rng.random(n) < 0.5), "v2", "v1")
    model = rng.choice(["a", "b"], n)
    inside = rng.random(n) < np.where(version == "v2", 0.12, 0.01)
    frame = pl.DataFrame(
        {"text": ["where is my order please"] * n, "prompt_version": version, "model": model}
    )
    both = Comparison(frame, np.zeros((n, 1)), current, units_of(np.arange(n), current))
    table = attribution(both, [Finding(inside, "emerging", 5.0, 0.001, 0.001)], {})
    row = strongest(table, 0)
    assert row["goes_with"] == "prompt_version v2"
    assert row["odds_ratio_low"] > 3
    assert table.filter(attribute="model")["p_adjusted"].min() > 0.05
