"""Charts of runs, comparisons and verdicts, by their specification."""

import pytest
import vl_convert

from llmops_lab.comparison import compare
from llmops_lab.errors import LabError
from llmops_lab.evals import evaluate
from llmops_lab.gate import Gate
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.plots import plot


def run_of(wrong, n=80):
    async def answer(question):
        return "no" if int(question[1:]) in wrong else "yes"

    tags = ["returns", "shipping"]
    cases = [Case(f"q{i}", "yes", id=f"c{i:02}", tags=[tags[i % 2]]) for i in range(n)]
    return evaluate(answer, GoldenSet(tuple(cases)), scorers=["exact", "contains"])


def values(layer_chart):
    layers = [layer for layer in layer_chart["layer"] if layer["mark"]["type"] == "point"]
    data = layers[0].get("data") or layer_chart["data"]
    return {row["name"]: row for row in data["values"]}


def is_drawn(chart):
    return vl_convert.vegalite_to_svg(chart.to_dict()).startswith("<svg")


def test_a_run_is_drawn_by_scorer_and_by_tag():
    run = run_of(set(range(0, 20, 2)))
    chart = plot(run)
    assert list(values(chart.to_dict())) == ["all scorers", "exact", "contains"]
    assert values(chart.to_dict())["exact"]["value"] == pytest.approx(70 / 80)
    by_tag = values(plot(run, by="tags").to_dict())
    assert by_tag["returns"]["count"] == "30 of 40"
    assert by_tag["shipping"]["count"] == "40 of 40"
    assert is_drawn(chart)
    with pytest.raises(LabError, match="no groups by 'mood'"):
        plot(run, by="mood")


def test_a_comparison_colours_only_what_is_clear():
    chart = plot(compare(run_of({*range(0, 40, 2), 1}), run_of({})))
    drawn = values(chart.to_dict())
    assert {name: row["kind"] for name, row in drawn.items()} == {
        "all cases": "worse",
        "returns": "worse",
        "shipping": "not clear",
    }
    assert drawn["returns"]["value"] == pytest.approx(-0.5)
    assert is_drawn(chart)


def test_a_verdict_shows_bounds_against_the_limit_and_the_use_of_budgets():
    verdict = Gate(budgets={"duration_s_p95": 1e9, "cost_usd_mean": 1}).check(
        run_of(range(40)), run_of({})
    )
    chart = plot(verdict)
    metrics, budgets = (values(panel) for panel in chart.to_dict()["vconcat"])
    assert metrics["passed"]["kind"] == "fail"
    assert metrics["passed"]["high"] < metrics["passed"]["limit"] == -0.05
    assert budgets["duration_s_p95"]["value"] < 1
    assert budgets["cost_usd_mean"]["value"] is None
    assert is_drawn(chart)
    alone = plot(Gate(minimum=0.9).check(run_of({})))
    assert is_drawn(alone)
