"""Find what changed in production LLM traces, in a notebook, and gate it in CI."""

import importlib
from typing import Any

__version__ = "0.1.0"

# Public name → the module that holds it; loaded when first asked for, so that
# `import llmops_lab` stays quick.
_HOMES = {
    "Answer": "_runs.answer",
    "Approval": "approvals",
    "Calibration": "calibration",
    "Case": "golden",
    "Comparison": "comparison",
    "Contains": "scorers.contains",
    "CostChange": "cost_change",
    "Coverage": "coverage",
    "DecayReport": "decay",
    "DecisionLog": "decisions",
    "Dossier": "audit",
    "DriftReport": "drift",
    "EmbeddingEndpoint": "embedders.endpoint",
    "Embeddings": "embeddings",
    "Endpoint": "targets.endpoint",
    "EvalRun": "evals",
    "Exact": "scorers.exact",
    "Gate": "gate",
    "GoldenSet": "golden",
    "Judge": "scorers.judge",
    "LabError": "errors",
    "Langfuse": "peers.langfuse",
    "Limits": "_endpoints.limits",
    "MLflow": "peers.mlflow",
    "Pairwise": "scorers.pairwise",
    "Phoenix": "peers.phoenix",
    "Price": "pricing",
    "Program": "targets.program",
    "Prompt": "prompts",
    "Prompted": "targets.prompted",
    "Replay": "targets.replay",
    "Score": "_runs.answer",
    "Segments": "segments",
    "SentenceModel": "embedders.sentence_model",
    "Similarity": "scorers.similarity",
    "Summary": "summary",
    "Traces": "traces",
    "Verdict": "gate",
    "approve": "approvals",
    "asks_model": "scorers.function",
    "assign": "segments",
    "attack_judge": "judge_attacks",
    "calibrate": "calibration",
    "clear_cache": "_ingest.cache",
    "clear_vectors": "_embedded.kept",
    "compare": "comparison",
    "count_masked": "redaction",
    "detect_decay": "decay",
    "detect_drift": "drift",
    "diff": "prompts",
    "dossier": "audit",
    "embed": "embeddings",
    "estimate_embedding": "embeddings",
    "evaluate": "evals",
    "explain_cost": "cost_change",
    "explore": "widgets",
    "export_cases": "exchange",
    "export_dataset": "exchange",
    "few_shot": "remedies",
    "find_gaps": "coverage",
    "find_leaks": "leakage",
    "find_near_duplicates": "leakage",
    "fine_tuning": "remedies",
    "history": "prompts",
    "kept_vectors": "_embedded.kept",
    "import_cases": "exchange",
    "import_run": "foreign_runs",
    "label_sheet": "labelling",
    "name_segments": "naming",
    "plot": "plots",
    "position_consistency": "scorers.pairwise",
    "price_traces": "cost",
    "prompt_results": "prompts",
    "propose_cases": "remedies",
    "pull_cases": "sharing",
    "pull_scores": "sharing",
    "push_cases": "sharing",
    "push_scores": "sharing",
    "read_traces": "ingest",
    "redact": "redaction",
    "rollback": "prompts",
    "score": "production",
    "segment": "segments",
    "served": "prompts",
    "summarize": "summary",
    "unpriced_calls": "cost",
    "write_label_sheet": "labelling",
}

__all__ = ["__version__", "load_ipython_extension", *sorted(_HOMES)]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'llmops_lab' has no attribute {name!r}")
    return getattr(importlib.import_module(f"llmops_lab.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: Any) -> None:
    """Give a notebook the %llmops and %%llmops magics."""
    importlib.import_module("llmops_lab.magics").register(shell)
