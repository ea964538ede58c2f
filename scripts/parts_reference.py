"""Write docs/reference/parts.md from the registries: `python scripts/parts_reference.py`."""

import importlib
import inspect
from pathlib import Path

from llmops_lab._registry import Registry
from llmops_lab.cli._command import Command
from llmops_lab.exporters import CaseFormat, RunFormat

TARGET = Path(__file__).resolve().parent.parent / "docs/reference/parts.md"
KINDS = {
    "Scorers": ("llmops_lab.scorers._score", "scorers", '`evaluate(…, scorers=["name"])`'),
    "Targets": ("llmops_lab.targets._target", "targets", '`targets["name"](…)`'),
    "Case formats": (
        "llmops_lab.exporters._case_format",
        "case_formats",
        '`import_cases(…, format="name")`, `export_cases`; what a format cannot carry is counted',
    ),
    "Run formats": (
        "llmops_lab.exporters._run_format",
        "run_formats",
        "`import_run(path)`, by content",
    ),
    "Peers": ("llmops_lab.peers._peer", "peers", "`push_cases(golden, peer, name=…)` …"),
    "Embedders": ("llmops_lab.embedders._embedder", "embedders", '`embed(…, embedder="name")`'),
    "Detectors": ("llmops_lab.detectors._shift", "detectors", "used by `detect_drift`"),
    "Plots": ("llmops_lab.plots._registry", "plots", "`plot(result)`, by the result's class"),
    "Explorers": ("llmops_lab.widgets._registry", "explorers", "`explore(result)`, likewise"),
    "Prices": ("llmops_lab.pricing._registry", "price_sources", "`read_traces(…, prices=…)`"),
    "Commands": ("llmops_lab.cli", "commands", "`llmops-lab name`, in a cell `%llmops name`"),
}
HEAD = """# Parts

Made from the code by `make reference`; do not edit. A part is one file in its folder; adding one
edits no list.
"""


def described(part: object) -> str:
    """The first line of what the part says about itself."""
    if isinstance(part, CaseFormat):
        fields = ", ".join(sorted(part.carries))
        return f"{', '.join(part.suffixes)}; own place for {fields}"
    if isinstance(part, RunFormat):
        return f"{', '.join(part.suffixes)}; not read: {part.leaves}"
    if isinstance(part, Command):
        part = part.function
    told = part if callable(part) or inspect.isclass(part) else type(part)
    return (inspect.getdoc(told) or "").partition("\n")[0].replace("|", "\\|")


def table(title: str, module: str, name: str, used: str) -> str:
    """One kind of part."""
    registry: Registry[object] = getattr(importlib.import_module(module), name)
    rows = [f"| `{key}` | {described(part)} |" for key, part in registry.items()]
    return "\n".join(
        [f"\n## {title}\n", f"{used}\n", "| name | what it does |", "| --- | --- |", *rows]
    )


def reference() -> str:
    """The whole page."""
    tables = [table(title, *where) for title, where in KINDS.items()]
    return HEAD + "\n".join(tables) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(reference())
