"""What a segment measures, against numbers worked by hand and statsmodels."""

import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from llmops_lab._segments.measures import COLUMNS, measured


def rows(status, users, **more):
    frame = {"segment": [0] * len(status), "status": status, "user_id": users}
    return pl.DataFrame({**frame, **more})


def test_cost_tokens_and_latency_are_summed_and_ranked():
    found = measured(
        rows(
            ["ok"] * 4,
            ["a", "a", "b", None],
            cost_usd=[0.1, 0.3, None, 0.2],
            duration_s=[1.0, 2.0, 3.0, 4.0],
            input_tokens=[10, 20, 30, None],
        ),
        ["segment"],
    ).row(0, named=True)
    assert found["n"] == 4
    assert found["n_users"] == 2
    assert found["cost_usd"] == pytest.approx(0.6)
    assert found["cost_usd_mean"] == pytest.approx(0.2)
    assert found["duration_s_p50"] == pytest.approx(2.5)
    assert found["duration_s_p95"] == pytest.approx(3.85)
    assert found["input_tokens"] == 60
    assert found["output_tokens"] is None
    assert found["guardrail_rate"] is None


def test_with_a_row_per_user_the_interval_is_wilsons():
    status = ["error"] * 30 + ["ok"] * 70
    found = measured(rows(status, [f"u{i}" for i in range(100)]), ["segment"]).row(0, named=True)
    low, high = proportion_confint(30, 100, method="wilson")
    assert found["error_rate"] == pytest.approx(0.3)
    # One row each: the design effect is n / (n − 1), as an unbiased variance has it.
    assert found["error_rate_low"] == pytest.approx(low, abs=1e-3)
    assert found["error_rate_high"] == pytest.approx(high, abs=1e-3)


def test_ten_equal_rows_of_each_user_count_as_one():
    status = (["error"] * 10 + ["ok"] * 10) * 10
    users = [f"u{i // 10}" for i in range(200)]
    found = measured(rows(status, users), ["segment"]).row(0, named=True)
    low, high = proportion_confint(10, 20, method="wilson")
    assert found["error_rate_low"] == pytest.approx(low, abs=0.01)
    assert found["error_rate_high"] == pytest.approx(high, abs=0.01)


def test_no_failure_of_one_busy_user_says_little():
    found = measured(rows(["ok"] * 500, ["busy"] * 500), ["segment"]).row(0, named=True)
    assert found["error_rate"] == 0
    assert found["error_rate_low"] == 0
    assert found["error_rate_high"] == pytest.approx(proportion_confint(0, 1, method="wilson")[1])


def test_groups_of_several_keys_have_all_columns():
    frame = pl.DataFrame({"segment": [0, 0, 1], "time": [1, 2, 1], "status": ["ok"] * 3})
    found = measured(frame, ["segment", "time"])
    assert found.columns == ["segment", "time", "n", *COLUMNS]
    assert found["n"].to_list() == [1, 1, 1]
