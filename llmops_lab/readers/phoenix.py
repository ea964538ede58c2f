"""Arize Phoenix's spans DataFrame, as Parquet, CSV, JSON records or the frame itself."""

from functools import partial

from llmops_lab.readers._phoenix import SPAN
from llmops_lab.readers._python_cells import opened_cells
from llmops_lab.readers._reader import keys, reader
from llmops_lab.readers._texts import PLAIN_LABELLED
from llmops_lab.readers.otlp import span_rows

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
    fields=SPAN,
    shapes={f"attributes.llm.{side}_messages": PLAIN_LABELLED for side in ("input", "output")},
    repeats=frozenset({"context.span_id (2)", "__index_level_0__"}),  # the index once more
    mend=partial(opened_cells, kept=_TEXTS),
    side_rows=span_rows,
    page_sizes=(1000,),
)
