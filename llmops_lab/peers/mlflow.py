"""MLflow: evaluation data sets, and assessments of traces."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl

from llmops_lab._cases.case import Case
from llmops_lab.errors import LabError
from llmops_lab.peers._peer import peers
from llmops_lab.peers._server import Request, Server, bearer, dropped

_API = "api/3.0/mlflow"
_KINDS = {"human": "HUMAN", "llm": "LLM_JUDGE"}
_SOURCES = {"HUMAN": "human", "LLM_JUDGE": "llm", "AI_JUDGE": "llm", "CODE": "code"}
_FIELDS = ("inputs", "expectations", "tags")
_PAGE = 1000


@peers.register("mlflow")
@dataclass(frozen=True)
class MLflow:
    """An MLflow tracking server with a database; a token comes from MLFLOW_TRACKING_TOKEN.

    A record there is known by its input: of two cases with the same input the later one stays.
    """

    base_url: str = "http://localhost:5000"
    experiment_id: str = "0"
    key_variable: str = "MLFLOW_TRACKING_TOKEN"
    format: str = "mlflow"

    def push_cases(
        self, name: str, records: Sequence[dict[str, Any]], cases: Sequence[Case]
    ) -> int:
        """Add the cases to the data set, which is made where there is none; the rest stays."""
        known = self._dataset(name)
        if known is None:
            body = {"name": name, "experiment_ids": [self.experiment_id]}
            (made,) = self._server.ask(Request("POST", f"{_API}/datasets/create", body))
            known = made["dataset"]["dataset_id"]
        body = {"records": msgspec.json.encode(records).decode()}
        (counts,) = self._server.ask(Request("POST", f"{_API}/datasets/{known}/records", body))
        return counts.get("inserted_count", 0) + counts.get("updated_count", 0)

    def pull_cases(self, name: str) -> list[dict[str, Any]]:
        known = self._dataset(name)
        if known is None:
            raise LabError(f"no data set {name!r} on {self.base_url}")
        found: list[dict[str, Any]] = []
        query = {"max_results": str(_PAGE)}
        while True:
            (page,) = self._server.ask(
                Request("GET", f"{_API}/datasets/{known}/records", query=query)
            )
            found += msgspec.json.decode(page.get("records") or "[]")
            if not page.get("next_page_token"):
                return [{name: each.get(name) for name in _FIELDS} for each in found]
            query["page_token"] = page["next_page_token"]

    def push_scores(self, scores: pl.DataFrame) -> int:
        asked = [
            Request(
                "POST",
                f"{_API}/traces/{row['trace_id']}/assessments",
                {"assessment": _assessment(row)},
            )
            for row in scores.iter_rows(named=True)
        ]
        self._server.ask(*asked)
        return len(asked)

    def pull_scores(self, trace_ids: Sequence[str]) -> list[dict[str, Any]]:
        asked = [Request("GET", f"{_API}/traces/{trace_id}") for trace_id in trace_ids]
        infos = [answer["trace"]["trace_info"] for answer in self._server.ask(*asked)]
        given = [each for info in infos for each in info.get("assessments") or []]
        return [_score(each) for each in given if "feedback" in each]

    def _dataset(self, name: str) -> str | None:
        quoted = name.replace("'", "''")
        body = {"filter_string": f"name = '{quoted}'", "max_results": 1}
        (found,) = self._server.ask(Request("POST", f"{_API}/datasets/search", body))
        datasets = found.get("datasets") or []
        return datasets[0]["dataset_id"] if datasets else None

    @property
    def _server(self) -> Server:
        return Server(self.base_url, bearer(os.environ.get(self.key_variable)))


def _assessment(row: dict[str, Any]) -> dict[str, Any]:
    at = (row["created_at"] or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    evaluator = row["evaluator"] or "llmops_lab"
    return dropped(
        {
            "assessment_name": row["name"],
            "trace_id": row["trace_id"],
            "span_id": row["span_id"],
            "source": {"source_type": _KINDS.get(row["source"], "CODE"), "source_id": evaluator},
            "create_time": at,
            "last_update_time": at,
            "feedback": {"value": row["value"] if row["value"] is not None else row["label"]},
            "rationale": row["explanation"],
            "metadata": dropped({"label": row["label"]}),
            "valid": True,
        }
    )


def _score(assessment: dict[str, Any]) -> dict[str, Any]:
    value, source = assessment["feedback"].get("value"), assessment["source"]
    number = value if isinstance(value, int | float) else None
    label = (assessment.get("metadata") or {}).get("label")
    return {
        "trace_id": assessment["trace_id"],
        "span_id": assessment.get("span_id"),
        "name": assessment["assessment_name"],
        "value": None if number is None else float(number),
        "label": label or (value if isinstance(value, str) else None),
        "explanation": assessment.get("rationale"),
        "data_type": "categorical" if number is None else "numeric",
        "source": _SOURCES.get(source["source_type"], "unknown"),
        "evaluator": source.get("source_id"),
        "created_at": assessment.get("create_time"),
        "valid": assessment.get("valid", True),
    }
