"""How long a summary and the pricing of calls take, beside pandas, DuckDB and scalar pricing.

    python benchmarks/summary.py [rows]     (a million by default)

CPU seconds of the process, medians of interleaved runs; every peer's numbers are compared with
ours before any time is printed.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from llmops_lab._spans.schema import SPANS, conform
from llmops_lab.cost import price_traces
from llmops_lab.summary import summarize
from llmops_lab.traces import Traces

RUNS = 5
MODELS = (
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-5"),
    ("openai", "o3"),
    ("anthropic", "claude-sonnet-4-5"),
    ("gcp.vertex_ai", "gemini-2.5-pro"),
    ("deepseek", "deepseek-chat"),
    ("ollama", "llama3"),
)
PERCENTS = (50, 90, 95, 99)


def calls(n: int) -> Traces:
    """One call per trace over 20 months, dated so that prices change on the way."""
    chance = np.random.default_rng(0)
    which = chance.integers(0, len(MODELS), n)
    given = chance.integers(10, 300_000, n)
    ids = pl.Series(np.arange(n)).cast(pl.String)
    start = np.datetime64("2025-01-01", "us")
    frame = pl.DataFrame(
        {
            "span_id": ids,
            "trace_id": ids,
            "provider": pl.Series([provider for provider, _ in MODELS]).gather(which),
            "request_model": pl.Series([model for _, model in MODELS]).gather(which),
            "start_time": start
            + (chance.integers(0, 600 * 86_400, n) * 1_000_000).astype("m8[us]"),
            "input_tokens": given,
            "output_tokens": chance.integers(1, 4000, n),
            "cache_read_tokens": (given * chance.random(n)).astype(np.int64),
            "duration_s": chance.lognormal(0, 1, n),
            "ttft_s": chance.lognormal(-1, 1, n),
            "status": pl.Series(["ok", "error"]).gather((chance.random(n) < 0.03).astype(int)),
        }
    ).with_columns(
        pl.col("start_time").dt.replace_time_zone("UTC"),
        kind=pl.lit("llm"),
        usage_role=pl.lit("leaf"),
    )
    return Traces(conform(frame.lazy(), SPANS).collect().lazy())


@dataclass(frozen=True)
class Peer:
    """Something that does the same: its name, the call to time, and how often the whole is that."""

    name: str
    run: Callable[[], Any]
    times: float = 1.0


def timed(peers: list[Peer]) -> None:
    """Print median CPU seconds of each, and how many times those of the first."""
    for peer in peers:
        peer.run()  # imports, caches
    seconds: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for _ in range(RUNS):
        for peer in peers:
            start = time.process_time()
            peer.run()
            seconds[peer.name].append((time.process_time() - start) * peer.times)
    first = median(seconds[peers[0].name])
    for name, values in seconds.items():
        spread = f"{min(values):.2f}–{max(values):.2f}"
        print(f"  {name:<44}{median(values):8.2f} s  {spread:>12}{median(values) / first:9.1f} x")


def summary_peers(traces: Traces) -> list[Peer]:
    """Four percentiles of two measures, error rate, sums, by model and day."""
    rows = traces.rows.select(
        "model", "start_time", "duration_s", "ttft_s", "status", "input_tokens", "cost_usd"
    )
    by = {"by": "model", "every": "1d"}
    ours = [
        Peer("llmops_lab, exact, with all intervals", lambda: summarize(traces, **by).frame),
        Peer(
            "llmops_lab, histogram, with all intervals",
            lambda: summarize(traces, **by, mode="histogram").frame,
        ),
    ]
    return [*ours, pandas_peer(rows), *duckdb_peer(rows)]


def pandas_peer(rows: pl.DataFrame) -> Peer:
    table = rows.to_pandas()

    def run() -> Any:
        day = table["start_time"].dt.floor("D")
        groups = table.assign(failed=table["status"] == "error").groupby(["model", day])
        shares = [percent / 100 for percent in PERCENTS]
        ranks = groups[["duration_s", "ttft_s"]].quantile(shares).unstack()
        sums = groups.agg(
            n=("failed", "size"),
            error_rate=("failed", "mean"),
            input_tokens=("input_tokens", "sum"),
            cost_usd=("cost_usd", "sum"),
        )
        ranks.columns = [f"{measure}_p{share * 100:.0f}" for measure, share in ranks.columns]
        return sums.join(ranks).sort_index()

    return Peer("pandas groupby, no intervals", run)


def duckdb_peer(rows: pl.DataFrame) -> list[Peer]:
    try:
        import duckdb
    except ImportError:
        print("duckdb is not installed and is left out")
        return []
    columns = ", ".join(
        f"quantile_cont({measure}, {percent / 100}) AS {measure}_p{percent}"
        for measure in ("duration_s", "ttft_s")
        for percent in PERCENTS
    )
    connection = duckdb.connect()
    connection.register("arrow_rows", rows.to_arrow())
    connection.execute("SET TimeZone = 'UTC'; CREATE TABLE trace_rows AS FROM arrow_rows")
    query = f"""SELECT model, date_trunc('day', start_time) AS time, count(*) AS n,
        avg((status = 'error')::INT) AS error_rate, sum(input_tokens), sum(cost_usd), {columns}
        FROM trace_rows GROUP BY ALL ORDER BY ALL"""  # noqa: S608
    return [Peer("DuckDB quantile_cont, no intervals", lambda: connection.sql(query).pl())]


def check_summaries(peers: list[Peer]) -> None:
    """Raise where a peer's medians, p99 or error rates are not ours."""
    ours = peers[0].run()
    for peer in peers[2:]:
        theirs = peer.run()
        for column in ("n", "error_rate", "duration_s_p50", "duration_s_p99", "ttft_s_p95"):
            mine, their = ours[column].to_numpy(), np.asarray(theirs[column])
            np.testing.assert_allclose(mine, their, rtol=1e-9)


def scalar_price(traces: Traces, n: int) -> list[float | None]:
    """The first n calls priced one by one by genai-prices."""
    from genai_prices import Usage, calc_price

    found: list[float | None] = []
    for row in traces.spans.head(n).iter_rows(named=True):
        counts = ("input_tokens", "output_tokens", "cache_read_tokens")
        try:
            price = calc_price(
                Usage(**{count: row[count] for count in counts}),
                row["request_model"],
                provider_id=row["provider"],
                genai_request_timestamp=row["start_time"],
            )
            found.append(float(price.total_price))
        except LookupError:
            found.append(None)
    return found


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    traces = calls(n)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {n:,} calls, {RUNS} interleaved runs, CPU seconds")
    few = min(n, 2000)
    truth = pl.Series(scalar_price(traces, few), dtype=pl.Float64)
    cost = price_traces(traces).spans["cost_usd"].head(few)
    np.testing.assert_allclose(cost.to_numpy(), truth.to_numpy(), rtol=1e-9)
    print("price every call")
    ours = Peer("price_traces", lambda: price_traces(traces))
    one_by_one = f"genai_prices.calc_price (from {few:,} calls)"
    timed([ours, Peer(one_by_one, lambda: scalar_price(traces, few), n / few)])
    priced = price_traces(traces)
    peers = summary_peers(priced)
    check_summaries(peers)
    print(f"summarize by model and day ({peers[0].run().height:,} groups)")
    timed(peers)


if __name__ == "__main__":
    main()
