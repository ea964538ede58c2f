"""Label sheets: the same answers for everybody, without what the judge said."""

import csv
from dataclasses import replace

import polars as pl
import pytest

from llmops_lab import Case, GoldenSet, Judge, LabError, evaluate, label_sheet, write_label_sheet
from llmops_lab.errors import FormatError
from tests.cli._command import run as command

JUDGE = Judge(lambda prompt: '{"verdict": "pass", "reason": "JUDGED"}', name="strict")


@pytest.fixture
def run():
    cases = tuple(Case(f"q{i}", f"a{i}", id=f"{i:03}", rubric="Be kind.") for i in range(60))
    return evaluate(lambda q: f"=1+{q} ana@example.com", GoldenSet(cases), scorers=[JUDGE])


def test_two_people_get_the_same_answers_in_two_orders_and_nothing_of_the_judge(run):
    ana, ben = (label_sheet(run, name, n=20) for name in ("ana", "ben"))
    assert set(ana["case_id"]) == set(ben["case_id"])
    assert ana["case_id"].to_list() != ben["case_id"].to_list()
    assert ana["case_id"].to_list() == label_sheet(run, "ana", n=20)["case_id"].to_list()
    assert ana.height == 20
    said = ana.write_json()
    assert "JUDGED" not in said
    assert "strict" not in said
    assert ana["value"].null_count() == 20
    assert not ana["output"].str.contains("ana@example.com", literal=True).any()
    assert label_sheet(run, "x", redacted=False)["output"].str.contains("ana@example.com").all()


def test_an_answer_that_is_a_formula_is_text_to_a_spreadsheet(run, tmp_path):
    write_label_sheet(label_sheet(run, "ana"), tmp_path / "ana.csv")
    with (tmp_path / "ana.csv").open(newline="") as file:
        assert all(row["output"].startswith("'=1+q") for row in csv.DictReader(file))


def test_a_sheet_that_may_hold_labels_is_not_written_over(run, tmp_path):
    sheet = label_sheet(run, "ana")
    write_label_sheet(sheet, tmp_path / "ana.jsonl")
    with pytest.raises(LabError, match="may hold labels"):
        write_label_sheet(sheet, tmp_path / "ana.jsonl")
    with pytest.raises(FormatError, match=r"\.csv or \.jsonl"):
        write_label_sheet(sheet, tmp_path / "ana.xlsx")
    failed = replace(run, results=())
    with pytest.raises(LabError, match="no answers to label"):
        label_sheet(failed, "ana")


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_filled_in_sheets_calibrate_the_judge(run, tmp_path, capsys, suffix):
    """The judge passes all; of 40 both pass 30, Ben leaves 10 rows open."""
    run.save(tmp_path / "run.jsonl")
    files = [tmp_path / f"{name}.{suffix}" for name in ("ana", "ben")]
    what = [word for file in files for word in ("--out", file)]
    code, out, err = command(capsys, "labels", "--run", tmp_path / "run.jsonl", *what, "--n", "40")
    assert (code, "40 answers for ana" in out) == (0, True)
    assert f"--labels {files[0]} --labels {files[1]}" in err
    read, write = {
        "csv": (lambda file: pl.read_csv(file, infer_schema=False), "write_csv"),
        "jsonl": (pl.read_ndjson, "write_ndjson"),
    }[suffix]
    for file, n_open in zip(files, (0, 10), strict=True):
        sheet = read(file).sort("case_id")
        values = ["pass"] * 30 + ["fail"] * (10 - n_open) + [None] * n_open
        getattr(sheet.with_columns(value=pl.Series(values)), write)(file)
    labels = [word for file in files for word in ("--labels", file)]
    code, out, _ = command(capsys, "calibrate", "--run", tmp_path / "run.jsonl", *labels)
    assert code == 0
    assert "40 labelled answers" in out
    assert "75.0 %" in out  # agreement: 30 of 40
    assert "people among themselves" in out
