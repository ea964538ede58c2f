"""Evals: every answer kept, nothing asked twice, whatever goes wrong."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from llmops_lab.errors import FormatError, LabError
from llmops_lab.evals import EvalRun, evaluate
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.scorers import scorers
from llmops_lab.targets import targets


def golden_of(n):
    return GoldenSet(tuple(Case(f"question {i}", f"answer {i}", id=f"c{i}") for i in range(n)))


def right(question):
    return question.replace("question", "answer")


class Counting:
    """A target that counts how often each case was asked."""

    name, identity = "counting", "1"

    def __init__(self, answer=right):
        self.asked = []
        self._answer = answer

    async def answer(self, case, trial):
        from llmops_lab import Answer

        self.asked.append((case.id, trial))
        return Answer(self._answer(case.input))


def answers(run):
    return run.frame.select("case_id", "trial", "output", "error", "exact").rows()


async def right_later(question):
    await asyncio.sleep(0)
    return right(question)


@pytest.mark.parametrize("target", [right, right_later, lambda q: right_later(q + "")])
def test_sync_and_async_functions_are_targets(target):
    run = evaluate(target, golden_of(12), scorers=["exact"], concurrency=4)
    assert run.frame["case_id"].to_list() == [f"c{i}" for i in range(12)]
    assert run.frame["output"].to_list() == [f"answer {i}" for i in range(12)]
    assert run.frame["passed"].all()
    assert run.frame["duration_s"].min() > 0


def test_it_runs_inside_a_running_event_loop():
    async def notebook():
        return evaluate(right_later, golden_of(3), scorers=["exact"])

    assert asyncio.run(notebook()).frame["passed"].all()


def test_calls_are_in_flight_together_up_to_the_limit():
    together, most = 0, 0
    meeting = threading.Barrier(4)

    def target(question):
        nonlocal together, most
        together += 1
        most = max(most, together)
        meeting.wait(timeout=10)
        together -= 1
        return right(question)

    evaluate(target, golden_of(8), scorers=["exact"], concurrency=4)
    assert most == 4


def test_an_error_is_a_result_and_a_failure():
    def target(question):
        if question.endswith("1"):
            raise ValueError("no such order")
        return right(question)

    row = evaluate(target, golden_of(3), scorers=["exact"]).frame.row(1, named=True)
    assert row["error"] == "ValueError: no such order"
    assert (row["passed"], row["exact"], row["output"]) == (False, None, None)


def test_a_key_in_an_error_is_not_kept(monkeypatch):
    monkeypatch.setenv("SHOP_API_KEY", "sk-very-secret-1")

    def target(question):
        raise ConnectionError("401 for Bearer sk-very-secret-1")

    run = evaluate(target, golden_of(1), scorers=["exact"])
    assert run.frame["error"][0] == "ConnectionError: 401 for Bearer $SHOP_API_KEY"


def test_a_scorer_that_breaks_is_shown_and_does_not_pass():
    def broken(case, answer):
        raise KeyError("rubric")

    run = evaluate(right, golden_of(1), scorers=["exact", broken])
    row = run.frame.row(0, named=True)
    assert row["error"] == "scorer broken: KeyError: 'rubric'"
    assert (row["exact"], row["passed"]) == (1.0, False)


def test_functions_score_too():
    def short(case, answer):
        return len(answer.output) < 9

    async def half(case, answer):
        return 0.25

    run = evaluate(right, golden_of(11), scorers=[short, half])
    assert run.frame["short"].to_list() == [1.0] * 10 + [0.0]
    assert run.frame["half"].to_list() == [0.25] * 11
    assert not run.frame["half_passed"].any()


def test_what_has_nothing_to_compare_neither_passes_nor_fails():
    run = evaluate(right, GoldenSet((Case("hello", id="a"),)), scorers=["exact"])
    row = run.frame.row(0, named=True)
    assert (row["passed"], row["exact"]) == (None, None)
    assert row["exact_reason"] == "the case has no expected answer"


def test_each_question_is_asked_once_per_trial():
    target = Counting()
    run = evaluate(target, golden_of(3), scorers=["exact"], trials=2)
    assert sorted(target.asked) == [(f"c{i}", t) for i in range(3) for t in range(2)]
    assert run.frame.select("case_id", "trial").rows() == sorted(target.asked)


def test_a_resume_asks_only_what_is_missing(tmp_path):
    path = tmp_path / "run.jsonl"
    first = evaluate(Counting(), golden_of(6), scorers=["exact"], checkpoint=path)
    lines = path.read_bytes().splitlines(keepends=True)
    # As a kill leaves it: three results and a part of the fourth.
    path.write_bytes(b"".join(lines[:4]) + lines[4][:20])
    target = Counting()
    again = evaluate(target, golden_of(6), scorers=["exact"], checkpoint=path)
    assert sorted(target.asked) == [("c3", 0), ("c4", 0), ("c5", 0)]
    assert answers(again) == answers(first)
    assert again.run_id == first.run_id
    assert answers(EvalRun.load(path)) == answers(first)


def test_a_torn_first_line_begins_anew_and_other_files_are_left_alone(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"plan":{"run_')
    assert evaluate(right, golden_of(2), scorers=["exact"], checkpoint=path).n_missing == 0
    assert EvalRun.load(path).n_missing == 0
    for foreign in (b'{"id": "a", "input": "b"}\n', b"\x89PNG\r\n\x1a\nxx", b"a photo"):
        path.write_bytes(foreign)
        with pytest.raises(FormatError):
            evaluate(right, golden_of(2), scorers=["exact"], checkpoint=path)
        assert path.read_bytes() == foreign


def test_a_changed_case_is_asked_again_and_no_other(tmp_path):
    path = tmp_path / "run.jsonl"
    golden = golden_of(4)
    evaluate(Counting(), golden, scorers=["exact"], checkpoint=path)
    target = Counting()
    changed = golden.revise(replace(golden["c2"], input="question 20", expected="answer 20"))
    run = evaluate(target, changed, scorers=["exact"], checkpoint=path)
    assert target.asked == [("c2", 0)]
    assert run.frame["output"].to_list() == ["answer 0", "answer 1", "answer 20", "answer 3"]
    assert answers(EvalRun.load(path)) == answers(run)


def test_a_changed_scorer_scores_again_without_asking(tmp_path):
    path = tmp_path / "run.jsonl"
    shouting = Counting(lambda question: right(question).upper())
    first = evaluate(shouting, golden_of(3), scorers=["exact"], checkpoint=path)
    lenient = scorers["exact"](ignore_case=True)
    target = Counting()
    second = evaluate(target, golden_of(3), scorers=[lenient, "contains"], checkpoint=path)
    assert target.asked == []
    assert (first.frame["exact"].sum(), second.frame["exact"].sum()) == (0, 3)
    assert answers(EvalRun.load(path)) == answers(second)


def test_answers_of_another_target_move_aside(tmp_path):
    path = tmp_path / "run.jsonl"
    first = evaluate(right, golden_of(2), scorers=["exact"], checkpoint=path)
    second = evaluate(lambda q: "no", golden_of(2), scorers=["exact"], checkpoint=path)
    assert second.frame["output"].to_list() == ["no", "no"]
    aside = EvalRun.load(tmp_path / f"run.{first.run_id}.jsonl")
    assert answers(aside) == answers(first)


def test_the_same_code_is_the_same_target_wherever_it_is_defined(tmp_path):
    def build(says):
        space = {}
        source = f"\n\ndef f(q):\n    return {says!r} if q in {{'a', 'b', 'c'}} else q\n"
        exec(source, space)  # noqa: S102
        return targets["function"](space["f"]).identity

    assert build("x") == build("x") != build("y")


@pytest.fixture
def interruptible():
    """Ctrl+C works as in a terminal, even where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_keeps_what_is_finished(tmp_path, interruptible):
    path = tmp_path / "run.jsonl"
    asked = []

    async def target(question):
        asked.append(question)
        if len(asked) == 5:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        return right(question)

    run = evaluate(target, golden_of(20), scorers=["exact"], checkpoint=path, concurrency=1)
    assert (len(run.results), run.n_missing) == (4, 16)
    assert "16 answers are missing" in str(run)
    assert len(EvalRun.load(path).results) == 4


def test_ctrl_c_ends_a_run_at_once_whichever_thread_the_signal_reaches(tmp_path):
    """From outside, as a terminal or a notebook's stop button does it."""
    code = """
import asyncio, signal
from llmops_lab import Case, GoldenSet, evaluate

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background

async def answer(question):
    if question == "q3":
        print("asked", flush=True)
        await asyncio.Event().wait()
    return "yes"

cases = tuple(Case(f"q{i}", "yes", id=f"c{i}") for i in range(9))
run = evaluate(answer, GoldenSet(cases), scorers=["exact"], concurrency=1)
print(len(run.results), run.n_missing)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        try:
            assert process.stdout.readline() == "asked\n"
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (said, process.returncode) == ("3 6\n", 0)


def test_nothing_is_connected_with_a_function_or_a_replay(tmp_path, monkeypatch):
    path = tmp_path / "answers.jsonl"
    recorded = [{"case_id": f"c{i}", "output": f"answer {i}"} for i in range(5)]
    path.write_text("".join(json.dumps(line) + "\n" for line in recorded))

    def forbidden(*_, **__):
        raise AssertionError("a socket was opened")

    # The event loop wakes itself up through a pair of its own; everything else is refused.
    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)
    names = ["exact", "contains", "similarity"]
    for target in (targets["replay"](path), right):
        run = evaluate(target, golden_of(5), scorers=names)
        assert run.frame["passed"].all(), run.frame["error"]


def test_failures_are_cases_with_provenance_that_the_golden_set_takes(tmp_path):
    golden = golden_of(4).save(tmp_path / "golden.jsonl")
    run = evaluate(lambda q: "No idea." if "2" in q else right(q), golden, scorers=["exact"])
    (case,) = run.failures()
    assert (case.input, case.expected, case.label) == ("question 2", "No idea.", "bad")
    assert (case.source.kind, case.source.run_id, case.source.case_id) == (
        "failure",
        run.run_id,
        "c2",
    )
    golden.add(run.failures())
    assert len(GoldenSet.load(golden.path).active) == 4
    corrected = case.reviewed("ana", expected="Answer two.")
    assert (corrected.label, corrected.status) == ("good", "active")
    # As a known-bad case it catches the same answer again, and lets a better one pass.
    known_bad = GoldenSet((case.reviewed("ana"),))
    assert not evaluate(lambda q: "No idea.", known_bad, scorers=["exact"]).frame["passed"].any()
    assert evaluate(right, known_bad, scorers=["exact"]).frame["passed"].all()


def test_a_run_survives_its_file(tmp_path):
    run = evaluate(lambda q: {"said": q, "half": "\ud800"}, golden_of(3), scorers=["exact"])
    again = EvalRun.load(run.save(tmp_path / "run.jsonl"))
    assert again == run
    assert again.frame.equals(run.frame)


def test_failed_calls_can_be_made_again(tmp_path):
    path = tmp_path / "run.jsonl"
    target = Counting(lambda q: 1 / 0 if "1" in q else right(q))
    run = evaluate(target, golden_of(3), scorers=["exact"], checkpoint=path)
    assert run.frame["error"].count() == 1
    run.without_errors().save(path)
    target = Counting()
    assert evaluate(target, golden_of(3), scorers=["exact"], checkpoint=path).frame["passed"].all()
    assert target.asked == [("c1", 0)]


def test_a_checkpoint_has_one_writer(tmp_path):
    path = tmp_path / "run.jsonl"

    def target(question):
        evaluate(right, golden_of(1), scorers=["exact"], checkpoint=path)

    run = evaluate(target, golden_of(1), scorers=["exact"], checkpoint=path)
    assert "being written by another" in run.frame["error"][0]


def test_a_full_disk_is_an_error_not_a_hang(tmp_path, monkeypatch):
    from llmops_lab._runs import checkpoint as _checkpoint

    def full(result):
        raise OSError("disk full")

    monkeypatch.setattr(_checkpoint, "result_line", full)
    with pytest.raises(OSError, match="disk full"):
        evaluate(right, golden_of(9), scorers=["exact"], checkpoint=tmp_path / "run.jsonl")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scorers": ["exakt"]}, "no scorer called 'exakt'"),
        ({"scorers": ["exact", "exact"]}, "name 'exact' is taken"),
        ({"scorers": ["exact"], "trials": 0}, "1 or more"),
    ],
)
def test_a_wrong_call_names_the_way_out(options, says):
    with pytest.raises(LabError, match=says):
        evaluate(right, golden_of(1), **options)


def test_a_set_nobody_reviewed_is_not_run():
    with pytest.raises(LabError, match="no case of this golden set is active"):
        evaluate(right, GoldenSet((Case("a", status="quarantined"),)), scorers=["exact"])


def test_the_overhead_stays_far_below_a_call():
    began = time.process_time()
    evaluate(right_later, golden_of(1000), scorers=["exact", "contains"], concurrency=50)
    # The bar is 0.15 ms; a busy machine gets four times that before this test cries out.
    assert (time.process_time() - began) / 1000 < 0.0006


def test_a_run_shows_itself_escaped():
    golden = GoldenSet((Case("<b>hi</b>", "x", id="a"),))
    run = evaluate(lambda q: "<script>", golden, scorers=["exact"])
    assert "<script>" not in run._repr_html_()
    assert "0 of 1" in str(run)
