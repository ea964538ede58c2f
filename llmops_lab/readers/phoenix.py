"""Arize Phoenix's spans DataFrame, as Parquet, CSV, JSON records or the frame itself."""

from functools import partial

from llmops_lab.readers._convert import choice, word
from llmops_lab.readers._dialects import OPENINFERENCE_KINDS, attribute_fields
from llmops_lab.readers._events import EVENT_FIELDS
from llmops_lab.readers._ids import otel_id
from llmops_lab.readers._moments import moment
from llmops_lab.readers._python_cells import opened_cells
from llmops_lab.readers._reader import Field, keys, reader
from llmops_lab.readers._texts import PLAIN_LABELLED
from llmops_lab.readers.otlp import STATUS, span_rows

_TEXTS = frozenset(
    {
        "name",
        "status_message",
        "attributes.input.value",
        "attributes.output.value",
        "attributes.llm.prompt_template.template",
    }
)

phoenix = reader(
    "phoenix",
    title="Phoenix spans DataFrame",
    evidence="real file",
    signatures=keys("context.trace_id context.span_id span_kind"),
    fields=(
        Field("trace_id", "context.trace_id", otel_id),
        Field("span_id", "context.span_id", otel_id),
        Field("parent_span_id", "parent_id", otel_id),
        Field("name", "name"),
        Field("kind", "span_kind", choice(OPENINFERENCE_KINDS)),
        Field("start_ns", "start_time", moment()),
        Field("end_ns", "end_time", moment()),
        Field("status", "status_code", choice(STATUS, "unset")),
        Field("error_message", "status_message", word),
        *attribute_fields("attributes."),
        *EVENT_FIELDS,
    ),
    shapes={f"attributes.llm.{side}_messages": PLAIN_LABELLED for side in ("input", "output")},
    repeats=frozenset({"context.span_id (2)", "__index_level_0__"}),  # the index once more
    mend=partial(opened_cells, kept=_TEXTS),
    side_rows=span_rows,
    page_sizes=(1000,),
)
