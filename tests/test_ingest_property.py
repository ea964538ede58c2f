"""Whatever the bytes: an answer or a LabError, and no line lost."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmops_lab import LabError, read_traces
from llmops_lab.readers._reader import readers

FILES = (
    "langfuse/autogen-2025-06-06.trace.json",
    "otlp/trace.json",
    "langsmith/sample_runs_flat.json",
    "langsmith/langsmith_py_wrap_openai_.json",
    "openai/batch_output.jsonl",
    "openai/eval_run_output_items_list.json",
    "litellm/spend_logs_payload.json",
    "burstgpt/BurstGPT_3_head.csv",
    "azure/AzureLLMInferenceTrace_code.csv",
    "phoenix/spans_dataframe_no_events.parquet",
)
few = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read_or_refuse(data):
    try:
        return read_traces(data)
    except LabError:
        return None


@few
@given(data=st.binary(max_size=400))
def test_random_bytes_are_read_or_refused(data):
    read_or_refuse(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = [
    "id",
    "trace_id",
    "parent_run_id",
    "run_type",
    "start_time",
    "end_time",
    "name",
    "inputs",
    "outputs",
    "extra",
    "error",
    "status",
    "prompt_tokens",
    "completion_tokens",
    "total_cost",
    "first_token_time",
    "tags",
    "feedback_stats",
    "dotted_order",
]


@few
@given(
    records=st.lists(st.dictionaries(st.sampled_from(KEYS), json_values, max_size=8), max_size=6)
)
def test_records_of_any_values_are_read_or_set_aside(records):
    known = {"id": "x", "run_type": "llm", "start_time": "2026-01-01T00:00:00Z"}
    data = "\n".join(json.dumps(r) for r in [known, *records]).encode()
    traces = read_or_refuse(data)
    assert traces is not None
    assert traces.spans.height + traces.rejected.height == len(records) + 1


def put(record, path, value):
    """Set what lies at `a/b` or `a[]/b`; the keys on the way become objects, or lists of one."""
    *heads, last = path.split("/")
    for head in heads:
        key, is_list = head.removesuffix("[]"), head.endswith("[]")
        inner = record.get(key)
        inner = inner[0] if isinstance(inner, list) and inner else inner
        inner = inner if isinstance(inner, dict) else {}
        record[key] = [inner] if is_list else inner
        record = inner
    record[last] = value


@st.composite
def records_of(draw, name):
    """Records with the keys by which a reader knows its format, and any values at its paths."""
    reader = readers[name]
    paths = sorted({path for field in reader.fields for path in field.paths.split("|")})
    record = {}
    for path in draw(st.lists(st.sampled_from(paths), max_size=8)):
        put(record, draw(st.sampled_from([path, path.replace(".", "/")])), draw(json_values))
    for key in sorted(draw(st.sampled_from(reader.signatures))):
        put(record, key, draw(json_values))
    return record


@pytest.mark.parametrize("name", readers)
@settings(few, max_examples=6)
@given(data=st.data())
def test_no_reader_breaks_over_any_values_at_its_own_paths(name, data):
    records = data.draw(st.lists(records_of(name), min_size=1, max_size=4))
    traces = read_or_refuse("\n".join(map(json.dumps, records)).encode())
    if traces is not None:
        assert len(traces.rows) == len(traces)
        assert str(traces)


def test_a_duration_that_no_clock_can_hold_gives_no_end():
    row = {"Timestamp": 5, "Model": "GPT-4", "Request tokens": 1, "Response tokens": 1}
    line = json.dumps({**row, "Elapsed time": 1.7e21}).encode()
    [span] = read_traces(line).spans.to_dicts()
    assert (span["duration_s"], span["end_time"]) == (1.7e21, None)


@pytest.mark.parametrize("name", FILES)
@few
@given(edits=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), min_size=1, max_size=5))
def test_real_files_with_bytes_changed_are_read_or_refused(name, edits, shared):
    data = bytearray((shared / "traces" / name).read_bytes()[:20_000])
    for place, patch in edits:
        at = int(place * len(data))
        data[at : at + len(patch)] = patch
    read_or_refuse(bytes(data))


@few
@given(edits=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), min_size=1, max_size=8))
def test_no_line_of_a_damaged_file_is_lost(edits, shared):
    whole = (shared / "traces/mooncake/synthetic_trace.jsonl").read_bytes()
    data = bytearray(whole[: whole.index(b"\n", 4000) + 1])
    for place, patch in edits:
        at = int(place * len(data))
        data[at : at + len(patch)] = patch
    traces = read_or_refuse(bytes(data))
    if traces is not None and b"{" in data[:1]:
        lines = sum(1 for line in bytes(data).split(b"\n") if line.strip())
        assert traces.spans.height + traces.rejected.height == lines
