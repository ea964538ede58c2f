"""Charts of traces and of a change of cost, by their specification."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from llmops_lab.cost import price_traces
from llmops_lab.cost_change import explain_cost
from llmops_lab.errors import LabError
from llmops_lab.plots import plot
from llmops_lab.traces import Traces

START = datetime(2026, 1, 1, tzinfo=UTC)


def traces(n=300, hours=48, n_models=2, **columns):
    rows = [
        {
            "span_id": str(i),
            "kind": "llm",
            "start_time": START + timedelta(hours=i * hours / n),
            "request_model": f"m{i % n_models}",
            **columns,
        }
        for i in range(n)
    ]
    return Traces.from_frame(pl.DataFrame(rows))


def bars(traces):
    return plot(traces).to_dict()["data"]["values"]


def test_bars_count_every_trace_once_and_stack_without_gap_or_overlap():
    found = pl.DataFrame(bars(traces()))
    assert found["n"].sum() == 300
    stacks = found.group_by("start").agg(pl.col("n").sum(), pl.col("high").max())
    assert (stacks["n"] == stacks["high"]).all()
    assert (found["high"] - found["low"] == found["n"]).all()


@pytest.mark.parametrize(
    ("hours", "every"), [(1, "1m"), (10, "10m"), (72, "1h"), (24 * 21, "6h"), (24 * 90, "1d")]
)
def test_bars_are_as_long_as_leaves_them_apart(hours, every):
    chart = plot(traces(hours=hours)).to_dict()
    assert chart["title"] == f"300 traces, one bar per {every} (UTC)"
    assert len({row["start"] for row in chart["data"]["values"]}) <= 120


def test_many_models_are_the_biggest_and_the_others():
    found = pl.DataFrame(bars(traces(n_models=20)))
    assert found["model"].n_unique() == 7
    assert found.filter(model="others")["n"].sum() == 300 // 20 * 14


def test_traces_without_times_say_so():
    with pytest.raises(LabError, match="no start times to draw"):
        plot(traces(start_time=None).filter(pl.lit(value=True)))


def change():
    call = {"provider": "openai", "request_model": "gpt-4o", "prompt_name": "support"}
    old, new = (
        price_traces(traces(n=4, input_tokens=n, output_tokens=1, prompt_version=v, **call))
        for n, v in ((1000, "1"), (3000, "2"))
    )
    return explain_cost(old, new)


def test_the_steps_of_a_cost_change_lead_from_then_to_now():
    found = change()
    steps = plot(found).to_dict()["layer"][0]
    steps = (steps.get("data") or plot(found).to_dict()["data"])["values"]
    assert [step["kind"] for step in steps] == ["before", "dearer", "now"]
    assert steps[0]["to"] == pytest.approx(found.baseline_usd_per_trace)
    assert steps[1]["from"] == steps[0]["to"]
    assert steps[1]["to"] == pytest.approx(steps[2]["to"])
    assert steps[1]["label"] == "prompt support 2 sends 3.0x the input tokens of 1"
