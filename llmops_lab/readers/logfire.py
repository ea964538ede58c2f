"""Pydantic Logfire: rows of its `records` table, as a query answers them in JSON, CSV or Arrow."""

from collections.abc import Mapping
from typing import Any

from msgspec import Raw

from llmops_lab.readers._convert import choice, number, word, words
from llmops_lab.readers._dialects import attribute_fields
from llmops_lab.readers._ids import otel_id
from llmops_lab.readers._json import decode, list_in, plain_object
from llmops_lab.readers._moments import moment
from llmops_lab.readers._python_cells import opened_cells
from llmops_lab.readers._reader import Exploded, Field, keys, reader
from llmops_lab.readers._records import Record
from llmops_lab.readers.otlp import STATUS, span_rows

_RESOURCE = "otel_resource_attributes."


def rows_in(record: Record) -> Exploded:
    """The row that the record is; of an answer by column, every row."""
    data: Any = record.data
    if isinstance(data, (bytes, Raw)):
        if b'"datatype"' not in bytes(data):
            return Exploded([record])
        data = decode(data)
    columns = list_in(data.get("columns")) if isinstance(data, Mapping) else []
    told = map(plain_object, columns)
    named = {str(column.get("name")): list_in(column.get("values")) for column in told}
    if not named:
        return Exploded([record])
    rows = zip(*named.values(), strict=True)
    return Exploded(
        [Record(n, dict(zip(named, row, strict=True))) for n, row in enumerate(rows, 1)]
    )


logfire = reader(
    "logfire",
    title="Pydantic Logfire records (query in JSON, CSV, Arrow)",
    signatures=keys(
        "trace_id span_id start_timestamp span_name",
        "trace_id span_id start_timestamp attributes",
        "columns columns[]/name columns[]/datatype columns[]/values",
    ),
    explode=rows_in,
    mend=opened_cells,
    repeats=frozenset({"kind", "attributes_json_schema", "level_num", "level_name", "day"}),
    fields=(
        Field("trace_id", "trace_id", otel_id),
        Field("span_id", "span_id", otel_id),
        Field("parent_span_id", "parent_span_id", otel_id),
        Field("name", "span_name|message"),
        Field("start_ns", "start_timestamp", moment()),
        Field("end_ns", "end_timestamp", moment()),
        Field("duration_s", "duration", number),
        Field("status", "otel_status_code", choice(STATUS)),
        Field("status", "is_exception", choice({"true": "error"})),
        Field("error_type", "exception_type"),
        Field("error_message", "exception_message|otel_status_message", word),
        Field("scope_name", "otel_scope_name"),
        *attribute_fields("attributes."),
        Field("service_name", "service_name"),
        Field("release", f"service_version|{_RESOURCE}service.version"),
        Field("environment", f"deployment_environment|{_RESOURCE}deployment.environment.name"),
        Field("tags", "tags", words),
    ),
    side_rows=span_rows,
    page_sizes=(10_000,),
)
