"""`llmops-lab compare` and `calibrate` on runs whose numbers are known by hand."""

import json

import polars as pl
import pytest

from llmops_lab import Calibration, Case, GoldenSet, Judge, evaluate
from tests._gated import golden_of, run_of
from tests.cli._command import run

JUDGE = Judge(lambda prompt: '{"verdict": "pass"}' if "good" in prompt else '{"verdict": "fail"}')


@pytest.fixture
def judged(tmp_path):
    """40 answers of which the judge passes 30, and people's labels: they pass 5 less."""
    golden = GoldenSet(tuple(Case(f"q{i}", id=f"{i:03}", tags=["all"]) for i in range(40)))
    good = {f"q{i}" for i in range(30)}
    found = evaluate(lambda q: "good" if q in good else "bad", golden, scorers=[JUDGE])
    found.save(tmp_path / "run.jsonl")
    rows = [
        {"run_id": found.run_id, "case_id": f"{i:03}", "value": "pass" if i < 25 else "fail"}
        for i in range(40)
    ]
    return tmp_path, pl.DataFrame(rows)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_calibrate_holds_the_only_judge_against_people(judged, capsys, suffix):
    """Ids such as 007 stay what they are in every kind of file."""
    folder, labels = judged
    write = {"csv": "write_csv", "jsonl": "write_ndjson", "parquet": "write_parquet"}[suffix]
    getattr(labels, write)(folder / f"labels.{suffix}")
    what = ("--run", folder / "run.jsonl", "--labels", folder / f"labels.{suffix}")
    code, out, _ = run(capsys, "calibrate", *what, "--by", "tags", "--out", folder / "judge.json")
    assert code == 0
    assert "agreement with people" in out
    record = Calibration.load(folder / "judge.json")
    assert (record.n, record.agreement) == (40, pytest.approx(35 / 40))
    assert record.identity is not None
    told = json.loads(run(capsys, "calibrate", *what, "--json")[1])
    assert told["agreement"] == pytest.approx(35 / 40)


def test_calibrate_says_which_judge_is_meant_and_what_labels_are(judged, capsys):
    folder, labels = judged
    labels.write_csv(folder / "labels.csv")
    what = ("--labels", folder / "labels.csv")
    run_of([]).save(folder / "plain.jsonl")
    code, _, err = run(capsys, "calibrate", "--run", folder / "plain.jsonl", *what)
    assert (code, "no judge scored this run, only exact" in err) == (3, True)
    again = Judge(JUDGE.model, name="second")
    evaluate(lambda q: "good", golden_of(2), scorers=[JUDGE, again]).save(folder / "two.jsonl")
    _, _, err = run(capsys, "calibrate", "--run", folder / "two.jsonl", *what)
    assert "choose one: --judge judge | second" in err
    for name, says in {"none.csv": "no labels", "gate.toml": "labels end in .csv"}.items():
        file = folder / name
        code, _, err = run(capsys, "calibrate", "--run", folder / "run.jsonl", "--labels", file)
        assert (code, says in err, len(err.splitlines())) == (3, True, 1)


def test_compare_shows_the_change_and_every_case_that_flipped(tmp_path, capsys):
    run_of(range(20)).save(tmp_path / "now.jsonl")
    run_of([0, 1, 150]).save(tmp_path / "before.jsonl")
    files = (tmp_path / "now.jsonl", tmp_path / "before.jsonl")
    code, out, _ = run(capsys, "compare", *files)
    assert code == 0
    assert "18 cases got worse, 1 better" in out
    _, out, _ = run(capsys, "compare", *files, "--by", "none", "--json")
    assert json.loads(out)["change"] == pytest.approx(-17 / 200)
    _, out, _ = run(capsys, "compare", *files, "--flips")
    assert len([line for line in out.splitlines() if " worse " in line]) == 18
    flips = run(capsys, "compare", *files, "--flips", "--json")[1].splitlines()
    assert [json.loads(line)["case_id"] for line in flips][-1] == "c150"
    assert "19 cases" in out
