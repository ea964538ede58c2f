"""What Phoenix's DataFrame and its span JSON share: the span's fields."""

from typing import Final

from llmops_lab.readers._convert import choice, word
from llmops_lab.readers._dialects import OPENINFERENCE_KINDS, attribute_fields
from llmops_lab.readers._events import EVENT_FIELDS
from llmops_lab.readers._ids import otel_id
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Field
from llmops_lab.readers.otlp import STATUS

SPAN: Final = (
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
)
