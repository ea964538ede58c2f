"""Ids of spans and traces, in the one way OpenTelemetry writes them: lower-case hex."""

import polars as pl

from llmops_lab.readers._convert import Column, Values, word

_HEX = r"^[0-9a-fA-F]+$"


def otel_id(values: Values) -> Column:
    """Hex of any case, base64 (24 or 12 characters), `0x…` or `tr-…` as lower-case hex.

    An all-zero id is no id. Anything else stays as it is.
    """
    column = word(values)
    short = pl.col("x").str.strip_prefix("0x").str.strip_prefix("tr-")
    is_hex = short.str.contains(_HEX) & short.str.len_chars().is_in([16, 32])
    is_base64 = pl.col("x").str.contains(r"^[A-Za-z0-9+/]{11}=$") | pl.col("x").str.contains(
        r"^[A-Za-z0-9+/]{22}==$"
    )
    decoded = pl.col("x").str.decode("base64", strict=False).bin.encode("hex")
    found = pl.when(is_hex).then(short.str.to_lowercase()).when(is_base64).then(decoded)
    frame = column.series.to_frame("x").select(found.otherwise("x").alias("x"))
    blank = pl.col("x").str.contains(r"^0{16}(0{16})?$")
    return Column(frame.select(pl.when(~blank).then("x").alias("x"))["x"], column.problems)
