"""The workflow that docs/ci.md hands out: it parses, its commands exist, and its steps run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from typer.main import get_command

from llmops_lab._gates.policy import Policy
from llmops_lab.cli._command import program
from llmops_lab.cli._terminal import Terminal
from llmops_lab.gate import Gate
from llmops_lab.golden import Case, GoldenSet

ROOT = Path(__file__).resolve().parents[1]


def blocks(language):
    tokens = MarkdownIt().parse((ROOT / "docs" / "ci.md").read_text(encoding="utf-8"))
    return [t.content for t in tokens if t.type == "fence" and t.info == language]


WORKFLOW = yaml.safe_load(blocks("yaml")[0])
(LENIENT,) = yaml.safe_load(blocks("yaml")[1])
STEPS = [*WORKFLOW["jobs"]["gate"]["steps"], LENIENT]
COMMANDS = [
    line[line.index("llmops-lab ") :].partition(" || ")[0]
    for step in STEPS
    for line in step.get("run", "").replace("\\\n", " ").splitlines()
    if "llmops-lab " in line
]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_is_one_of_ours(line):
    _, name, *arguments = shlex.split(line)
    command = get_command(program(Terminal())).commands[name]
    # Raises for an option that is not there, or one that is missing.
    assert command.make_context(name, arguments).params


def test_the_workflow_writes_only_its_comment_and_hides_its_key():
    # YAML 1.1 reads the key `on` as true.
    assert "pull_request" in WORKFLOW[True]
    assert WORKFLOW["permissions"] == {"contents": "read", "pull-requests": "write"}
    told = {step.get("name"): step["env"] for step in STEPS if "secrets." in str(step)}
    key = "${{ secrets.OPENAI_API_KEY }}"
    assert told == {"Answer the golden set": {"OPENAI_API_KEY": key, "TQDM_DISABLE": "1"}}
    # What a pull request can write never stands in a script.
    assert all("${{" not in step.get("run", "") for step in STEPS)


def test_actions_are_pinned_and_the_whole_history_is_there():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert len(used) == 3
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name) for name in used)
    assert STEPS[0]["with"] == {"fetch-depth": 0, "persist-credentials": False}


def test_the_policy_of_the_page_loads(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text(blocks("toml")[0])
    assert Gate.load(path).budgets["error_rate"] == 0.03


@pytest.mark.parametrize("spec", fields(Policy), ids=lambda spec: spec.name)
def test_every_key_of_a_policy_is_explained(spec):
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert f"`{spec.name}`" in page or f"`[{spec.name}]`" in page


@pytest.fixture
def checkout(tmp_path):
    """A repository as the page takes it for granted; the command stands on the path."""
    (tmp_path / "evals").mkdir()
    golden = GoldenSet(tuple(Case(f"question {i}", "yes", id=f"c{i:03}") for i in range(200)))
    golden.save(tmp_path / "evals" / "golden.jsonl")
    policy = blocks("toml")[0].replace("cost_usd_mean = 0.005\n", "")
    (tmp_path / "evals" / "gate.toml").write_text(policy)
    command = tmp_path / "bin" / "llmops-lab"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom llmops_lab.cli import main\nmain()\n")
    command.chmod(0o755)
    return tmp_path


def steps_run(checkout, steps, n_wrong):
    """The exit code of each step's script, run as GitHub runs it, for an app wrong so often."""
    (checkout / "app.py").write_text(
        f"def answer(q):\n    return 'no' if int(q.split()[1]) < {n_wrong} else 'yes'\n"
    )
    environment = {
        **os.environ,
        "PATH": f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TQDM_DISABLE": "1",
        "GITHUB_STEP_SUMMARY": str(checkout / "summary.md"),
    }
    shell = [shutil.which("bash"), "-e", "-o", "pipefail", "-c"]
    return [
        subprocess.run(
            [*shell, step["run"]], cwd=checkout, env=environment, capture_output=True, check=False
        ).returncode
        for step in steps
    ]


@pytest.mark.slow
def test_the_steps_end_as_the_page_says(checkout):
    answer, gate, show = (
        step for step in STEPS[:-1] if not step.get("run", "pip").startswith(("pip", "gh "))
    )
    assert steps_run(checkout, [answer], 0) == [0]
    (checkout / "run.jsonl").rename(checkout / "evals" / "baseline.jsonl")
    for n_wrong, code in ((1, 0), (8, 2), (60, 1)):
        (checkout / "run.jsonl").unlink(missing_ok=True)
        assert steps_run(checkout, [answer, gate, show], n_wrong) == [0, code, 0]
        lenient = steps_run(checkout, [LENIENT], n_wrong)
        assert lenient == [1 if code == 1 else 0]
    summary = (checkout / "summary.md").read_text()
    assert [f"Gate: {word}" in summary for word in ("pass", "inconclusive", "fail")] == [True] * 3
    assert (checkout / "gate.xml").exists()
