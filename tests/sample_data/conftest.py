"""The sample data, generated once, and what its main export says, read without our library."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from llmops_lab import Traces, read_traces
from sample_data.generate import generate

FIRST_DAY = datetime.fromisoformat("2026-03-02T00:00:00+00:00")


@dataclass(frozen=True)
class Exported:
    """One trace of the Langfuse export."""

    trace_id: str
    user_id: str
    day: int
    query: str
    answer: str | None
    observations: list[dict[str, Any]]
    thumb: int | None

    @property
    def duration_s(self) -> float:
        root = self.observations[0]
        return (_time(root["endTime"]) - _time(root["startTime"])).total_seconds()

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [o for o in self.observations if o["type"] == "GENERATION" and o["usageDetails"]]

    @property
    def denied(self) -> bool:
        return any(
            o["type"] == "GUARDRAIL" and o["output"]["verdict"] == "deny" for o in self.observations
        )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _exported(line: str) -> Exported:
    record = json.loads(line)
    root = record["observations"][0]
    thumbs = [s["value"] for s in record["scores"] if s["name"] == "user_feedback"]
    return Exported(
        trace_id=root["traceId"],
        user_id=root["userId"],
        day=(_time(root["startTime"]) - FIRST_DAY).days + 1,
        query=root["input"],
        answer=root["output"],
        observations=record["observations"],
        thumb=thumbs[0] if thumbs else None,
    )


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with freshly generated sample data."""
    folder = tmp_path_factory.mktemp("sample")
    generate(folder)
    return folder


@pytest.fixture(scope="session")
def truth(sample: Path) -> dict[str, Any]:
    return json.loads((sample / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def exported(sample: Path) -> list[Exported]:
    packed = (sample / "traces" / "langfuse.jsonl.zst").read_bytes()
    text = zstandard.ZstdDecompressor().decompress(packed).decode()
    return [_exported(line) for line in text.splitlines()]


@pytest.fixture(scope="session")
def by_id(exported: list[Exported]) -> dict[str, Exported]:
    return {trace.trace_id: trace for trace in exported}


@pytest.fixture(scope="session")
def whole(sample: Path) -> Traces:
    """The main export, read by our own reader."""
    return read_traces(sample / "traces" / "langfuse.jsonl.zst")
