"""The golden set and the recorded answers."""

import json

import pytest

from sample_data.golden import read_cases

SETUPS = {"gpt-4.1-mini": 0.91, "claude-haiku-4-5": 0.84, "gpt-4.1-mini_prompt-2": 0.91}


def _read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_there_are_150_reviewed_cases_with_sorted_keys_and_unique_ids(sample):
    lines = (sample / "golden" / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    assert len({case["id"] for case in cases}) == len({case["input"] for case in cases}) == 150
    assert all(list(case) == sorted(case) for case in cases)
    assert all(case["reviewed_by"] and case["reviewed_at"] > case["created_at"] for case in cases)
    assert {case["split"] for case in cases} == {"dev", "test"}


def test_cases_with_a_trace_as_source_name_one_that_is_in_the_export(sample, by_id):
    cases = _read(sample / "golden" / "golden.jsonl")
    sources = [case["source"] for case in cases if case["source"]["kind"] == "trace"]
    assert len(sources) > 30
    for source in sources:
        assert by_id[source["trace_id"]].observations[0]["id"] == source["span_id"]


@pytest.mark.parametrize("setup", SETUPS)
def test_a_models_answers_are_wrong_where_truth_says_so(sample, truth, setup):
    cases = {case["id"]: case for case in _read(sample / "golden" / "golden.jsonl")}
    answers = _read(sample / "golden" / f"answers_{setup}.jsonl")
    planted = truth["recorded_answers"][setup]
    assert {answer["case_id"] for answer in answers} == set(cases)
    assert sorted(a["case_id"] for a in answers if a["error"]) == planted["failed"]
    assert all(a["output"] is None for a in answers if a["error"])
    assert planted["right"] / len(cases) == pytest.approx(SETUPS[setup], abs=0.005)


@pytest.mark.parametrize("setup", SETUPS)
def test_the_contains_scorer_finds_the_planted_failures_and_no_others(sample, truth, setup):
    import llmops_lab as lab
    from llmops_lab.targets import targets

    golden = lab.GoldenSet.load(sample / "golden" / "golden.jsonl")
    replay = targets["replay"](sample / "golden" / f"answers_{setup}.jsonl")
    run = lab.evaluate(replay, golden, scorers=["contains"])
    planted = truth["recorded_answers"][setup]
    passed = [r for r in run.results if not r.answer.error and r.scores[0].passed]
    assert len(passed) == planted["right"]
    failed = {r.case.id for r in run.results} - {r.case.id for r in passed}
    assert failed == {*planted["wrong"], *planted["failed"]}


def test_the_shorter_prompt_costs_half_and_is_as_often_right(sample):
    long, short = (
        _read(sample / "golden" / f"answers_gpt-4.1-mini{end}.jsonl") for end in ("", "_prompt-2")
    )
    assert {answer["prompt"]["version"] for answer in short} == {2}
    spent = [sum(answer["cost_usd"] or 0 for answer in answers) for answers in (long, short)]
    assert 0.4 < spent[1] / spent[0] < 0.6


def test_the_golden_set_saves_to_the_bytes_it_was_read_from(sample, tmp_path):
    import llmops_lab as lab

    path = sample / "golden" / "golden.jsonl"
    lab.GoldenSet.load(path).save(tmp_path / "golden.jsonl")
    assert (tmp_path / "golden.jsonl").read_bytes() == path.read_bytes()


def test_no_words_that_make_an_answer_right_stand_in_the_wrong_ones():
    for case in read_cases():
        keys = [key.casefold() for key in case.keys.split(" | ")]
        assert not any(key in case.wrong.casefold() for key in keys), case.case_id
        assert any(key in case.right.casefold() for key in keys), case.case_id
