"""What the documentation tells people to type does what it says."""

import inspect
import re
from operator import attrgetter
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
import zstandard
from markdown_it import MarkdownIt

import llmops_lab as lab

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "sample_data"
EXPORT = SAMPLE / "traces" / "langfuse.jsonl.zst"
ANSWERS = SAMPLE / "golden" / "answers_{}.jsonl"


def in_the_kitchen(test: Any) -> Any:
    """A test that takes a while and needs the sample data."""
    needed = pytest.mark.skipif(not EXPORT.exists(), reason="no sample data: make sample-data")
    return pytest.mark.slow(needed(test))


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder as the pages take it for granted, and the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_data").symlink_to(SAMPLE)
    (tmp_path / "export.jsonl").write_bytes(_unpacked(EXPORT))
    copyfile(SAMPLE / "golden" / "golden.jsonl", "golden.jsonl")
    copyfile(SAMPLE / "gate.toml", "gate.toml")
    return tmp_path


def _unpacked(path: Path) -> bytes:
    with zstandard.open(path, "rb") as file:
        return file.read()


def run_blocks(page: str, names: dict[str, Any]) -> dict[str, Any]:
    """The names left behind by the Python blocks of a page, run in order."""
    tokens = MarkdownIt().parse((ROOT / page).read_text(encoding="utf-8"))
    for token in tokens:
        if token.type == "fence" and token.info == "python":
            exec(compile(token.content, f"{page}:{token.map}", "exec"), names)  # noqa: S102 our own page
    return names


@in_the_kitchen
def test_the_cookbook_runs_from_top_to_bottom(desk):
    assert run_blocks("docs/cookbook.md", {})["verdict"].outcome == "fail"


@in_the_kitchen
def test_the_first_page_runs_from_top_to_bottom(desk):
    answered = lab.Replay(str(ANSWERS).format("gpt-4.1-mini"))
    golden = lab.GoldenSet.load("golden.jsonl")
    previous = lab.evaluate(answered, golden, scorers=["contains"])
    (desk / "log.csv").write_text("id,question,asked_at,customer\n1,hello there,2026-03-02,c\n")
    my_assistant = lab.Replay(str(ANSWERS).format("claude-haiku-4-5"))
    names = run_blocks("README.md", {"my_assistant": my_assistant, "previous": previous})
    assert names["report"].found
    assert len(names["golden"]) > len(golden)


def told_signatures() -> dict[str, set[str]]:
    """Per public function or method that the architecture shows: the options it shows."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    _, _, block = text.partition("## Signatures")
    found = re.findall(r"(?:^| ; )([\w.]+)\(((?:[^()]|\(\))*)\)", block, re.MULTILINE)
    return {
        name: {o.split("=")[0].strip() for o in given.partition("*, ")[2].split(", ")} - {""}
        for name, given in found
        if hasattr(lab, name.partition(".")[0])
    }


def test_the_architecture_shows_the_options_that_functions_have():
    told = told_signatures()
    assert len(told) > 40
    for name, options in told.items():
        parameters = inspect.signature(attrgetter(name)(lab)).parameters.values()
        assert options == {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}, name
