"""One row per trace, grouped from spans: what a summary, a segment or a reviewer looks at."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from llmops_lab._spans.checks import trace_checks, trace_numbers
from llmops_lab._spans.feedback import trace_feedback

RATES: Final = {
    "error_rate": pl.col("status") == "error",
    "guardrail_rate": pl.col("guardrail_hit"),
    "negative_feedback_rate": pl.col("negative_feedback"),
}
"""What can go wrong with a row, by the name of its rate: true, false, or null where unknown."""

_TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
_HIT = ("deny", "modify", "warn", "escalate")
_DID_NOT_RUN = ("failed", "not_run")
_LEAF = pl.col("usage_role") == "leaf"
_CALL = (pl.col("kind") == "llm") & ~pl.col("usage_role").is_in(["duplicate", "rollup"]) | _LEAF
_MODEL = pl.coalesce("response_model", "request_model")


def trace_rows(spans: pl.DataFrame, scores: pl.DataFrame, guardrails: pl.DataFrame) -> pl.DataFrame:
    """One row per trace in order of start; sums run over usage leaves only.

    `model`, `provider`, `prompt_name` and `prompt_version` are those of the call with most
    tokens; `models` lists all. `duration_s` is the root's, `wall_s` last end minus first start.
    `cost_usd` is null when no call has a price; `n_unpriced` counts calls without one.
    `status` and `n_errors` are null when the export says of no span whether it failed.
    `guardrail_hit` is null when the trace ran no guardrail; `feedback` is 0 (bad) to 1 (good);
    `checks` and `failed_checks` are null when no scorer judged the trace, `numbers` when none
    gave it a number.
    """
    ordered = spans.select(columns_used()).sort(
        "trace_id", "depth", "start_time", "source_row", nulls_last=True
    )
    grouped = ordered.group_by("trace_id", maintain_order=True).agg(
        *_identity(), *_times(), *_counts(), *_usage(), *_texts()
    )
    return (
        grouped.join(guardrail_hits(guardrails), on="trace_id", how="left")
        .join(trace_feedback(scores), on="trace_id", how="left")
        .join(trace_checks(scores), on="trace_id", how="left")
        .join(trace_numbers(scores), on="trace_id", how="left")
        .sort("start_time", "start_offset_s", "trace_id", nulls_last=True)
    )


def columns_used() -> list[str]:
    """The columns of spans that rows are made of."""
    made = [*_identity(), *_times(), *_counts(), *_usage(), *_texts()]
    names = {name for each in made for name in each.meta.root_names()}
    return sorted(names | {"trace_id", "depth", "start_time", "source_row"})


def known_sum(column: str) -> pl.Expr:
    """The sum of a column in each group; null, not 0, where nothing of it is known."""
    return pl.when(pl.col(column).count() > 0).then(pl.col(column).sum()).alias(column)


def _root(column: str) -> pl.Expr:
    return pl.col(column).first()


def _any(column: str) -> pl.Expr:
    return pl.col(column).drop_nulls().first()


def _main_call(value: pl.Expr) -> pl.Expr:
    """The value at the call with most tokens, else at any call."""
    size = pl.sum_horizontal(pl.col(c).fill_null(0) for c in _TOKENS[:2])
    return (
        value.filter(_CALL & value.is_not_null())
        .sort_by(size.filter(_CALL & value.is_not_null()), descending=True, maintain_order=True)
        .first()
    )


def _identity() -> list[pl.Expr]:
    return [
        _root("span_id").alias("root_span_id"),
        _root("name"),
        _main_call(_MODEL).alias("model"),
        _MODEL.filter(_CALL).drop_nulls().unique(maintain_order=True).alias("models"),
        _main_call(pl.col("provider")).alias("provider"),
        pl.coalesce(_main_call(pl.col("prompt_name")), _any("prompt_name")).alias("prompt_name"),
        pl.coalesce(_main_call(pl.col("prompt_version")), _any("prompt_version")).alias(
            "prompt_version"
        ),
        *(
            _any(c)
            for c in ("conversation_id", "user_id", "environment", "service_name", "release")
        ),
        pl.col("tags").drop_nulls().first(),
        _root("source_format"),
    ]


def _times() -> list[pl.Expr]:
    start, end = pl.col("start_time"), pl.col("end_time")
    first_call_ttft = pl.col("ttft_s").filter(pl.col("ttft_s").is_not_null()).first()
    call_start = start.filter(pl.col("ttft_s").is_not_null()).first()
    lead_s = (call_start - start.min()).dt.total_microseconds() / 1e6
    return [
        start.min().alias("start_time"),
        end.max().alias("end_time"),
        _root("start_offset_s"),
        _root("duration_s"),
        ((end.max() - start.min()).dt.total_microseconds() / 1e6).alias("wall_s"),
        (first_call_ttft + lead_s.fill_null(0)).alias("ttft_s"),
    ]


def _counts() -> list[pl.Expr]:
    failed = pl.col("status") == "error"
    return [
        pl.when(failed.first())
        .then(pl.lit("error"))
        .otherwise(_root("status").cast(pl.String))
        .alias("status"),
        pl.col("error_type").filter(failed).drop_nulls().first().alias("error_type"),
        pl.len().alias("n_spans"),
        _CALL.sum().alias("n_llm_calls"),
        (pl.col("kind") == "tool").sum().alias("n_tool_calls"),
        pl.when(failed.count() > 0).then(failed.sum()).alias("n_errors"),
    ]


def _usage() -> list[pl.Expr]:
    def total(column: str, of: pl.Expr = _LEAF) -> pl.Expr:
        known = pl.col(column).filter(of).drop_nulls()
        return pl.when(known.len() > 0).then(known.sum()).alias(column)

    reported = pl.col("total_tokens_reported").filter(pl.col("depth") == 0).first()
    counted = pl.sum_horizontal(pl.col(c).fill_null(0) for c in _TOKENS[:2]).filter(_LEAF).sum()
    return [
        *(total(c) for c in _TOKENS),
        reported.alias("tokens_reported"),
        (reported != counted).alias("tokens_mismatch"),
        total("output_logprob", _CALL),
        total("n_logprobs", _CALL),
        total("cost_usd"),
        (_LEAF & pl.col("cost_usd").is_null()).sum().alias("n_unpriced"),
        total("cost_reported_usd"),
    ]


def _texts() -> list[pl.Expr]:
    others = ["guardrail", "retriever", "reranker", "embedding"]
    answers = ~pl.col("kind").is_in(others).fill_null(value=False)
    said = answers & pl.col("output_text").is_not_null()
    # What a tool gave is the answer only where nobody said more.
    by_others = pl.col("output_text").filter(said & (pl.col("kind") != "tool")).first()
    answer = pl.coalesce(by_others, pl.col("output_text").filter(said).first())
    return [_any("input_text"), answer.alias("output_text")]


def guardrail_hits(guardrails: pl.DataFrame, keys: Sequence[str] = ("trace_id",)) -> pl.DataFrame:
    """Per trace (or other keys) `guardrail_hit` and `n_guardrail_hits`, of guardrails that ran."""
    verdict = pl.col("verdict").cast(pl.String)
    hit = verdict.is_in(_HIT)
    ran = guardrails.filter(~verdict.is_in(_DID_NOT_RUN).fill_null(value=True))
    return ran.group_by(keys).agg(
        hit.any().alias("guardrail_hit"), hit.sum().alias("n_guardrail_hits")
    )
