"""Scores of production answers: the same scorers, no expected answer, whole users in a sample."""

import threading
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from llmops_lab import Score, Traces, detect_drift, plot, read_traces, score, summarize
from llmops_lab.cli import main
from llmops_lab.errors import LabError
from llmops_lab.golden import GoldenSet
from llmops_lab.scorers import scorers
from tests._planted import Planter, intents
from tests._planted import traces_of as planted_traces

START = datetime(2026, 3, 2, tzinfo=UTC)


def traces_of(answers, *, users=None, documents=None):
    n = len(answers)
    frame = pl.DataFrame(
        {
            "trace_id": [f"t{i}" for i in range(n)],
            "span_id": [f"s{i}" for i in range(n)],
            "kind": ["llm"] * n,
            "start_time": [START + timedelta(minutes=i) for i in range(n)],
            "user_id": users or [f"u{i}" for i in range(n)],
            "input_text": [f"Where is my order number {i}?" for i in range(n)],
            "output_text": answers,
        },
        schema_overrides={"output_text": pl.String},
    )
    return Traces.from_frame(
        frame, side_tables={"documents": documents} if documents is not None else {}
    )


MIXED = traces_of(
    [
        "Your order left the warehouse.",
        "I'm sorry, I can't help with that.",
        None,
        "Mail ana@shop.example.",
    ],
    documents=pl.DataFrame(
        {"trace_id": ["t0"], "span_id": ["s0"], "content": ["The order left the warehouse today."]}
    ),
)


def test_each_scorer_gives_each_answer_a_row():
    found = score(MIXED, ["refusal", "pii"]).scores.sort("name", "trace_id")
    assert found.select("trace_id", "name", "label").rows() == [
        ("t0", "pii", "pass"),
        ("t1", "pii", "pass"),
        ("t2", "pii", None),
        ("t3", "pii", "fail"),
        ("t0", "refusal", "pass"),
        ("t1", "refusal", "fail"),
        ("t2", "refusal", None),
        ("t3", "refusal", "pass"),
    ]
    assert found["explanation"][2] == "the trace has no answer"
    assert set(found["source"]) == {"code"}
    assert MIXED.scores.is_empty()


def test_groundedness_speaks_only_where_documents_were_retrieved():
    found = score(MIXED, ["groundedness"]).scores.sort("trace_id")
    assert found["value"].to_list() == [1.0, None, None, None]
    assert found["explanation"][1] == "the case has no context"


@pytest.mark.parametrize(
    "name", ["exact", "contains", "fuzzy", "rouge", "similarity", "numeric", "regex"]
)
def test_a_scorer_that_needs_an_expected_answer_is_refused(name):
    with pytest.raises(LabError, match=f"'{name}' compares with an expected answer"):
        score(MIXED, [name])


def test_a_pattern_of_its_own_is_enough_for_a_regex():
    found = score(MIXED, [scorers["regex"](r"(?i)sorry")]).scores.sort("trace_id")
    assert found["label"].to_list() == ["fail", "pass", None, "fail"]


def test_a_scorer_that_breaks_leaves_a_row_that_counts_for_nothing():
    def broken(case, answer):
        raise KeyError("rubric")

    scored = score(MIXED, [broken])
    assert scored.scores["valid"].to_list().count(False) == 3
    assert scored.scores.filter(trace_id="t0")["explanation"][0] == "KeyError: 'rubric'"
    assert scored.rows["checks"].to_list() == [None] * 4


def test_a_judge_is_asked_with_many_calls_at_once_and_is_marked_as_a_model():
    meeting = threading.Barrier(3)

    def model(prompt):
        meeting.wait(timeout=10)
        return '{"reason": "it helps", "verdict": "pass"}'

    found = score(traces_of(["a"] * 6), [scorers["judge"](_in_thread(model))], concurrency=3).scores
    assert found["label"].to_list() == ["pass"] * 6
    assert found["explanation"][0] == "it helps"
    assert set(found["source"]) == {"llm"}


def _in_thread(model):
    import asyncio

    async def asked(prompt):
        return await asyncio.to_thread(model, prompt)

    return asked


def test_what_was_scored_is_not_asked_again_until_the_scorer_changes():
    asked = []

    def long(case, answer):
        asked.append(case.id)
        return True

    traces = traces_of(["a"] * 6)
    once = score(traces, [long], sample=2)
    more = score(once, [long], sample=5)
    assert len(asked) == len(set(asked)) == 5
    assert more.scores.height == 5
    wider = score(more, [scorers["length"](most=3)])
    stricter = score(wider, [scorers["length"](most=2)])
    assert stricter.scores.group_by("name").len().sort("name").rows() == [
        ("length", 12),
        ("long", 5),
    ]


def test_a_sample_takes_whole_users_and_a_larger_one_holds_the_smaller():
    users = [f"u{i // 5}" for i in range(100)]
    traces = traces_of(["a"] * 100, users=users)

    def drawn(n, seed=0):
        return set(score(traces, ["length"], sample=n, seed=seed).scores["trace_id"])

    small, large = drawn(10), drawn(0.5)
    assert (len(small), len(large)) == (10, 50)
    assert small < large
    assert len({users[int(name[1:])] for name in small}) == 2
    assert drawn(10, seed=1) != small
    with pytest.raises(LabError, match="more than 0"):
        drawn(0)
    with pytest.raises(LabError, match="no column 'team'"):
        score(traces, ["length"], sample=3, unit="team")


def test_what_other_tools_judged_is_a_check_and_what_people_said_is_not():
    frame = pl.DataFrame(
        {
            "trace_id": ["t0"] * 5,
            "name": ["toxicity", "hallucination", "user_feedback", "thumbs", "helpful"],
            "value": [0.0, 1.0, 0.0, 0.0, 0.3],
            "data_type": ["boolean", "boolean", "boolean", "boolean", "numeric"],
            "source": ["llm", "code", "api", "human", "llm"],
        }
    )
    row = traces_of(["a"]).with_scores(frame).rows.row(0, named=True)
    assert row["checks"] == ["hallucination", "toxicity"]
    assert row["failed_checks"] == ["toxicity"]
    assert row["negative_feedback"]


def test_failures_are_rates_of_a_summary_and_panels_of_its_chart():
    scored = score(MIXED, ["refusal", "pii"])
    frame = summarize(scored).frame
    assert frame["refusal_fail_rate"][0] == pytest.approx(1 / 3)
    assert frame["pii_fail_rate_n"][0] == 3
    assert "fail refusal" in str(summarize(scored))
    assert "Failed refusal" in str(plot(summarize(scored), show="rates").to_dict())


def test_failing_answers_become_cases_to_review():
    golden = GoldenSet.from_traces(score(MIXED, ["refusal"]))
    labels = {case.source.trace_id: (case.label, case.tags) for case in golden}
    assert labels["t0"] == ("good", [])
    assert labels["t1"] == ("bad", ["failed refusal"])


def test_scores_survive_being_written_and_read(tmp_path):
    scored = score(MIXED, ["refusal"])
    again = read_traces(str(scored.write_parquet(tmp_path / "kept", redacted=False)))
    assert again.rows["failed_checks"].to_list() == scored.rows["failed_checks"].to_list()
    assert score(again, ["refusal"]).scores.height == scored.scores.height


@pytest.mark.slow
def test_drift_names_the_segment_whose_answers_fail_a_scorer_more_often(shared):
    """Of the queries of one intent four in five are refused in the second week."""
    queries = {k: v for k, v in list(intents(shared).items())[:40] if k != "oos"}
    planter = Planter(queries, seed=4)
    refused = next(iter(queries))
    windows = []
    for window in (0, 1):
        rows = planter.rows(700, window, {refused: 0.1})
        for i, row in enumerate(rows):
            refuses = window and row["intent"] == refused and i % 5
            row["output_text"] = "I'm sorry, I cannot help with that." if refuses else "Done."
            row["status"] = "ok"
        windows.append(score(planted_traces(rows, f"w{window}-"), ["refusal"]))
    report = detect_drift(*windows)
    worse = report.frame.filter(kind="worse").row(0, named=True)
    assert worse["metric"] == "refusal_fail_rate"
    assert worse["refusal_fail_rate_baseline"] == 0
    assert worse["refusal_fail_rate_current"] > 0.5
    assert "failing refusal 0 % → " in str(report)


def test_a_score_object_of_a_function_is_kept():
    def half(case, answer):
        return Score(0.5, True, "so so")

    row = score(traces_of(["a"]), [half]).scores.row(0, named=True)
    assert (row["value"], row["label"], row["explanation"]) == (0.5, "pass", "so so")


@pytest.mark.filterwarnings("default::llmops_lab.errors.RedactionWarning")
def test_the_command_prints_rates_and_keeps_traces_with_scores(tmp_path, capsys):
    MIXED.write_parquet(tmp_path / "traces", redacted=False)
    source, out = str(tmp_path / "traces"), str(tmp_path / "out")
    call = ["score", source, "--scorer", "refusal", "--out", out]
    with pytest.raises(SystemExit) as end:
        main(call)
    assert end.value.code == 0
    assert "fail refusal" in capsys.readouterr().out
    assert read_traces(out).scores.height == 4
    with pytest.raises(SystemExit) as end:
        main([*call, "--scorer", "exact"])
    assert end.value.code == 3
    assert "compares with an expected answer" in capsys.readouterr().err


def test_the_magic_scores_a_variable_in_place_by_name_or_function():
    from types import SimpleNamespace

    from llmops_lab.magics import run

    def polite(case, answer):
        return "sorry" in answer.output

    names = {"traces": MIXED, "polite": polite}
    summary = run("score --scorer polite --scorer pii", None, SimpleNamespace(user_ns=names))
    assert summary.frame["polite_fail_rate"][0] == pytest.approx(2 / 3)
    assert set(names["traces"].scores["name"]) == {"polite", "pii"}


def test_an_answer_that_a_guardrail_stopped_in_production_fails_the_guardrail_scorer():
    hit = pl.DataFrame({"trace_id": ["t1"], "span_id": ["s1"], "verdict": ["deny"]})
    traces = Traces.from_frame(MIXED.spans, side_tables={"guardrails": hit})
    found = score(traces, ["guardrail"]).scores.sort("trace_id")
    assert found["label"].to_list() == ["pass", "fail", None, "pass"]
