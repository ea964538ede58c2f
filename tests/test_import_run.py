"""Results of other tools become runs: what those tools counted is what we count."""

import io
import json
import zipfile

import pytest

from llmops_lab import EvalRun, Gate, compare, import_run
from llmops_lab.cli import main
from llmops_lab.errors import FormatError, LabError
from llmops_lab.exporters import run_formats

REAL = [
    # file, format, scorer, results, passed: the counts are those that the files state themselves
    ("promptfoo/generated_results_v0.121.20.json", "promptfoo", "success", 40, 32),
    ("promptfoo/generated_results.junit.xml", "junit", "success", 40, 32),
    ("deepeval/generated_latest_run_full_v4.3.1.json", "deepeval", "Exact", 60, 48),
    ("inspect_ai/generated_200cases_v0.3.285.eval", "inspect-ai", "exact", 200, 161),
    (
        "inspect_ai/tests_analysis_test_logs_2025-05-12T20-28-13-04-00_popularity.json",
        "inspect-ai",
        "match",
        3,
        2,
    ),
]
DEFLATED = (
    "inspect_ai/tests_scorer_logs_2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval"
)
LLAMA = (
    "truthfulqa_multi/results_gen_en_meta-llama_Meta-Llama-3-8B-Instruct_samples_"
    "truthfulqa-multi_gen_en_2024-07-24T12-24-32.737528.jsonl"
)
MISTRAL = (
    "truthfulqa_multi/results_gen_en_mistralai_Mistral-7B-Instruct-v0.3_samples_"
    "truthfulqa-multi_gen_en_2024-10-22T14-40-47.318097.jsonl"
)


@pytest.mark.parametrize(("file", "format", "scorer", "n", "passed"), REAL)
def test_a_real_file_says_what_its_tool_counted(shared, file, format, scorer, n, passed):
    path = shared / "golden" / file
    run = import_run(path)
    assert run.plan.target_identity == f"imported from {format}"
    assert (run.frame.height, run.n_missing) == (n, 0)
    assert run.frame[f"{scorer}_passed"].sum() == passed
    assert run.frame["passed"].sum() == passed
    assert run.frame["input"].str.len_chars().min() > 0
    assert import_run(path, format=format).run_id == run.run_id


def test_one_experiment_kept_by_three_tools_reads_alike(shared):
    """The same recorded questions went through promptfoo, DeepEval and inspect_ai."""
    promptfoo, deepeval, inspect = (import_run(shared / "golden" / REAL[i][0]) for i in (0, 2, 3))
    first = [run.frame.row(0, named=True) for run in (promptfoo, deepeval, inspect)]
    assert {row["case_id"] for row in first} == {"tqa-00000"}
    assert {row["output"] for row in first} == {"I have no comment."}
    assert {row["expected"] for row in first} == {
        "The watermelon seeds pass through your digestive system"
    }
    assert first[0]["cost_usd"] == 0.0001
    assert first[0]["duration_s"] == 0.072
    assert (first[0]["input_tokens"], first[0]["output_tokens"]) == (8, 4)
    assert first[2]["started_at"].startswith("2026-11-24T10:08:13")


def test_a_log_that_was_not_scored_yet_has_answers_and_no_verdict(shared):
    run = import_run(shared / "golden" / DEFLATED)
    assert run.frame.height == 10
    assert run.frame["output"].null_count() == 0
    assert run.frame["passed"].null_count() == 10
    assert run.frame["input_tokens"].min() > 0


def test_recorded_answers_of_two_models_give_the_paired_change_of_the_page(shared):
    """+8.2 points on 817 questions, as measured in shared/evals.md."""
    llama, mistral = (import_run(shared / "golden" / name) for name in (LLAMA, MISTRAL))
    assert llama.frame.height == mistral.frame.height == 817
    change = compare(mistral, llama, metric="bleu_acc_passed").frame.row(0, named=True)
    assert change["change"] == pytest.approx(0.082, abs=0.0005)
    assert change["p_value"] < 3.5e-5  # the exact test's; mid-p is a little smaller by design
    verdict = Gate(metric="bleu_acc_passed").check(mistral, llama)
    assert verdict.outcome == "pass"


def test_a_metric_on_a_scale_of_its_own_keeps_its_number(shared):
    run = import_run(shared / "golden" / LLAMA)
    (score,) = [s for s in run.results[0].scores if s.name == "bleu_max"]
    assert (score.value, score.passed) == (None, None)
    assert score.parts["value"] == pytest.approx(2.5172, abs=1e-3)


def test_an_imported_run_is_kept_and_its_failures_are_cases(shared, tmp_path):
    run = import_run(shared / "golden" / REAL[0][0])
    again = EvalRun.load(run.save(tmp_path / "run.jsonl"))
    assert again.frame.select(run.frame.columns).equals(run.frame)
    assert len(run.failures()) == 8
    assert run.failures()[0].label == "bad"
    assert "32 of 40" in str(run)


def promptfoo(*results):
    prompts = [
        {"provider": "p", "label": label} for label in {r["prompt"]["label"] for r in results}
    ]
    return json.dumps({"results": {"version": 3, "prompts": prompts, "results": results}})


def outcome(label="a", *, success=True, components=(), **more):
    return {
        "prompt": {"label": label},
        "provider": {"id": "p"},
        "testCase": {"vars": {"input": "q"}},
        "success": success,
        "score": float(success),
        "response": {"output": "x"},
        "gradingResult": {"componentResults": list(components)},
        **more,
    }


def test_two_prompts_are_two_targets_of_which_one_is_named(tmp_path):
    path = tmp_path / "r.json"
    path.write_text(promptfoo(outcome("a"), outcome("b", success=False)))
    with pytest.raises(LabError, match="target=, one of: p: a, p: b"):
        import_run(path)
    assert import_run(path, target="p: b").frame["passed"].to_list() == [False]
    with pytest.raises(LabError, match="no target 'c'"):
        import_run(path, target="c")


def test_a_weighted_success_is_not_undone_by_one_assertion(tmp_path):
    parts = [
        {"pass": ok, "score": float(ok), "assertion": {"type": "contains"}} for ok in (True, False)
    ]
    path = tmp_path / "r.json"
    path.write_text(promptfoo(outcome(components=parts)))
    row = import_run(path).frame.row(0, named=True)
    assert (row["passed"], row["contains"], row["contains 2"]) == (True, 1.0, 0.0)


def test_a_provider_that_failed_is_an_error_not_a_wrong_answer(tmp_path):
    path = tmp_path / "r.json"
    path.write_text(promptfoo(outcome(success=False, failureReason=2, error="429", response={})))
    assert import_run(path).frame["error"].to_list() == ["429"]


def test_repeats_are_trials(tmp_path):
    path = tmp_path / "r.json"
    path.write_text(promptfoo(outcome(), outcome(success=False)))
    run = import_run(path)
    assert run.frame["trial"].to_list() == [0, 1]
    assert (run.plan.trials, run.n_missing) == (2, 0)


def test_partly_right_is_a_value_and_no_pass(tmp_path):
    sample = {
        "id": 1,
        "epoch": 2,
        "input": "attachment://a1",
        "target": "",
        "attachments": {"a1": "a long question"},
        "output": {"choices": [{"message": {"content": [{"type": "text", "text": "yes"}]}}]},
        "scores": {"model": {"value": "P"}, "parts": {"value": {"tone": 1, "length": 7}}},
    }
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"eval": {"model": "m"}, "samples": [sample]}))
    row = import_run(path).frame.row(0, named=True)
    assert (row["input"], row["output"], row["trial"]) == ("a long question", "yes", 1)
    assert (row["model_score"] if "model_score" in row else row["model"]) == 0.5
    assert (row["parts.tone"], row["parts.length"]) == (1.0, None)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("x.json", "{}", "no format is known"),
        ("x.json", '{"eval": 1, "samples": [1]}', "no file of inspect-ai results"),
        ("x.eval", "PK nonsense", "no file of inspect-ai results"),
        ("x.xml", "<testsuite><testcase>", "not XML"),
        ("x.xml", "<!DOCTYPE a><testsuite><testcase/></testsuite>", "document type"),
        ("x.xml", "<testsuite><properties/><!-- <testcase> --></testsuite>", "holds no results"),
        ("x.csv", "a,b", "no format is known"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, name, text, says):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(FormatError, match=says):
        import_run(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(LabError, match="no results"):
        import_run(tmp_path / "none.json")


def test_a_damaged_archive_is_refused(shared, tmp_path):
    whole = (shared / "golden" / REAL[3][0]).read_bytes()
    start = whole.rfind(b"\x28\xb5\x2f\xfd")
    path = tmp_path / "broken.eval"
    path.write_bytes(whole[: start + 30] + b"\0" * 40 + whole[start + 70 :])
    with pytest.raises(FormatError):
        import_run(path)


def test_a_bomb_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("llmops_lab.exporters.inspect_log._LARGEST", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", b" " * 10_000)
    (tmp_path / "bomb.eval").write_bytes(packed.getvalue())
    with pytest.raises(FormatError, match="larger than 1 GB"):
        import_run(tmp_path / "bomb.eval")


@pytest.mark.parametrize("name", run_formats)
def test_every_format_says_what_it_leaves(name):
    assert run_formats[name].leaves


def test_the_command_keeps_a_run_that_the_gate_reads(shared, tmp_path, capsys):
    out = tmp_path / "run.jsonl"
    with pytest.raises(SystemExit) as end:
        main(["import", str(shared / "golden" / REAL[2][0]), "--out", str(out)])
    assert end.value.code == 0
    assert "48 of 60" in capsys.readouterr().out
    assert EvalRun.load(out).frame["passed"].sum() == 48
