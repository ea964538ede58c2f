"""`%llmops` and `%%llmops`: parse, call, return. The same verbs as the library."""

import argparse
import shlex
from collections.abc import Callable
from typing import Any, NoReturn

from llmops_lab.errors import LabError

Verb = Callable[[argparse.Namespace, dict[str, Any]], Any]


class _Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        raise LabError(f"{message}; {self.format_usage().strip()}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _Shown(message or "")


class _Shown(Exception):  # noqa: N818 — not a fault: the help has been shown
    """The parser has printed what was asked for."""


def register(shell: Any) -> None:
    """Register the line and cell magic with an IPython shell."""

    from IPython.core.error import UsageError

    def llmops(line: str, cell: str | None = None) -> Any:
        try:
            return run(line, cell, shell)
        except LabError as error:
            # A notebook shows a UsageError as its one line, without a traceback.
            raise UsageError(str(error)) from error

    shell.register_magic_function(llmops, "line_cell", "llmops")


def run(line: str, cell: str | None, shell: Any) -> Any:
    """The result of one magic: a noun, which the notebook shows.

    A cell of `%%llmops eval` is run first; the function it defines last is the target.
    Raises LabError that names the way out.
    """
    namespace: dict[str, Any] = shell.user_ns
    try:
        arguments = _parser().parse_args(shlex.split(line) or ["help"])
    except _Shown:
        return None
    if cell is not None:
        arguments.target = _defined_target(cell, shell)
    return arguments.verb(arguments, namespace)


def _defined_target(cell: str, shell: Any) -> Any:
    before = dict(shell.user_ns)
    shell.run_cell(cell).raise_error()
    new = [
        value
        for name, value in shell.user_ns.items()
        if callable(value) and not name.startswith("_") and before.get(name) is not value
    ]
    if not new:
        raise LabError("the cell defines no function to evaluate; define answer(input) in it")
    return new[-1]


def _variable(namespace: dict[str, Any], name: str) -> Any:
    if name not in namespace:
        raise LabError(f"no variable called {name!r} in this notebook; load it first")
    return namespace[name]


def _load(arguments: argparse.Namespace, namespace: dict[str, Any]) -> Any:
    from llmops_lab.ingest import read_traces

    namespace[arguments.name] = read_traces(arguments.source, format=arguments.format)
    return namespace[arguments.name]


def _summary(arguments: argparse.Namespace, namespace: dict[str, Any]) -> Any:
    from llmops_lab.summary import summarize

    traces = _variable(namespace, arguments.traces)
    return summarize(traces, by=tuple(arguments.by), every=arguments.every)


def _drift(arguments: argparse.Namespace, namespace: dict[str, Any]) -> Any:
    from llmops_lab.drift import detect_drift

    names = arguments.traces or ["traces"]
    if len(names) == 2:
        baseline, current = (_variable(namespace, name) for name in names)
    elif arguments.split:
        baseline, current = _variable(namespace, names[0]).split(arguments.split)
    elif arguments.baseline and arguments.current:
        whole = _variable(namespace, names[0])
        baseline, current = whole.within(arguments.baseline), whole.within(arguments.current)
    else:
        raise LabError("name two variables, or give --split DATE, or --baseline and --current")
    namespace["report"] = detect_drift(baseline, current)
    return namespace["report"]


def _segments(arguments: argparse.Namespace, namespace: dict[str, Any]) -> Any:
    from llmops_lab.embeddings import embed
    from llmops_lab.segments import segment

    traces = _variable(namespace, arguments.traces)
    known = None if arguments.known is None else _known(namespace, arguments.known)
    embeddings = embed(traces) if known is None else known.embedded(traces)
    namespace["segments"] = segment(embeddings, known=known)
    return namespace["segments"]


def _known(namespace: dict[str, Any], name: str) -> Any:
    from llmops_lab.segments import Segments

    return namespace[name] if name in namespace else Segments.load(name)


def _cases(arguments: argparse.Namespace, namespace: dict[str, Any]) -> Any:
    from llmops_lab.golden import GoldenSet
    from llmops_lab.remedies import propose_cases

    golden = namespace.get(arguments.golden)
    golden = GoldenSet.load(arguments.golden) if golden is None else golden
    found = _variable(namespace, arguments.source)
    namespace["proposed"] = propose_cases(found, arguments.segment, golden, n=arguments.n)
    return namespace["proposed"]


def _eval(arguments: argparse.Namespace, namespace: dict[str, Any]) -> Any:
    from llmops_lab.evals import evaluate
    from llmops_lab.golden import GoldenSet

    golden = namespace.get(arguments.golden)
    target = arguments.target
    if isinstance(target, str):
        target = _variable(namespace, target)
    if target is None:
        raise LabError("name a function with --target, or define it in a %%llmops eval cell")
    namespace[arguments.name] = evaluate(
        target,
        GoldenSet.load(arguments.golden) if golden is None else golden,
        scorers=arguments.scorer or ["exact"],
        checkpoint=arguments.out,
        concurrency=arguments.concurrency,
    )
    return namespace[arguments.name]


def _score(arguments: argparse.Namespace, namespace: dict[str, Any]) -> Any:
    from llmops_lab.production import REFERENCE_FREE, score
    from llmops_lab.summary import summarize

    traces = _variable(namespace, arguments.traces)
    scorers = [namespace.get(name, name) for name in arguments.scorer or REFERENCE_FREE]
    scored = score(traces, scorers, sample=arguments.sample, concurrency=arguments.concurrency)
    namespace[arguments.traces] = scored
    return summarize(scored, by=tuple(arguments.by))


def _help(arguments: argparse.Namespace, namespace: dict[str, Any]) -> None:
    _parser().print_help()


def _parser() -> _Parser:
    parser = _Parser(prog="%llmops", description="Analyse LLM traces without leaving the cell.")
    verbs = parser.add_subparsers(required=True, metavar="VERB", parser_class=_Parser)
    watch = (_add_load, _add_summary, _add_score, _add_drift, _add_segments)
    for add in (*watch, _add_cases, _add_eval):
        add(verbs)
    _add(verbs, "help", _help, "what there is")
    return parser


def _add(verbs: Any, name: str, verb: Verb, says: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=says, description=says)
    parser.set_defaults(verb=verb, target=None)
    return parser


def _add_load(verbs: Any) -> None:
    parser = _add(verbs, "load", _load, "read an export of any tool into a variable")
    parser.add_argument("source", nargs="+", help="file, folder or glob")
    parser.add_argument("--as", dest="name", default="traces", help="variable (traces)")
    parser.add_argument("--format", help="recognised by content unless given")


def _add_summary(verbs: Any) -> None:
    parser = _add(verbs, "summary", _summary, "percentiles, tokens, cost and rates")
    parser.add_argument("traces", nargs="?", default="traces", help="variable (traces)")
    parser.add_argument("--by", action="append", default=[], help="column; repeatable")
    parser.add_argument("--every", help="time bucket: 1h, 1d, 1w")


def _add_score(verbs: Any) -> None:
    parser = _add(verbs, "score", _score, "score the answers of traces, in place")
    parser.add_argument("traces", nargs="?", default="traces", help="variable (traces)")
    parser.add_argument("--scorer", action="append", help="name or variable; repeatable")
    parser.add_argument("--sample", type=float, help="how many traces, or what share (all)")
    parser.add_argument("--concurrency", type=int, default=8, help="calls in flight (8)")
    parser.add_argument("--by", action="append", default=[], help="column; repeatable")


def _add_drift(verbs: Any) -> None:
    parser = _add(verbs, "drift", _drift, "what changed between two windows")
    parser.add_argument("traces", nargs="*", help="variables: baseline and current")
    parser.add_argument("--split", help="where the current window begins: 2026-03-13")
    for window in ("--baseline", "--current"):
        parser.add_argument(window, help="START/END, UTC: 2026-03-02/2026-03-09")


def _add_segments(verbs: Any) -> None:
    parser = _add(verbs, "segments", _segments, "what people ask for")
    parser.add_argument("traces", nargs="?", default="traces", help="variable (traces)")
    parser.add_argument("--known", help="earlier segments, a variable or file: ids and names go on")


def _add_cases(verbs: Any) -> None:
    parser = _add(verbs, "cases", _cases, "draft test cases from a segment, to be reviewed")
    parser.add_argument("segment", help="number, id or name of the segment")
    parser.add_argument("golden", help="golden set: a file or a variable")
    parser.add_argument("--of", dest="source", default="report", help="variable (report)")
    parser.add_argument("--n", type=int, default=10, help="how many at most (10)")


def _add_eval(verbs: Any) -> None:
    parser = _add(verbs, "eval", _eval, "run a golden set against a function")
    parser.add_argument("golden", help="golden set: a file or a variable")
    parser.add_argument("--target", help="variable that holds the function")
    parser.add_argument("--scorer", action="append", help="scorer; repeatable (exact)")
    parser.add_argument("--out", help="keep the run here; resumes if it is there")
    parser.add_argument("--concurrency", type=int, default=8, help="calls in flight (8)")
    parser.add_argument("--as", dest="name", default="run", help="variable (run)")
