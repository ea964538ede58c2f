"""Langfuse: data set items, and scores of traces and observations."""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import polars as pl

from llmops_lab._cases.case import Case
from llmops_lab.errors import LabError
from llmops_lab.peers._peer import peers
from llmops_lab.peers._server import Request, Server, dropped

_API = "api/public"
_SOURCES = {"ANNOTATION": "human", "EVAL": "llm", "API": "api"}
_PAGE = 100


@peers.register("langfuse")
@dataclass(frozen=True)
class Langfuse:
    """A Langfuse server; keys come from LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY.

    Ids of items are unique in a Langfuse project, so they carry the data set's name.
    """

    base_url: str = "https://cloud.langfuse.com"
    public_variable: str = "LANGFUSE_PUBLIC_KEY"
    secret_variable: str = "LANGFUSE_SECRET_KEY"  # noqa: S105 — a name
    format: str = "langfuse"

    def push_cases(
        self, name: str, records: Sequence[dict[str, Any]], cases: Sequence[Case]
    ) -> int:
        """Add the cases to the data set, or replace those of the same id; the rest stays."""
        self._server.ask(Request("POST", f"{_API}/v2/datasets", {"name": name}))
        items = [
            dropped({**record, "id": f"{name}/{record['id']}"[:255], "datasetName": name})
            for record in records
        ]
        self._server.ask(*(Request("POST", f"{_API}/dataset-items", item) for item in items))
        return len(items)

    def pull_cases(self, name: str) -> list[dict[str, Any]]:
        query = {"datasetName": name, "limit": str(_PAGE)}
        found = self._pages(f"{_API}/dataset-items", list(query.items()))
        return [{**item, "id": item["id"].removeprefix(f"{name}/")} for item in found]

    def push_scores(self, scores: pl.DataFrame) -> int:
        bodies = [_body(row) for row in scores.iter_rows(named=True)]
        self._server.ask(*(Request("POST", f"{_API}/scores", body) for body in bodies))
        return len(bodies)

    def pull_scores(self, trace_ids: Sequence[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for trace_id in trace_ids:
            query = [("traceId", trace_id), ("limit", str(_PAGE))]
            found += [_score(each) for each in self._pages(f"{_API}/v2/scores", query)]
        return found

    def _pages(self, path: str, query: list[tuple[str, str]]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            asked = Request("GET", path, query=[*query, ("page", str(page))])
            (answer,) = self._server.ask(asked)
            found += answer["data"]
            if page >= answer["meta"]["totalPages"]:
                return found
            page += 1

    @property
    def _server(self) -> Server:
        names = (self.public_variable, self.secret_variable)
        if missing := [name for name in names if not os.environ.get(name)]:
            raise LabError(f"no key for {self.base_url}; set {' and '.join(missing)}")
        pair = ":".join(os.environ[name] for name in names)
        return Server(
            self.base_url, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        )


def _body(row: dict[str, Any]) -> dict[str, Any]:
    numeric = row["value"] is not None
    identity = [row[n] for n in ("trace_id", "span_id", "name", "evaluator")]
    return dropped(
        {
            # The same score pushed again replaces the first.
            "id": sha256(repr(identity).encode()).hexdigest()[:32],
            "traceId": row["trace_id"],
            "observationId": row["span_id"],
            "name": row["name"],
            "value": row["value"] if numeric else row["label"],
            "dataType": "NUMERIC" if numeric else "CATEGORICAL",
            "comment": row["explanation"],
            "metadata": dropped({"evaluator": row["evaluator"], "label": row["label"]}),
        }
    )


def _score(given: dict[str, Any]) -> dict[str, Any]:
    told = given.get("metadata") or {}
    value = given.get("value")
    numeric = given.get("dataType") in ("NUMERIC", "BOOLEAN")
    return {
        "trace_id": given.get("traceId"),
        "span_id": given.get("observationId"),
        "name": given["name"],
        "value": float(value) if numeric and value is not None else None,
        "label": told.get("label") or given.get("stringValue"),
        "explanation": given.get("comment"),
        "data_type": str(given.get("dataType") or "NUMERIC").lower(),
        "source": _SOURCES.get(given.get("source") or "", "unknown"),
        "evaluator": told.get("evaluator"),
        "created_at": given.get("timestamp"),
    }
