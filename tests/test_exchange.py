"""Golden sets from other tools and for them: nothing is lost that is not named."""

from dataclasses import fields

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmops_lab.errors import FormatError, LabError
from llmops_lab.exchange import export_cases, export_dataset, import_cases
from llmops_lab.exporters import case_formats
from llmops_lab.golden import Case, GoldenSet, Source

# A CSV or YAML file cannot hold other control characters at all.
texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff\x85"),
    min_size=1,
    max_size=20,
)
messages = st.lists(st.fixed_dictionaries({"role": st.just("user"), "content": texts}), min_size=1)
cases = st.builds(
    Case,
    id=st.text("abcdef", min_size=1, max_size=8),
    input=texts | messages | st.dictionaries(texts, texts, min_size=1, max_size=2),
    expected=st.none() | texts | st.lists(texts, min_size=1, max_size=3),
    label=st.sampled_from(["good", "bad"]),
    rubric=st.none() | texts,
    context=st.lists(texts, max_size=2),
    tags=st.lists(texts, max_size=2),
    split=st.none() | texts,
    weight=st.sampled_from([1.0, 2.5]),
    severity=st.none() | texts,
    metadata=st.dictionaries(texts.filter(lambda t: t != "llmops_lab"), texts, max_size=2),
    source=st.builds(Source, kind=st.just("trace"), trace_id=texts),
    status=st.sampled_from(["active", "quarantined", "archived"]),
)
WAYS = [
    (name, suffix)
    for name, form in case_formats.items()
    for suffix in form.suffixes
    if suffix not in form.read_only
]


@pytest.mark.parametrize(("name", "suffix"), WAYS)
@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=cases)
def test_a_case_comes_back_but_for_what_the_export_named(tmp_path, name, suffix, case):
    path = tmp_path / f"cases{suffix}"
    export = export_cases(GoldenSet((case,)), path, format=name)
    (again,) = import_cases(path, format=name)
    names = [spec.name for spec in fields(Case)]
    changed = {field for field in names if getattr(again, field) != getattr(case, field)}
    if name == "openai-evals" and isinstance(case.input, str):
        changed -= {"input"}  # a text comes back as the one user message that it was sent as
    assert changed <= export.lost.keys()
    if "metadata" in case_formats[name].carries:
        assert not export.lost


REAL = [
    ("deepeval", "deepeval/tests_test_core_test_datasets_goldens.json", "Mount Everest"),
    ("deepeval", "deepeval/tests_test_core_test_datasets_goldens.csv", "Mount Everest"),
    ("inspect-ai", "inspect_ai/src_inspect_ai_dataset_examples_biology_qa.jsonl", "Leprosy"),
    ("inspect-ai", "inspect_ai/tests_dataset_test_dataset_samples.csv", "Hello, World"),
    ("openai-evals", "openai_evals/test_fuzzy_match_samples.jsonl", "Millie Bobby Brown"),
    ("openai-evals", "openai_evals/balance_chemical_equation_samples.jsonl", None),
    ("openai-evals", "openai_evals/logic_samples.jsonl", None),
    ("openai-evals", "openai_evals/coqa_match.jsonl", None),
    ("promptfoo", "promptfoo/examples_csv-metadata_tests.csv", "algorithm"),
    (
        "promptfoo",
        "promptfoo/examples_jsonl-test-cases_cases.jsonl",
        "Translate the following text to French: Hello, world!",
    ),
    ("pydantic-evals", "pydantic_evals/generated_capitals.yaml", "Paris"),
]


@pytest.mark.parametrize(("name", "file", "expected"), REAL)
def test_a_real_file_is_read(shared, name, file, expected):
    golden = import_cases(shared / "golden" / file, format=name)
    first = golden.cases[0]
    assert first.source.kind == "import"
    assert first.source.row == 1
    if expected:
        assert first.expected in (expected, [expected])
    assert all(case.input for case in golden)


def test_what_a_tool_says_beside_the_case_is_kept(shared):
    golden = import_cases(
        shared / "golden/promptfoo/examples_csv-metadata_tests.csv", format="promptfoo"
    )
    case = golden.cases[0]
    assert case.input == {"topic": "machine learning"}
    assert case.rubric == "Does this describe {{topic}} accurately?"
    assert case.metadata["category"] == "technology"
    capitals = import_cases(
        shared / "golden/pydantic_evals/generated_capitals.yaml", format="pydantic-evals"
    )
    assert capitals["fr"].metadata == {"difficulty": "easy", "evaluators": [{"MaxDuration": 2}]}


def test_what_cannot_be_carried_is_counted(tmp_path):
    golden = GoldenSet((Case("a", "b", id="x", severity="critical"), Case("c", "d", id="y")))
    export = export_cases(golden, tmp_path / "x.jsonl", format="openai-evals")
    assert export.lost == {"id": 2, "severity": 1, "source": 2}
    assert "severity" in str(export)


def test_a_plain_csv_of_questions_and_answers_is_a_table(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text("input,expected,team\nWhere?,[soon],a\n", encoding="utf-8-sig")
    (case,) = import_cases(path, format="table")
    assert (case.input, case.expected, case.metadata) == ("Where?", "[soon]", {"team": "a"})


@pytest.mark.parametrize(
    ("name", "file", "text", "says"),
    [
        ("deepeval", "x.json", "{", "cannot be read as cases"),
        ("deepeval", "x.json", "[1]", "cannot be read as cases"),
        ("deepeval", "x.json", '[{"name": "no input"}]', "case 1: not of this format"),
        ("deepeval", "x.txt", "", "comes in .json, .jsonl, .csv"),
        ("pydantic-evals", "x.yaml", "a: [", "not YAML"),
        ("pydantic-evals", "x.yaml", "!!python/object/apply:os.system [ls]", "not YAML"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, name, file, text, says):
    (tmp_path / file).write_text(text)
    with pytest.raises(FormatError, match=says):
        import_cases(tmp_path / file, format=name)
    with pytest.raises(LabError, match="no case format called 'xls'"):
        import_cases(tmp_path / file, format="xls")


@settings(deadline=None, max_examples=20)
@given(
    several=st.lists(
        cases, min_size=1, max_size=4, unique_by=(lambda c: c.id, lambda c: c.content_hash)
    )
)
def test_a_dataset_carries_every_field_back(several):
    golden = GoldenSet(tuple(several))
    again = import_cases(export_dataset(golden, redacted=False))
    assert again.cases == golden.cases


@pytest.mark.parametrize("kind", ["polars", "pandas", "dataset", "csv", "parquet"])
def test_any_table_is_read_by_naming_its_columns(tmp_path, kind):
    frame = pl.DataFrame({"q": ["Where?", "When?"], "a": ["Here.", None], "team": ["x", "y"]})
    if kind == "pandas":
        source = pytest.importorskip("pandas").DataFrame(frame.to_dict(as_series=False))
    elif kind == "dataset":
        from datasets import Dataset

        source = Dataset.from_polars(frame)
    elif kind in ("csv", "parquet"):
        source = tmp_path / f"cases.{kind}"
        (frame.write_csv if kind == "csv" else frame.write_parquet)(source)
    else:
        source = frame
    golden = import_cases(source, columns={"input": "q", "expected": "a"})
    assert [(c.input, c.expected, c.metadata) for c in golden] == [
        ("Where?", "Here.", {"team": "x"}),
        ("When?", None, {"team": "y"}),
    ]
    assert [case.source.row for case in golden] == [1, 2]
    with pytest.raises(LabError, match="no column question"):
        import_cases(source, columns={"input": "question"})


def test_a_turn_that_ragas_does_not_know_travels_whole(tmp_path):
    said = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]
    path = tmp_path / "x.jsonl"
    export_cases(GoldenSet((Case(said, "hello", id="a"),)), path, format="ragas")
    assert import_cases(path, format="ragas").cases[0].input == said


def test_ragas_samples_of_one_turn_and_several(tmp_path):
    path = tmp_path / "samples.jsonl"
    path.write_text(
        '{"user_input": "Where?", "retrieved_contexts": ["Here."], "reference": "Here.", '
        '"response": "There."}\n'
        '{"user_input": [{"content": "Hi", "type": "human"}, {"content": "Yes?", "type": "ai"}], '
        '"reference_topics": ["greeting"]}\n'
    )
    first, second = import_cases(path, format="ragas")
    assert (first.input, first.expected, first.context) == ("Where?", "Here.", ["Here."])
    assert first.metadata == {"response": "There."}
    assert [turn["role"] for turn in second.input] == ["user", "assistant"]
    assert second.metadata == {"reference_topics": ["greeting"]}
