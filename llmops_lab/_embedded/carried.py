"""Vectors that came with the traces, for the texts that are to be embedded."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab.embedders._embedder import Matrix
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

_UNNAMED = "a model without a name"


@dataclass(frozen=True)
class Carried:
    """`has` (n,) tells which texts came with a vector; `found` has those: model, vector."""

    has: NDArray[np.bool_]
    found: pl.DataFrame

    def __len__(self) -> int:
        return self.found.height

    def model(self) -> str:
        """The one model of the vectors, all of one length; raises LabError for a mixture."""
        size = pl.col("vector").list.len().alias("size")
        kinds = self.found.group_by("model", size).len().sort("len", descending=True)
        if kinds.height > 1:
            told = (f"{row[2]:,} by {row[0]}, {row[1]} numbers each" for row in kinds.iter_rows())
            raise LabError(
                f"the traces carry vectors that cannot be compared: {'; '.join(told)}. Take the"
                " traces of one of them, or embed all anew, embedder='wordllama'"
            )
        return str(kinds["model"][0])

    def matrix(self) -> Matrix:
        """The vectors as they came, (n, d)."""
        n_numbers = len(self.found["vector"][0])
        return self.found["vector"].list.to_array(n_numbers).to_numpy().astype(np.float32)


def carried_vectors(traces: Traces, rows: pl.DataFrame) -> Carried:
    """The vectors that came with these trace rows, in their order.

    A trace may carry vectors of many texts: its own is the one of its `text`. Where texts were
    left out of the export, it is the only vector of the trace.
    """
    there = traces.embeddings.filter(pl.col("vector").list.len() > 0)
    mine = there.join(rows.select("trace_id", wanted="text"), on="trace_id")
    alone = pl.col("text").is_null() & (pl.len().over("trace_id") == 1)
    spans = traces.spans.select("trace_id", "span_id", "request_model", "response_model")
    found = (
        mine.filter((pl.col("text").str.strip_chars() == pl.col("wanted")) | alone)
        .unique("trace_id", keep="first", maintain_order=True)
        .join(spans, on=["trace_id", "span_id"], how="left")
        .select(
            "trace_id",
            pl.coalesce("model", "response_model", "request_model", pl.lit(_UNNAMED)).alias(
                "model"
            ),
            "vector",
        )
    )
    placed = rows.select("trace_id").join(found, on="trace_id", how="left", maintain_order="left")
    has = placed["vector"].is_not_null()
    return Carried(has.to_numpy(), placed.filter(has))
