"""A function that asks a model: declared it is a judge, undeclared it is told of."""

import functools
import json
import types

import pytest

from llmops_lab import Case, Endpoint, Gate, asks_model, evaluate
from llmops_lab._runs.answer import Answer
from llmops_lab.scorers._clients import client_of
from tests._gated import check, golden_of

ENDPOINT = Endpoint("tiny", "http://127.0.0.1:1/v1")
openai = types.ModuleType("openai")


@asks_model("tiny-1", rubric="Says yes.")
def says_yes(case, answer):
    return answer.output == "yes"


def length(case, answer):
    return len(answer.output) < 100


def of_client(case, answer):
    return openai.chat(answer.output) == "pass"


def of_own_target(case, answer):
    return ENDPOINT.answer(Case(answer.output), 0)


def by_another(case, answer):
    return of_client(case, answer)


def by_import(case, answer):
    import litellm

    return litellm.completion(answer.output)


class Held:
    def __init__(self):
        self.asked = ENDPOINT

    def __call__(self, case, answer):
        return self.asked is not None

    def score_it(self, case, answer):
        return True


def test_a_declared_function_is_a_judge_and_needs_a_record():
    golden = golden_of(60)
    run = evaluate(lambda question: "yes", golden, scorers=[says_yes])
    assert run.plan.judges["says_yes"].model == "tiny-1"
    assert run.frame["says_yes_passed"].all()
    verdict = Gate(metric="says_yes").check(run, run)
    assert verdict.outcome == "inconclusive"
    assert "says_yes was never held against people" in check(verdict, "says_yes").says
    # It stays a function that a unit test can call.
    assert says_yes(golden.active[0], Answer("yes")) is True


def test_another_model_rubric_or_code_is_another_judge():
    def told(model, rubric, function):
        scorer = asks_model(model, rubric=rubric)(function)
        (identity,) = evaluate(
            lambda question: "y", golden_of(1), scorers=[scorer]
        ).plan.judges.values()
        return identity

    same = told("a", "r", lambda case, answer: True)
    assert same == told("a", "r", lambda case, answer: True)
    assert same.model_hash != told("b", "r", lambda case, answer: True).model_hash
    assert same.policy_hash != told("a", "s", lambda case, answer: True).policy_hash
    assert same.prompt_hash != told("a", "r", lambda case, answer: False).prompt_hash


@pytest.mark.parametrize(
    ("function", "client"),
    [
        (of_client, "openai"),
        (by_another, "openai"),
        (by_import, "litellm"),
        (of_own_target, "Endpoint"),
        (functools.partial(lambda model, case, answer: True, ENDPOINT), "Endpoint"),
        (Held(), "Endpoint"),
        (Held().score_it, "Endpoint"),
        (length, None),
        (json.dumps, None),
        (len, None),
        (functools.partial(length), None),
    ],
)
def test_what_asks_a_model_is_seen_by_the_client_that_it_reaches(function, client):
    assert client_of(function) == client


def test_an_undeclared_judge_is_told_of_in_the_eval_and_in_the_verdict():
    def quiet(case, answer):
        return of_client is not None

    with pytest.warns(UserWarning, match=r"quiet seems to ask a model \(openai\)"):
        run = evaluate(lambda question: "yes", golden_of(60), scorers=[quiet])
    told = check(Gate().check(run, run), "run").says
    assert 'decorate it with @lab.asks_model("MODEL"), run again and calibrate it' in told
    run = evaluate(lambda question: "yes", golden_of(60), scorers=[length])
    assert "asks_model" not in check(Gate().check(run, run), "run").says
