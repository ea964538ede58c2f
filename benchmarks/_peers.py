"""Other ways to read the same exports. They do less: none knows units, roles, prices or trees.

Each takes the ids, times, tokens and texts of every span, and returns the sum of input tokens.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Record = dict[str, Any]
USAGE = "attributes.llm.token_count."


def normalized(path: Path, shape: str) -> int:
    """pandas.json_normalize: every key a column, OTLP's attributes by hand."""
    import pandas as pd

    records = [json.loads(line) for line in path.open()]
    if shape == "otlp":
        frame = pd.json_normalize(records, ["resourceSpans", "scopeSpans", "spans"])
        values = [{a["key"]: a["value"] for a in each} for each in frame["attributes"]]
        frame = frame.join(pd.json_normalize(values))
        return int(frame["gen_ai.usage.input_tokens.intValue"].astype(int).sum())
    column = "usageDetails.input" if shape == "langfuse" else f"{USAGE}prompt"
    return int(pd.json_normalize(records)[column].sum())


def looped(path: Path, shape: str) -> int:
    """A loop over orjson.loads that takes nine values of every span."""
    import orjson
    import polars as pl

    take = {"langfuse": _langfuse, "openinference": _openinference, "otlp": _otlp}[shape]
    with path.open("rb") as file:
        rows = [row for line in file for row in take(orjson.loads(line))]
    return int(pl.DataFrame(rows, orient="row")["column_5"].sum())


def _langfuse(r: Record) -> list[tuple[Any, ...]]:
    keys = ("id", "traceId", "parentObservationId", "startTime", "endTime")
    usage = r["usageDetails"]
    texts = r["input"][0]["content"], r["output"]["content"]
    return [(*(r[key] for key in keys), usage["input"], usage["output"], *texts)]


def _openinference(r: Record) -> list[tuple[Any, ...]]:
    keys = ("context.span_id", "context.trace_id", "parent_id", "start_time", "end_time")
    texts = r["attributes.llm.input_messages"][0]["message.content"], r["attributes.output.value"]
    return [(*(r[key] for key in keys), r[f"{USAGE}prompt"], r[f"{USAGE}completion"], *texts)]


def _otlp(r: Record) -> list[tuple[Any, ...]]:
    return [_otlp_span(s) for s in r["resourceSpans"][0]["scopeSpans"][0]["spans"]]


def _otlp_span(span: Record) -> tuple[Any, ...]:
    values = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
    keys = ("spanId", "traceId", "parentSpanId", "startTimeUnixNano", "endTimeUnixNano")
    tokens = (int(values[f"gen_ai.usage.{side}_tokens"]) for side in ("input", "output"))
    return (*(span[key] for key in keys), *tokens, values["input.value"], values["output.value"])


def scanned(path: Path, shape: str) -> int:
    """Polars with a schema of what is wanted."""
    import polars as pl

    text, whole = pl.String, pl.Int64
    if shape == "langfuse":
        message = pl.Struct({"role": text, "content": text})
        ids = ("id", "traceId", "parentObservationId", "startTime", "endTime", "model")
        usage = pl.Struct({"input": whole, "output": whole})
        schema = {**dict.fromkeys(ids, text), "usageDetails": usage}
        schema |= {"input": pl.List(message), "output": message}
        frame = pl.scan_ndjson(path, schema=schema).collect()
        return int(frame["usageDetails"].struct.field("input").sum())
    if shape == "openinference":
        message = pl.Struct({"message.role": text, "message.content": text})
        ids = ("context.span_id", "context.trace_id", "parent_id", "start_time", "end_time")
        schema = {**dict.fromkeys(ids, text), f"{USAGE}prompt": whole, f"{USAGE}completion": whole}
        schema |= {
            "attributes.llm.input_messages": pl.List(message),
            "attributes.output.value": text,
        }
        return int(pl.scan_ndjson(path, schema=schema).collect()[f"{USAGE}prompt"].sum())
    value = pl.Struct({"stringValue": text, "intValue": text, "doubleValue": pl.Float64})
    ids = ("traceId", "spanId", "parentSpanId", "name", "startTimeUnixNano", "endTimeUnixNano")
    attributes = pl.List(pl.Struct({"key": text, "value": value}))
    span = pl.Struct({**dict.fromkeys(ids, text), "attributes": attributes})
    scopes = pl.List(pl.Struct({"spans": pl.List(span)}))
    schema = {"resourceSpans": pl.List(pl.Struct({"scopeSpans": scopes}))}
    found = pl.scan_ndjson(path, schema=schema).collect()["resourceSpans"].explode()
    opened = found.struct.field("scopeSpans").explode().struct.field("spans").explode()
    pairs = opened.struct.field("attributes").explode()
    key, inner = pairs.struct.field("key"), pairs.struct.field("value")
    wanted = inner.struct.field("intValue").filter(key == "gen_ai.usage.input_tokens")
    return int(wanted.cast(pl.Int64).sum())


def queried(path: Path, shape: str) -> int:
    """DuckDB with a schema of what is wanted, as an Arrow table."""
    import duckdb

    if shape == "langfuse":
        message = "STRUCT(role VARCHAR, content VARCHAR)"
        ids = ("id", "traceId", "parentObservationId", "startTime", "endTime", "model")
        columns = dict.fromkeys(ids, "VARCHAR")
        columns |= {"usageDetails": 'STRUCT("input" BIGINT, "output" BIGINT)'}
        columns |= {"input": f"{message}[]", "output": message}
        wanted, rest = '"usageDetails"."input"', ""
    elif shape == "openinference":
        message = 'STRUCT("message.role" VARCHAR, "message.content" VARCHAR)'
        ids = ("context.span_id", "context.trace_id", "parent_id", "start_time", "end_time")
        columns = dict.fromkeys(ids, "VARCHAR")
        columns |= {f"{USAGE}prompt": "BIGINT", f"{USAGE}completion": "BIGINT"}
        columns |= {"attributes.llm.input_messages": f"{message}[]"}
        columns |= {"attributes.output.value": "VARCHAR"}
        wanted, rest = f'"{USAGE}prompt"', ""
    else:
        value = 'STRUCT("stringValue" VARCHAR, "intValue" VARCHAR, "doubleValue" DOUBLE)'
        ids = ("traceId", "spanId", "parentSpanId", "startTimeUnixNano", "endTimeUnixNano")
        span = ", ".join(f'"{name}" VARCHAR' for name in ids)
        span += f', attributes STRUCT("key" VARCHAR, "value" {value})[]'
        columns = {"resourceSpans": f'STRUCT("scopeSpans" STRUCT(spans STRUCT({span})[])[])[]'}
        found = "list_filter(s.attributes, lambda a: a.key = 'gen_ai.usage.input_tokens')"
        wanted = f"{found}[1].value.intValue::BIGINT"
        rest = ", unnest(resourceSpans) r(x), unnest(x.scopeSpans) c(y), unnest(y.spans) p(s)"
    listed = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    source = f"read_json('{path}', format='newline_delimited', columns={{{listed}}})"
    chosen = "s.*" if rest else "*"
    base = f"FROM {source} AS t{rest}"
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE spans AS SELECT {chosen}, {wanted} AS tokens {base}")
    [(total,)] = connection.execute("SELECT sum(tokens) FROM spans").fetchall()
    return int(total)


PEERS: dict[str, tuple[str, Callable[[Path, str], int]]] = {
    "orjson loop": ("orjson", looped),
    "polars schema": ("polars", scanned),
    "duckdb schema": ("duckdb", queried),
    "json_normalize": ("pandas", normalized),
}
