"""OpenAI Batch API: output and error files, one line per request, at the batch price."""

import polars as pl

from llmops_lab.readers._convert import Column, Values, choice, constant, gentle, whole
from llmops_lab.readers._moments import moment
from llmops_lab.readers._openai import finish_reasons, logprob_fields, usage_fields
from llmops_lab.readers._reader import Field, keys, reader

_BODY = "response.body."


def _status(values: Values) -> Column:
    code = gentle(whole)(values).series.to_frame("x")
    ok = pl.when(pl.col("x").is_between(200, 299)).then(pl.lit("ok"))
    return Column(code.select(x=ok.when(pl.col("x").is_not_null()).then(pl.lit("error")))["x"])


openai_batch = reader(
    "openai-batch",
    title="OpenAI batch output",
    evidence="real file",
    signatures=keys("custom_id response response/status_code", "custom_id response error id"),
    fields=(
        Field("span_id", f"id|{_BODY}id|response.request_id|custom_id"),  # Azure numbers no lines
        Field("name", "custom_id"),
        Field("kind", f"{_BODY}object", choice({"list": "embedding"})),
        Field("kind", "custom_id", constant("llm")),
        Field("start_ns", f"{_BODY}created|{_BODY}created_at", moment("s")),
        Field("provider", "custom_id", constant("openai")),
        Field("response_model", f"{_BODY}model"),
        Field("response_id", f"{_BODY}id"),
        Field("service_tier", "custom_id", constant("batch")),
        *usage_fields(_BODY),
        Field("finish_reasons", f"{_BODY}choices", finish_reasons),
        *logprob_fields(f"{_BODY}choices"),
        Field("status", "response.status_code", _status),
        Field("status", "error", constant("error")),
        Field("error_type", f"error.code|{_BODY}error.code|{_BODY}error.type"),
        Field("error_message", f"error.message|{_BODY}error.message"),
        Field("output", f"{_BODY}choices|{_BODY}output"),
    ),
)
