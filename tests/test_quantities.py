"""Quantities as people read them."""

import pytest

from llmops_lab import _quantities as quantities


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0, "0 s"),
        (0.00012, "120 µs"),
        (0.0123, "12.3 ms"),
        (0.8504, "850 ms"),
        (0.9999, "1.00 s"),
        (1.234, "1.23 s"),
        (59.96, "60.0 s"),
        (125, "2 min 05 s"),
        (3599.9, "1.00 h"),
        (11520, "3.20 h"),
    ],
)
def test_seconds_choose_their_unit(value, text):
    assert quantities.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "$0"),
        (0.00000123, "$0.0000012"),
        (0.00123, "$0.0012"),
        (-0.5, "-$0.500"),
        (0.998, "$1.00"),
        (12.345, "$12.35"),
        (12345.6, "$12,346"),
    ],
)
def test_dollars_keep_the_figures_that_matter(value, text):
    assert quantities.dollars(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0 %"), (1, "100 %"), (0.0234, "2.3 %"), (0.00042, "0.042 %")],
)
def test_shares_are_percent(value, text):
    assert quantities.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0, "0"), (12345, "12,345"), (1_234_567, "1.23 M")]
)
def test_counts_are_grouped(value, text):
    assert quantities.count(value) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1.1, 1.31, "1.10–1.31 s"),
        (0.9, 1.2, "900 ms–1.20 s"),
        (100, 200, "1 min 40 s–3 min 20 s"),
        (97.3, 200, "97.3 s–3 min 20 s"),
        (1.1, None, "from 1.10 s"),
        (float("nan"), 1.1, "up to 1.10 s"),
        (None, None, ""),
    ],
)
def test_an_interval_says_its_unit_once_and_which_bound_is_missing(low, high, text):
    assert quantities.interval(low, high, quantities.seconds) == text


def test_a_moment_is_written_in_utc_and_what_is_none_stays():
    assert quantities.moment("2026-11-24T19:35:36+01:00") == "24 Nov 2026 18:35 UTC"
    assert quantities.moment("yesterday") == "yesterday"
