"""Recorded answers, given again."""

import asyncio

import pytest

from llmops_lab.errors import FormatError, LabError
from llmops_lab.golden import Case
from llmops_lab.targets import Target, targets


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
