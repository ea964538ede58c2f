"""Recorded answers, given again."""

import asyncio
from datetime import UTC, datetime

import polars as pl
import pytest

from llmops_lab.errors import FormatError, LabError
from llmops_lab.evals import evaluate
from llmops_lab.golden import Case, GoldenSet, Source
from llmops_lab.targets import Target, targets
from llmops_lab.traces import Traces


def replay(tmp_path, text):
    path = tmp_path / "answers.jsonl"
    path.write_text(text)
    return targets["replay"](path)


def ask(target, trial=0):
    return asyncio.run(target.answer(Case("q", id="a"), trial))


def test_an_answer_comes_back_as_it_was_recorded(tmp_path):
    target = replay(
        tmp_path,
        '{"case_id": "a", "output": "yes", "duration_s": 1.5, "input_tokens": 7, "team": "x"}\n',
    )
    answer = ask(target)
    assert (answer.output, answer.duration_s, answer.input_tokens) == ("yes", 1.5, 7)
    assert answer.cost_usd is None
    assert isinstance(target, Target)


def test_a_second_line_is_the_second_trial(tmp_path):
    target = replay(tmp_path, '{"case_id":"a","output":"1"}\n{"case_id":"a","output":"2"}\n')
    assert [ask(target, trial).output for trial in (0, 1)] == ["1", "2"]
    assert "no recorded answer" in ask(target, 2).error


@pytest.mark.parametrize("line", ["{", '{"output": "x"}', '{"case_id": "a", "duration_s": "x"}'])
def test_a_line_that_is_no_answer_is_named(tmp_path, line):
    with pytest.raises(FormatError, match=r"answers\.jsonl, line 1"):
        _ = replay(tmp_path, line).identity


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(LabError, match="no recorded answers"):
        _ = targets["replay"](tmp_path / "none.jsonl").identity


def recorded_traces():
    frame = pl.DataFrame(
        {
            "trace_id": ["t0", "t1", "t2"],
            "span_id": ["s0", "s1", "s2"],
            "kind": ["llm"] * 3,
            "start_time": [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (9, 10, 11)],
            "duration_s": [1.0, 2.0, 3.0],
            "status": ["ok", "ok", "error"],
            "input_text": ["Where?", "Where?", "When?"],
            "output_text": ["Here.", "There.", None],
        }
    )
    documents = pl.DataFrame({"trace_id": ["t1"], "span_id": ["s1"], "content": ["Over there."]})
    return Traces.from_frame(frame, side_tables={"documents": documents}, source="export.jsonl")


def test_traces_answer_the_case_they_came_from_else_the_same_question():
    target = targets["replay"](recorded_traces())
    own = Case("Where?", id="x", source=Source("trace", trace_id="t1"))
    answer = asyncio.run(target.answer(own, 0))
    assert (answer.output, answer.duration_s, answer.context) == ("There.", 2.0, ["Over there."])
    same = [asyncio.run(target.answer(Case(" Where? ", id="y"), trial)).output for trial in (0, 1)]
    assert same == ["Here.", "There."]
    assert asyncio.run(target.answer(Case("When?", id="z"), 0)).error == "the trace has no answer"
    assert "no recorded answer" in asyncio.run(target.answer(Case("Why?", id="w"), 0)).error
    assert target.name == "replay of export.jsonl"


def test_a_golden_set_from_traces_is_scored_on_what_was_answered():
    traces = recorded_traces()
    cases = (case.reviewed("ana") for case in GoldenSet.from_traces(traces))
    run = evaluate(targets["replay"](traces), GoldenSet(tuple(cases)), scorers=["exact"])
    assert run.frame["passed"].to_list() == [True, False]


def test_a_run_or_its_file_is_replayed(tmp_path):
    golden = GoldenSet((Case("q", "a", id="a"), Case("r", "a", id="b")))
    run = evaluate(
        lambda said: f"{said}!", golden, scorers=["exact"], checkpoint=tmp_path / "r.jsonl"
    )
    for recorded in (run, tmp_path / "r.jsonl"):
        again = evaluate(targets["replay"](recorded), golden, scorers=["length"])
        assert again.frame["output"].to_list() == ["q!", "r!"]
