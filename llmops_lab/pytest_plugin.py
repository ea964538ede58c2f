"""Golden cases and gates in pytest; loads nothing of the package until one of them is used."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from llmops_lab._pytest_items.cases import GoldenFile
    from llmops_lab._pytest_items.checks import PolicyFile
    from llmops_lab.golden import Case

_MARKERS = (
    "golden(path, *, tags=(), split=None): run the test once for each active case of a golden "
    "set, as its argument `case`; the path is relative to the test's file or the root folder",
    "llmops_gate: a check of the gate given by --llmops-gate",
    "llmops_case: a case of a golden set, asked of the target given by llmops_target",
)
_TARGET = "what answers the cases of a golden set, as in `llmops-lab eval`: app:answer"
_SCORERS = "what scores the answers: names, or package.module:function"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("llmops-lab", "gates of LLM evals")
    told = {
        "gate": "policy (TOML) whose checks become test items",
        "run": "the run that the gate judges",
        "baseline": "the run that it is compared with",
        "labels": "people's labels, for judges: CSV, JSONL or Parquet",
    }
    for name, says in told.items():
        group.addoption(f"--llmops-{name}", metavar="FILE", type=Path, help=says)
    group.addoption("--llmops-target", metavar="TARGET", help=_TARGET)
    group.addoption("--llmops-scorer", metavar="NAME", action="append", help=_SCORERS)
    parser.addini("llmops_golden", "golden sets whose cases are tests; globs", "linelist", [])
    parser.addini("llmops_target", _TARGET, default=None)
    parser.addini("llmops_scorers", _SCORERS, "linelist", ["contains"])


def pytest_configure(config: pytest.Config) -> None:
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    policy, run = config.getoption("--llmops-gate"), config.getoption("--llmops-run")
    if (policy is None) != (run is None):
        raise pytest.UsageError("--llmops-gate and --llmops-run go together: a policy and a run")
    added = [] if policy is None else [str(policy)]
    if config.args_source is not pytest.Config.ArgsSource.ARGS and _target(config):
        added += map(str, _golden_files(config))
    config.args += [each for each in added if each not in config.args]


def pytest_report_header(config: pytest.Config) -> str | None:
    """What is missing where somebody names a golden set and no target."""
    named = [each for each in config.args if Path(each.partition("::")[0]).suffix == ".jsonl"]
    if not named or _target(config):
        return None
    return f"llmops-lab: to test the cases of {named[0]} add --llmops-target app:answer"


def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> "PolicyFile | GoldenFile | None":
    policy: Path | None = parent.config.getoption("--llmops-gate")
    if policy is not None and file_path == _absolute(parent.config, policy):
        from llmops_lab._pytest_items.checks import PolicyFile

        return PolicyFile.from_parent(parent, path=file_path)
    if file_path.suffix == ".jsonl" and _is_golden(file_path, parent.config):
        from llmops_lab._pytest_items.cases import GoldenFile

        return GoldenFile.from_parent(parent, path=file_path)
    return None


def _is_golden(file: Path, config: pytest.Config) -> bool:
    """It is named in the call or in llmops_golden, and there is a target to ask."""
    if not _target(config):
        return False
    named = (_absolute(config, Path(each.partition("::")[0])) for each in config.args)
    return file in named or file in _golden_files(config)


def _target(config: pytest.Config) -> str | None:
    return config.getoption("--llmops-target") or config.getini("llmops_target")


def _golden_files(config: pytest.Config) -> list[Path]:
    patterns: list[str] = config.getini("llmops_golden")
    return sorted({file for each in patterns for file in config.rootpath.glob(each)})


def _absolute(config: pytest.Config, path: Path) -> Path:
    return Path(config.invocation_params.dir, path).resolve()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.getoption("--llmops-gate") is None:
        return
    from llmops_lab._pytest_items.checks import VERDICT

    verdict = config.stash.get(VERDICT, None)
    if verdict is not None:
        terminalreporter.section(f"gate: {verdict.outcome}")
        for reason in verdict.reasons:
            terminalreporter.write_line(reason)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("golden")
    if marker is None:
        return
    if "case" not in metafunc.fixturenames:
        pytest.fail("a test marked golden takes the argument `case`", pytrace=False)
    cases = _cases(metafunc, *marker.args, **marker.kwargs)
    metafunc.parametrize("case", [pytest.param(case, id=case.id) for case in cases])


def _cases(
    metafunc: pytest.Metafunc, path: str | Path, *, tags: Any = (), split: str | None = None
) -> "list[Case]":
    from llmops_lab.errors import LabError
    from llmops_lab.golden import GoldenSet

    beside = metafunc.definition.path.parent / path
    file = beside if beside.exists() else metafunc.config.rootpath / path
    try:
        cases = GoldenSet.load(file).active
    except LabError as error:
        pytest.fail(str(error), pytrace=False)
    wanted = {tags} if isinstance(tags, str) else {*tags}
    return [case for case in cases if wanted <= {*case.tags} and split in (None, case.split)]


@pytest.fixture
def assert_passes(case: "Case") -> Callable[..., None]:
    """`assert_passes(answer, *scorers)`: fail, and say why, unless each scorer passes the answer.

    Scorers are names, parts of `llmops_lab.scorers` or functions of (case, answer).
    """
    from llmops_lab._pytest_items.cases import scored, told

    def check(answer: Any, *scorers: Any) -> None:
        __tracebackhide__ = True
        if not scorers:
            raise TypeError("name one or more scorers: assert_passes(answer, 'contains')")
        found = scored(case, answer, scorers)
        if not found.passed:
            pytest.fail(told(found), pytrace=False)

    return check
