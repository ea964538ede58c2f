"""The statistics behind a gate, against published values, statsmodels and simulation."""

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.regression.linear_model import OLS, WLS
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from llmops_lab._gates.estimates import mean_of
from llmops_lab._gates.paired_tests import difference, mcnemar_mid_p, tango
from llmops_lab._multiplicity import benjamini_hochberg, holm
from llmops_lab._rates import wilson


def test_tango_on_the_airway_reactivity_of_21_children():
    # Bentur et al. 2009 as in Fagerland, Lydersen, Laake 2014, Statistics in Medicine 33: 1 child
    # only before, 7 only after; their table gives −0.517 to −0.026.
    assert tango(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize(("b", "c", "n"), [(12, 2, 60), (0, 5, 40), (3, 0, 30), (40, 20, 160)])
def test_tango_is_where_the_score_test_with_a_numerical_likelihood_turns(b, c, n):
    def z(delta):
        def minus_likelihood(q):
            cells = np.array([q + delta, q, 1 - 2 * q - delta])
            return -float(np.sum(np.array([b, c, n - b - c]) * np.log(cells)))

        inside = (max(0.0, -delta) + 1e-9, (1 - delta) / 2 - 1e-9)
        q = optimize.minimize_scalar(
            minus_likelihood, bounds=inside, method="bounded", options={"xatol": 1e-10}
        ).x
        return (b - c - n * delta) / np.sqrt(n * (2 * q + delta * (1 - delta)))

    low, high = tango(b, c, n)
    assert z(low) == pytest.approx(stats.norm.ppf(0.975), abs=1e-3)
    assert z(high) == pytest.approx(-stats.norm.ppf(0.975), abs=1e-3)


@pytest.mark.parametrize(("b", "c"), [(5, 15), (0, 3), (1, 0), (60, 127), (7, 7), (0, 0)])
def test_mid_p_is_the_exact_p_less_half_the_chance_of_the_data_on_each_side(b, c):
    exact = mcnemar([[0, b], [c, 0]], exact=True).pvalue
    expected = 1.0 if b == c else exact - stats.binom.pmf(min(b, c), b + c, 0.5)
    assert mcnemar_mid_p(b, c) == pytest.approx(expected)


def test_clustered_bounds_are_those_of_statsmodels():
    generator = np.random.default_rng(1)
    clusters = generator.integers(0, 12, 90)
    change = generator.normal(0.02, 0.2, 90) + generator.normal(0, 0.1, 12)[clusters]
    fit = OLS(change, np.ones(90)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True
    )
    found = difference(change, np.zeros(90), clusters, alpha=0.05)
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int(alpha=0.1)[0]))
    assert found.p_value == pytest.approx(fit.pvalues[0])
    assert found.n_clusters == 12


def test_weighted_and_clustered_bounds_are_those_of_statsmodels():
    generator = np.random.default_rng(8)
    clusters, weights = generator.integers(0, 9, 70), generator.choice([0.5, 1.0, 4.0], 70)
    values = generator.normal(0.6, 0.2, 70) + generator.normal(0, 0.1, 9)[clusters]
    fit = WLS(values, np.ones(70), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True
    )
    found = mean_of(values, clusters, weights=weights, alpha=0.025)
    assert found.value == pytest.approx(fit.params[0])
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int(alpha=0.05)[0]))
    test = fit.t_test("const = 0.55", use_t=True)
    below = float(stats.t.cdf(test.tvalue.item(), 8))
    assert found.p_below(0.55) == pytest.approx(below)
    assert (found.n, found.n_clusters) == (70, 9)
    assert found.method == "weighted cluster-robust t"


def test_a_share_is_below_a_limit_by_the_score_test():
    values = np.repeat([1.0, 0.0], [70, 30])
    found = mean_of(values, None, alpha=0.05)
    _, below = proportions_ztest(70, 100, value=0.8, alternative="smaller", prop_var=0.8)
    assert found.p_below(0.8) == pytest.approx(below)
    # A limit of 0 or 1 leaves nothing to chance.
    assert [found.p_below(limit) for limit in (0.0, 1.0)] == [1.0, 0.0]
    assert mean_of(np.ones(9), None, alpha=0.05).p_below(1.0) == 1.0


def test_the_spread_of_a_share_is_that_of_one_more_pass_and_one_more_failure():
    found = mean_of(np.repeat([1.0, 0.0], [70, 30]), None, alpha=0.05)
    share = 71 / 102
    assert found.variance == pytest.approx(share * (1 - share))
    reach = stats.norm.ppf(0.95) + stats.norm.ppf(0.8)
    assert found.smallest_detectable == pytest.approx(reach * np.sqrt(share * (1 - share) / 100))
    assert found.n_needed(0.6) == np.ceil(reach**2 * share * (1 - share) / 0.1**2)
    # Not certain, although all passed.
    assert mean_of(np.ones(8), None, alpha=0.05).variance == pytest.approx(0.9 * 0.1)


def test_independent_scores_get_students_t():
    change = np.random.default_rng(2).normal(0.1, 0.3, 40)
    found = difference(change, np.zeros(40), None, alpha=0.025)
    expected = stats.ttest_1samp(change, 0)
    assert found.p_value == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(("k", "n"), [(0, 10), (7, 9), (150, 150), (3, 400)])
def test_wilson_is_that_of_statsmodels(k, n):
    assert wilson(k, n) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-9)
    values = np.repeat([1.0, 0.0], [k, n - k])
    found = mean_of(values, None, alpha=0.05)
    expected = proportion_confint(k, n, alpha=0.1, method="wilson")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


def test_of_nothing_observed_any_share_is_possible():
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("ours", "theirs"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_corrections_are_those_of_statsmodels(ours, theirs):
    p_values = [0.04, 0.001, 0.2, 0.04, 0.9, 0.013]
    assert ours(p_values) == pytest.approx(multipletests(p_values, method=theirs)[1])
    assert ours([]) == []


def paired_answers(generator, n, discordance, change, size):
    """`size` pairs of runs with a true difference of `change` in the pass rate."""
    shares = [(discordance + change) / 2, (discordance - change) / 2]
    return generator.multinomial(n, [*shares, 1 - discordance], size=size)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    generator = np.random.default_rng(3)
    for n, discordance, change in ((50, 0.2, 0.05), (200, 0.1, 0.0), (100, 0.3, -0.1)):
        draws = paired_answers(generator, n, discordance, change, 2000)
        tables, times = np.unique(draws, axis=0, return_counts=True)
        intervals = [tango(int(b), int(c), n) for b, c, _ in tables]
        covered = sum(
            t for t, (low, high) in zip(times, intervals, strict=True) if low <= change <= high
        )
        # 94 %, less than three standard errors of 2,000 draws below the nominal 95 %.
        assert covered / 2000 > 0.94


@pytest.mark.parametrize(("n", "expected"), [(100, 0.43), (200, 0.70), (400, 0.93)])
def test_an_equal_candidate_passes_as_often_as_was_measured(n, expected):
    # ../shared/evals.md: margin of 5 points, discordance 10 %, alpha 0.05 one-sided.
    draws = paired_answers(np.random.default_rng(4), n, 0.1, 0.0, 4000)
    tables, times = np.unique(draws, axis=0, return_counts=True)
    lows = [tango(int(b), int(c), n, confidence=0.9)[0] for b, c, _ in tables]
    assert np.average(np.array(lows) > -0.05, weights=times) == pytest.approx(expected, abs=0.05)


def test_a_candidate_on_the_margin_passes_one_time_in_twenty():
    draws = paired_answers(np.random.default_rng(5), 300, 0.15, -0.05, 4000)
    tables, times = np.unique(draws, axis=0, return_counts=True)
    lows = [tango(int(b), int(c), 300, confidence=0.9)[0] for b, c, _ in tables]
    assert np.average(np.array(lows) > -0.05, weights=times) == pytest.approx(0.05, abs=0.015)


def test_the_number_of_cases_it_asks_for_is_enough_four_times_in_five():
    pilot = np.repeat([1.0, -1.0, 0.0], [6, 4, 90])
    found = difference(np.maximum(pilot, 0), np.maximum(-pilot, 0), None, alpha=0.05)
    n = found.n_needed(-0.05)
    draws = paired_answers(np.random.default_rng(6), n, 0.1, 0.02, 2000)
    tables, times = np.unique(draws, axis=0, return_counts=True)
    lows = [tango(int(b), int(c), n, confidence=0.9)[0] for b, c, _ in tables]
    assert np.average(np.array(lows) > -0.05, weights=times) > 0.77


def test_no_change_in_clustered_answers_is_not_certainty():
    same = np.ones(60)
    found = difference(same, same, np.repeat(np.arange(6), 10), alpha=0.05)
    assert found.value == 0
    assert found.low < -0.2


@pytest.mark.parametrize(("discordance", "expected"), [(0.05, 0.044), (0.2, 0.089)])
def test_what_200_cases_can_see_is_as_was_measured(discordance, expected):
    # ../shared/evals.md: 4.4 to 8.9 points, two-sided at 5 %, as 5 to 20 % of answers differ.
    half = round(200 * discordance / 2)
    pilot = np.repeat([1.0, -1.0, 0.0], [half, half, 200 - 2 * half])
    found = difference(np.maximum(pilot, 0), np.maximum(-pilot, 0), None, alpha=0.025)
    # One pretended case more keeps the spread from 0 where nothing changed.
    assert found.smallest_detectable == pytest.approx(expected, abs=0.0025)


@pytest.mark.parametrize("weighted", [False, True])
def test_bounds_over_alike_and_weighted_cases_hold_as_often_as_they_say(weighted):
    """30 users of 1 to 12 cases each, who get better or worse as one; the truth is no change."""
    chance = np.random.default_rng(12)
    clusters = np.repeat(np.arange(30), chance.integers(1, 13, 30))
    weights = chance.choice([0.5, 1.0, 3.0], len(clusters)) if weighted else None
    above = below = alone = 0
    for _ in range(1500):
        lean = chance.normal(0, 0.15, 30)[clusters]
        draw = chance.random(len(clusters))
        change = (draw < 0.15 + lean).astype(float) - (draw > 0.85 + lean)
        values = np.maximum(change, 0), np.maximum(-change, 0)
        found = difference(*values, clusters, weights=weights, alpha=0.05)
        above += found.low > 0
        below += found.high < 0
        alone += difference(*values, alpha=0.05).low > 0
    # One-sided 5 %; three standard errors of 1,500 draws are 1.7 points.
    assert 0.033 < above / 1500 < 0.067
    assert 0.033 < below / 1500 < 0.067
    # Taken for independent, such cases raise more than twice as many false alarms.
    assert alone / 1500 > 0.1


def test_mcnemar_raises_a_false_alarm_one_time_in_twenty():
    draws = paired_answers(np.random.default_rng(13), 200, 0.2, 0.0, 4000)
    tables, times = np.unique(draws, axis=0, return_counts=True)
    alarms = [mcnemar_mid_p(int(b), int(c)) < 0.05 for b, c, _ in tables]
    assert np.average(alarms, weights=times) == pytest.approx(0.05, abs=0.011)
