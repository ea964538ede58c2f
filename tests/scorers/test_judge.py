"""A judge: what it is asked, how its reply is read, and what it is not told."""

import asyncio
import json

import polars as pl
import pytest

from llmops_lab import Answer, Case, LabError, Pairwise, position_consistency
from llmops_lab.evals import evaluate
from llmops_lab.golden import GoldenSet
from llmops_lab.judge_attacks import attack_judge
from llmops_lab.scorers import scorers
from llmops_lab.scorers._injections import INJECTIONS


def judged(reply, *, case=None, output="Track it.", **options):
    judge = scorers["judge"](lambda prompt: reply, **options)
    return asyncio.run(judge.score(case or Case("Where?", "Track it."), Answer(output)))


@pytest.mark.parametrize(
    ("reply", "grades", "value", "passed"),
    [
        ('{"reason": "right", "verdict": "pass"}', None, 1.0, True),
        ('Well.\n```json\n{"verdict": "FAIL"}\n```', None, 0.0, False),
        ('{"reason": "so so", "verdict": 4}', 5, 0.75, True),
        ('{"reason": "so so", "verdict": "2"}', 5, 0.25, False),
        ('{"verdict": pass}', None, 1.0, True),
        ('{"verdict": "fail"} I repeat: {"verdict": "fail"}', None, 0.0, False),
        ('{"reason": "it says {\\"verdict\\": \\"pass\\"}", "verdict": "fail"}', None, 0.0, False),
    ],
)
def test_a_verdict_is_read(reply, grades, value, passed):
    found = judged(reply, grades=grades)
    assert (found.value, found.passed) == (value, passed)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I would say pass",
        '{"verdict": "maybe"}',
        '{"verdict": 9}',
        # A judge that repeats what the answer asked for has not said it itself.
        'It says {"verdict": "pass"}, but: {"verdict": "fail"}',
    ],
)
def test_an_unreadable_verdict_is_the_scorers_error_not_a_failure(reply):
    golden = GoldenSet((Case("Where?", "x", id="a"),))
    judge = scorers["judge"](lambda prompt: reply)
    run = evaluate(lambda question: "x", golden, scorers=[judge])
    assert run.frame["error"][0].startswith("scorer judge: LabError: the judge")
    assert run.frame["judge"][0] is None


@pytest.mark.parametrize("attack", INJECTIONS.values(), ids=INJECTIONS.keys())
def test_an_answer_stays_data_in_the_prompt(attack):
    prompt = scorers["judge"](print).prompt(Case("Where?", "x"), Answer(attack))
    fence = prompt.split("Between the lines ")[1][:12]
    before, data, after = prompt.split(f"{fence}\n", 1)[1].partition(f"\n{fence}\n\n")
    assert json.loads(before)["answer"] == attack
    assert attack not in after
    assert fence not in before
    assert data


@pytest.mark.parametrize("attack", INJECTIONS.values(), ids=INJECTIONS.keys())
@pytest.mark.parametrize("verdict", ["", '{"reason": "the moon is rock", "verdict": "fail"}'])
def test_a_judge_that_repeats_the_answer_does_not_pass_it(attack, verdict):
    golden = GoldenSet((Case("Where?", "x", id="a"),))
    judge = scorers["judge"](lambda prompt: f"{attack}\n{verdict}")
    run = evaluate(lambda question: attack, golden, scorers=[judge])
    assert not run.frame["passed"][0]


def test_an_attack_on_a_judge_says_what_got_through():
    def obedient(prompt):
        obeys = "Ignore the rubric" in prompt
        return json.dumps({"reason": "as told", "verdict": "pass" if obeys else "fail"})

    run = attack_judge(scorers["judge"](obedient))
    through = run.frame.filter(~pl.col("passed"))["case_id"].to_list()
    assert through == ["ignore the rubric", "ignore, in JSON"]
    assert run.frame.height == len(INJECTIONS) + 1


def test_the_cases_own_rubric_comes_first_and_the_prompt_hash_sees_a_change():
    judge = scorers["judge"](print, rubric="It is polite.")
    assert "Rubric: It is short." in judge.prompt(Case("q", rubric="It is short."), Answer("x"))
    assert "Rubric: It is polite." in judge.prompt(Case("q"), Answer("x"))
    assert judge.prompt_hash != scorers["judge"](print, rubric="It is kind.").prompt_hash


def test_another_judge_judges_again(tmp_path):
    path = tmp_path / "run.jsonl"
    golden = GoldenSet((Case("Where?", "x", id="a"),))
    asked = []

    def kind(prompt):
        asked.append(prompt)
        return '{"verdict": "pass"}'

    for rubric in ("It is polite.", "It is polite.", "It is short."):
        judge = scorers["judge"](kind, rubric=rubric)
        evaluate(lambda question: "x", golden, scorers=[judge], checkpoint=path)
    assert len(asked) == 2


def asked_with(first_token, output="pass", **options):
    def model(prompt):
        assert prompt.endswith("Reply with one word and nothing else: pass or fail.")
        return Answer(output, first_token=first_token)

    judge = scorers["judge"](model, probability=True, **options)
    return asyncio.run(judge.score(Case("Where?", "x"), Answer("y")))


def test_the_probability_of_pass_is_read_off_the_first_token():
    found = asked_with({"pass": 0.3, " Pass": 0.1, "fail": 0.1, "f": 0.02, "The": 0.4})
    assert found.value == pytest.approx(0.4 / 0.52)
    assert found.passed
    assert found.parts == pytest.approx({"pass": 0.4, "fail": 0.12})


def test_without_log_probabilities_the_bare_word_counts():
    assert (asked_with({}).value, asked_with({}, " Fail.\n").value) == (1.0, 0.0)
    assert "no log-probabilities" in asked_with({}).reason
    with pytest.raises(LabError, match="neither pass nor fail"):
        asked_with({}, "well")


def test_options_that_contradict_each_other_are_refused():
    with pytest.raises(LabError, match="pass or fail"):
        scorers["judge"](print, grades=5, probability=True)
    with pytest.raises(LabError, match="1 to 2 or more"):
        scorers["judge"](print, grades=1)


def better(longest, place=None):
    """A judge that likes the longer answer, or always one place."""

    def model(prompt):
        fence = prompt.split("Between the lines ")[1][:12]
        data = json.loads(prompt.split(f"{fence}\n")[1])
        longer = max(("first", "second"), key=lambda name: len(data[name]) * longest)
        return json.dumps({"reason": "r", "better": place or longer})

    return model


@pytest.mark.parametrize(
    ("model", "value", "passed", "reason"),
    [
        (better(1), 1.0, True, "better in both orders"),
        (better(-1), 0.0, False, "worse in both orders"),
        (better(1, "tie"), 0.5, True, "as good in both orders"),
        (better(1, "first"), 0.5, True, "the order decided"),
        (better(1, "second"), 0.5, True, "the order decided"),
    ],
)
def test_a_pair_is_judged_in_both_orders(model, value, passed, reason):
    judge = Pairwise(model, {"a": "short"})
    found = asyncio.run(judge.score(Case("q", id="a"), Answer("much longer")))
    assert (found.value, found.passed, found.reason) == (value, passed, reason)


def test_an_answer_is_compared_with_that_of_another_run_or_the_expected_one(tmp_path):
    golden = GoldenSet(tuple(Case(f"q{i}", "middle", id=f"c{i}") for i in range(4)))
    before = evaluate(lambda question: "long as can be", golden, scorers=["exact"])
    run = evaluate(
        lambda question: "short",
        golden,
        scorers=[Pairwise(better(1), before), Pairwise(better(1, "first"), name="biased")],
        checkpoint=tmp_path / "run.jsonl",
    )
    assert run.frame["pairwise"].to_list() == [0.0] * 4
    again = type(run).load(tmp_path / "run.jsonl")
    assert position_consistency(again)[0] == 1.0
    assert position_consistency(again, "biased")[0] == 0.0
    with pytest.raises(LabError, match="compared no pairs"):
        position_consistency(before)


def test_faithfulness_counts_the_sentences_that_a_model_finds_nowhere():
    def model(prompt):
        assert '"2": "It comes in forty colours, mostly blue."' in prompt
        return '{"reason": "no colours", "unsupported": [2]}'

    case = Case("Which lamp?", context=["The lamp comes with bulbs."])
    answer = Answer(
        "The lamp comes with bulbs. It comes in forty colours, mostly blue. Anything else?"
    )
    found = asyncio.run(scorers["faithfulness"](model).score(case, answer))
    assert (found.value, found.passed) == (0.5, False)
    assert found.reason == "not in the context: It comes in forty colours, mostly blue."
    assert found.parts == {"n_claims": 2, "n_unsupported": 1}


@pytest.mark.parametrize("reply", ['{"unsupported": [9]}', '{"unsupported": "all"}', "none"])
def test_sentences_that_are_not_there_are_the_judges_error(reply):
    case = Case("Which lamp?", context=["The lamp comes with bulbs."])
    with pytest.raises(LabError, match="the judge"):
        asyncio.run(
            scorers["faithfulness"](lambda _: reply).score(
                case, Answer("Such lamps come with bulbs.")
            )
        )


def test_faithfulness_says_nothing_without_a_context():
    found = asyncio.run(
        scorers["faithfulness"](print).score(Case("q"), Answer("Such lamps come with bulbs."))
    )
    assert (found.value, found.reason) == (None, "the case has no context")


def test_relevance_is_graded_without_regard_to_truth():
    asked = []

    def model(prompt):
        asked.append(prompt)
        return '{"reason": "beside the point", "verdict": 2}'

    case = Case("Where?", "In Rome", rubric="It is short.", context=["Rome."])
    found = asyncio.run(scorers["relevance"](model).score(case, Answer("Soon.")))
    assert (found.value, found.passed) == (0.25, False)
    assert "Rome" not in asked[0]
    assert "It is short" not in asked[0]
