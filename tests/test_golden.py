"""Golden sets: one JSONL file that loses nothing, whoever writes to it."""

import json
import multiprocessing
import string
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops_lab._cases.case import from_lines, to_lines
from llmops_lab.errors import FormatError, LabError
from llmops_lab.golden import Case, GoldenSet, Source
from llmops_lab.traces import Traces

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
cases = st.builds(
    Case,
    id=st.text(string.ascii_letters, min_size=1, max_size=8),
    input=json_values,
    expected=json_values,
    label=st.sampled_from(["good", "bad"]),
    rubric=st.none() | texts,
    context=st.lists(texts, max_size=2),
    tags=st.lists(texts, max_size=2),
    cluster=st.none() | texts,
    weight=st.floats(0, 10),
    severity=st.none() | texts,
    metadata=st.dictionaries(texts, json_values, max_size=2),
    source=st.builds(Source, kind=st.sampled_from(["trace", "human"]), row=st.none() | st.just(3)),
    status=st.sampled_from(["active", "quarantined", "archived"]),
    rev=st.integers(1, 5),
)


@settings(deadline=None)
@given(case=cases)
def test_a_case_survives_the_file(case):
    (again,) = from_lines(to_lines([case]), name="x")
    assert again == case
    assert again.content_hash == case.content_hash


def test_keys_are_sorted_and_empty_fields_left_out(tmp_path):
    golden = GoldenSet((Case("Where is my parcel?", "Track it.", id="a", tags=["shipping"]),))
    golden.save(tmp_path / "golden.jsonl")
    record = json.loads((tmp_path / "golden.jsonl").read_text())
    assert list(record) == sorted(record)
    assert set(record) == {"content_hash", "expected", "id", "input", "source", "tags"}


def test_a_change_of_one_case_changes_one_line(tmp_path):
    path = tmp_path / "golden.jsonl"
    golden = GoldenSet(tuple(Case(f"question {i}", "answer", id=f"c{i}") for i in range(20)))
    before = golden.save(path).path.read_text().splitlines()
    GoldenSet.load(path).revise(replace(golden["c7"], expected="another"))
    after = path.read_text().splitlines()
    assert [i for i in range(20) if before[i] != after[i]] == [7]
    assert GoldenSet.load(path)["c7"].rev == 2


def test_what_is_there_already_is_not_added_again(tmp_path):
    golden = GoldenSet((Case("a", "b", id="one"),)).save(tmp_path / "golden.jsonl")
    same, other = Case("a", "b", id="two"), Case("a", "c", id="three")
    changes = golden.diff([same, other, replace(other, id="four")])
    assert [case.id for case in changes.new] == ["three"]
    assert [case.id for case in changes.known] == ["two", "four"]
    assert [case.id for case in golden.add([same, other])] == ["one", "three"]
    assert [case.id for case in GoldenSet.load(golden.path)] == ["one", "three"]


def test_an_id_that_is_taken_is_refused():
    golden = GoldenSet((Case("a", "b", id="one"),))
    with pytest.raises(LabError, match="'one' is taken"):
        golden.add([Case("a", "other", id="one")])


def test_a_diff_shows_what_a_write_would_do(tmp_path):
    golden = GoldenSet((Case("a", "b", id="one"), Case("c", "d", id="two")))
    golden = golden.save(tmp_path / "golden.jsonl")
    clash = golden.diff([Case("a", "other", id="one")])
    assert [(old.expected, new.expected) for old, new in clash.changed] == [("b", "other")]
    edited = GoldenSet((Case("a", "B", id="one"), Case("e", "f", id="three")), golden.path)
    changes = edited.diff()
    assert [case.id for case in changes.new] == ["three"]
    assert [case.id for case in changes.dropped] == ["two"]
    assert "b → B" in str(changes)
    assert "1 new, 1 changed, 1 dropped" in str(changes)
    assert str(golden.diff()).count("already there") == 3


def test_a_save_does_not_lose_what_another_notebook_wrote(tmp_path):
    path = tmp_path / "golden.jsonl"
    mine = GoldenSet((Case("a", "b", id="one"),)).save(path)
    GoldenSet.load(path).add([Case("c", "d", id="theirs")])
    with pytest.raises(LabError, match="holds 1 case that this set does not"):
        mine.save()
    assert len(GoldenSet.load(path)) == 2
    GoldenSet.load(path).revise(Case("a", "better", id="one"))
    with pytest.raises(LabError, match="in a later revision"):
        GoldenSet((Case("a", "b", id="one"), Case("c", "d", id="theirs")), path).save()
    assert [case.id for case in mine.save(drop=True)] == ["one"]
    assert len(GoldenSet.load(path)) == 1


def _add_many(path, name):
    golden = GoldenSet.load(path)
    for i in range(20):
        golden = golden.add([Case(f"{name} {i}", "x", id=f"{name}{i}")])


def test_two_notebooks_that_add_at_once_lose_nothing(tmp_path):
    path = tmp_path / "golden.jsonl"
    GoldenSet().save(path)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_add_many, args=(path, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert {case.id for case in GoldenSet.load(path)} == {
        f"{n}{i}" for n in "ab" for i in range(20)
    }


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "golden.jsonl"
    golden = GoldenSet((Case("a", "b"),)).save(path)
    before = path.read_bytes()

    def full(handle):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        golden.add([Case("c", "d")])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["golden.jsonl"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "line 2: not JSON"),
        (b"[1]", "line 2: not JSON"),
        (b'{"id": "a"}', "line 2: not a case: .*input"),
        (b'{"input": "a", "colour": 1}', "line 2: cases have no field colour"),
        (b'{"input": "a", "source": {"x": 1}}', "no field x"),
        (b'{"input": "a", "status": "lost"}', "line 2: not a case"),
        (b"<<<<<<< HEAD", "line 2: a Git conflict marker; resolve the merge"),
        (b'{"input": "\xff"}', "line 2: not JSON"),
    ],
)
def test_a_line_that_is_no_case_is_named(tmp_path, line, says):
    path = tmp_path / "golden.jsonl"
    path.write_bytes(b'{"input": "fine", "id": "b"}\n' + line + b"\n")
    with pytest.raises(FormatError, match=says):
        GoldenSet.load(path)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(LabError, match=r"no golden set .*GoldenSet\(\)\.save"):
        GoldenSet.load(tmp_path / "none.jsonl")


def test_the_set_hash_ignores_order_and_cases_that_are_not_run():
    a, b = Case("a", "1"), Case("b", "2")
    assert GoldenSet((a, b)).content_hash == GoldenSet((b, a)).content_hash
    archived = replace(Case("c"), status="archived")
    assert GoldenSet((a, b, archived)).content_hash == GoldenSet((a, b)).content_hash
    assert GoldenSet((a,)).content_hash != GoldenSet((a, b)).content_hash


def test_traces_become_cases_to_review():
    spans = pl.DataFrame(
        [
            {
                "trace_id": t,
                "span_id": t,
                "input_text": question,
                "output_text": "Here.",
                "user_id": "u1",
                "start_time": datetime(2026, 1, 1, tzinfo=UTC),
            }
            for t, question in (("1", "Where?"), ("2", "Why?"), ("3", "Where?"), ("4", None))
        ],
        infer_schema_length=None,
    )
    scores = pl.DataFrame(
        {"trace_id": ["2"], "name": ["thumbs"], "value": [-1.0], "source": ["human"]}
    )
    golden = GoldenSet.from_traces(Traces.from_frame(spans, side_tables={"scores": scores}))
    assert [(c.text, c.label, c.source.trace_id) for c in golden] == [
        ("Where?", "good", "1"),
        ("Why?", "bad", "2"),
    ]
    assert golden.active == ()
    assert golden.cases[0].reviewed("ana").status == "active"


def test_text_from_a_case_is_escaped():
    golden = GoldenSet((Case("<script>alert(1)</script>", "x"),))
    assert "<script>" not in golden._repr_html_()
    assert "<script>" in str(golden)


def test_the_frame_has_a_row_per_case():
    golden = GoldenSet((Case([{"role": "user", "content": "hi"}], {"a": 1}, id="x"),))
    row = golden.frame.row(0, named=True)
    assert (row["id"], row["input"], row["expected"]) == ("x", "user: hi", '{"a":1}')


def test_a_revision_does_not_undo_what_another_reviewer_wrote(tmp_path):
    path = tmp_path / "golden.jsonl"
    mine = GoldenSet((Case("a", "b", id="one"),)).save(path)
    GoldenSet.load(path).revise(mine["one"].reviewed("bo", expected="theirs"))
    with pytest.raises(
        LabError, match=r"'one' was revised meanwhile by bo, now expecting 'theirs'"
    ):
        mine.revise(mine["one"].reviewed("ana", expected="mine"))
    with pytest.raises(LabError, match="revised meanwhile"):
        mine.remove(mine["one"])
    assert GoldenSet.load(path)["one"].expected == "theirs"
    now = GoldenSet.load(path)
    assert now.revise(now["one"].reviewed("ana", expected="mine"))["one"].rev == 3


def test_a_case_added_by_mistake_is_removed_and_what_others_added_stays(tmp_path):
    path = tmp_path / "golden.jsonl"
    mine = GoldenSet((Case("a", "b", id="one"),)).save(path)
    mine = mine.add([Case("c", "d", id="mistake")])
    GoldenSet.load(path).add([Case("e", "f", id="theirs")])
    assert [case.id for case in mine.remove(mine["mistake"])] == ["one", "theirs"]
    assert [case.id for case in GoldenSet.load(path)] == ["one", "theirs"]
    with pytest.raises(LabError, match="no case 'mistake'"):
        mine.remove(mine["mistake"])


def test_a_golden_set_shows_who_is_still_to_be_reviewed_and_what_is_critical():
    golden = GoldenSet((Case("x", severity="critical"), Case("y", status="quarantined")))
    rows = str(golden).splitlines()
    assert rows[2].split()[:3] == ["id", "status", "severity"]
    assert [row.split()[1:4] for row in rows[3:5]] == [
        ["active", "critical", "x"],
        ["quarantined", "–", "y"],
    ]
