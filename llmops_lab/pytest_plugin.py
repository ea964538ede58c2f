"""Golden cases and gates in pytest; loads nothing of the package until one of them is used."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from llmops_lab._runs.result import Result
    from llmops_lab.gate import Check, Verdict
    from llmops_lab.golden import Case

_MARKERS = (
    "golden(path, *, tags=(), split=None): run the test once for each active case of a golden "
    "set, as its argument `case`; the path is relative to the test's file or the root folder",
    "llmops_gate: a check of the gate given by --llmops-gate",
)


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


def pytest_configure(config: pytest.Config) -> None:
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    policy, run = config.getoption("--llmops-gate"), config.getoption("--llmops-run")
    if (policy is None) != (run is None):
        raise pytest.UsageError("--llmops-gate and --llmops-run go together: a policy and a run")
    if policy is not None and str(policy) not in config.args:
        config.args.append(str(policy))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "PolicyFile | None":
    policy: Path | None = parent.config.getoption("--llmops-gate")
    if policy is None or file_path != _absolute(parent.config, policy):
        return None
    return PolicyFile.from_parent(parent, path=file_path)


def _absolute(config: pytest.Config, path: Path) -> Path:
    return Path(config.invocation_params.dir, path).resolve()


class PolicyFile(pytest.File):
    """A gate's policy; its items are the checks of the verdict on the run."""

    def collect(self) -> Iterator["CheckItem"]:
        """The checks of the verdict; the run is judged here, for only then are they known."""
        from llmops_lab.errors import LabError

        try:
            verdict = self._verdict()
        except LabError as error:
            raise self.CollectError(str(error)) from error
        self.config.stash[_VERDICT] = verdict
        for check in verdict.checks:
            yield CheckItem.from_parent(self, name=check.name, check=check)

    def _verdict(self) -> "Verdict":
        from llmops_lab._gates.labels import read_labels
        from llmops_lab.evals import EvalRun
        from llmops_lab.gate import Gate

        options: list[Path | None] = [
            self.config.getoption(f"--llmops-{name}") for name in ("run", "baseline", "labels")
        ]
        run, baseline, labels = (file and _absolute(self.config, file) for file in options)
        return Gate.load(self.path).check(
            EvalRun.load(run or ""),
            baseline and EvalRun.load(baseline),
            labels=labels and read_labels(labels),
            repository=self.config.rootpath,
        )


_VERDICT = pytest.StashKey["Verdict"]()


class _NotPassedError(Exception):
    """A check that failed, or that cannot tell."""


class CheckItem(pytest.Item):
    """One check: failed as a test is, an error where it cannot tell, skipped if it has no part."""

    def __init__(self, *, check: "Check", **options: Any) -> None:
        super().__init__(**options)
        self.check = check
        self.user_properties += [("outcome", check.outcome), *check.numbers.items()]
        self.add_marker("llmops_gate")

    def setup(self) -> None:
        if self.check.outcome == "inconclusive":
            raise _NotPassedError
        if self.check.outcome == "not calibrated":
            pytest.skip(f"not calibrated: {self.check.says}")

    def runtest(self) -> None:
        if self.check.outcome == "fail":
            raise _NotPassedError

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The finding and its numbers, instead of a traceback through our own code."""
        if not isinstance(excinfo.value, _NotPassedError):
            return super().repr_failure(excinfo, style)
        numbers = (f"  {name}: {_short(value)}" for name, value in self.check.numbers.items())
        return "\n".join([f"{self.check.outcome}: {self.check.says}", *numbers])

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"gate: {self.name}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    verdict = config.stash.get(_VERDICT, None)
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

    def check(answer: Any, *scorers: Any) -> None:
        __tracebackhide__ = True
        if not scorers:
            raise TypeError("name one or more scorers: assert_passes(answer, 'contains')")
        found = _scored(case, answer, scorers)
        if not found.passed:
            pytest.fail(_told(found), pytrace=False)

    return check


def _scored(case: "Case", answer: Any, named: Sequence[Any]) -> "Result":
    from llmops_lab._runs.answer import Answer, Score, storable
    from llmops_lab._runs.own_loop import run_in_own_loop, work_together
    from llmops_lab._runs.result import Result
    from llmops_lab.scorers._applied import applied, as_scorers

    given = storable(answer if isinstance(answer, Answer) else Answer(answer))
    scorers, scores = as_scorers(named), list[Score]()

    async def work() -> None:
        scores.extend([await applied(scorer, case, given) for scorer in scorers])

    if not given.error:
        run_in_own_loop(work_together(work, 1, parts=scorers), threads=1)
    return Result(case, 0, given, tuple(scores))


def _told(result: "Result") -> str:
    from llmops_lab._cases.case import as_text

    case = result.case
    lines = [f"error: {result.error}"] if result.error else []
    lines += [
        f"{score.name}: {'not scored' if score.passed is None else 'failed'}"
        + (f" ({score.reason})" if score.reason else "")
        for score in result.scores
        if not score.passed and not score.error
    ]
    shown = {"input": case.input, "expected": case.expected, "answer": result.answer.output}
    lines += [f"  {name}: {as_text(value)}" for name, value in shown.items() if value is not None]
    if case.label == "bad":
        lines.append("  (a known-bad case: the expected text is one never to give again)")
    return "\n".join(lines)
