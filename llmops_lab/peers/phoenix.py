"""Arize Phoenix: data sets, and annotations of traces and spans."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from llmops_lab._cases.case import Case
from llmops_lab.errors import LabError
from llmops_lab.peers._peer import peers
from llmops_lab.peers._server import Request, Server, bearer, dropped

_KINDS = {"human": "HUMAN", "llm": "LLM"}
_SOURCES = {"HUMAN": "human", "LLM": "llm", "CODE": "code"}
_MOST = 100


@peers.register("phoenix")
@dataclass(frozen=True)
class Phoenix:
    """A Phoenix server; a key, if it asks for one, comes from PHOENIX_API_KEY."""

    base_url: str = "http://localhost:6006"
    project: str = "default"
    key_variable: str = "PHOENIX_API_KEY"
    format: str = "phoenix"

    def push_cases(
        self, name: str, records: Sequence[dict[str, Any]], cases: Sequence[Case]
    ) -> int:
        """Make the data set what these cases are: new, changed and gone, as a new version."""
        body = {
            "action": "update",
            "name": name,
            "inputs": [record["input"] for record in records],
            "outputs": [record["output"] for record in records],
            "metadata": [record["metadata"] for record in records],
            "splits": [case.split for case in cases],
            "example_ids": [case.id for case in cases],
        }
        self._server.ask(Request("POST", "v1/datasets/upload", body, {"sync": "true"}))
        return len(records)

    def pull_cases(self, name: str) -> list[dict[str, Any]]:
        (found,) = self._server.ask(Request("GET", "v1/datasets", query={"name": name}))
        if not found["data"]:
            raise LabError(f"no data set {name!r} on {self.base_url}")
        path = f"v1/datasets/{found['data'][0]['id']}/examples"
        (kept,) = self._server.ask(Request("GET", path))
        fields = ("id", "input", "output", "metadata")
        return [{name: each[name] for name in fields} for each in kept["data"]["examples"]]

    def push_scores(self, scores: pl.DataFrame) -> int:
        on_spans = scores.filter(pl.col("span_id").is_not_null())
        on_traces = scores.filter(pl.col("span_id").is_null())
        for kind, rows, key in (
            ("span", on_spans, "span_id"),
            ("trace", on_traces, "trace_id"),
        ):
            data = [_annotation(row, key) for row in rows.iter_rows(named=True)]
            parts = [data[i : i + _MOST] for i in range(0, len(data), _MOST)]
            path, query = f"v1/{kind}_annotations", {"sync": "true"}
            self._server.ask(*(Request("POST", path, {"data": part}, query) for part in parts))
        return scores.height

    def pull_scores(self, trace_ids: Sequence[str]) -> list[dict[str, Any]]:
        path = f"v1/projects/{self.project}/trace_annotations"
        parts = [trace_ids[i : i + _MOST] for i in range(0, len(trace_ids), _MOST)]
        asked = [
            Request("GET", path, query=[("limit", "10000"), *(("trace_ids", t) for t in part)])
            for part in parts
        ]
        return [_score(each) for answer in self._server.ask(*asked) for each in answer["data"]]

    @property
    def _server(self) -> Server:
        return Server(self.base_url, bearer(os.environ.get(self.key_variable)))


def _annotation(row: dict[str, Any], key: str) -> dict[str, Any]:
    result = {"label": row["label"], "score": row["value"], "explanation": row["explanation"]}
    return {
        key: row[key],
        "name": row["name"],
        "annotator_kind": _KINDS.get(row["source"], "CODE"),
        "result": dropped(result),
        # Phoenix replaces an annotation of the same name and identifier.
        "identifier": row["evaluator"] or "llmops_lab",
    }


def _score(annotation: dict[str, Any]) -> dict[str, Any]:
    result = annotation.get("result") or {}
    return {
        "trace_id": annotation["trace_id"],
        "name": annotation["name"],
        "value": result.get("score"),
        "label": result.get("label"),
        "explanation": result.get("explanation"),
        "data_type": "numeric" if result.get("score") is not None else "categorical",
        "source": _SOURCES.get(annotation["annotator_kind"], "unknown"),
        "evaluator": annotation.get("identifier"),
        "created_at": annotation.get("created_at"),
    }
