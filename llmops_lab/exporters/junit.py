"""JUnit XML, of promptfoo or any test runner: which cases passed, in what time, and why not."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.errors import FormatError
from llmops_lab.exporters._run_format import Imported, RunFormat, run_formats


def _read(data: bytes) -> Iterator[Imported]:
    # Without a document type there are no entities, which could swell or read files.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise FormatError("a JUnit file with a document type is not read; remove it")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314
    except ElementTree.ParseError as error:
        raise FormatError(f"not XML: {error}") from error
    for suite in root.iter("testsuite"):
        for test in suite.findall("testcase"):
            if test.find("skipped") is None:
                yield _imported(suite, test)


def _imported(suite: Any, test: Any) -> Imported:
    name = test.get("name") or ""
    failure, error = test.find("failure"), test.find("error")
    passed = failure is None and error is None
    seconds = test.get("time")
    return Imported(
        target=suite.get("name") or test.get("classname") or "tests",
        case=Case(name, id=name),
        answer=Answer(
            error=None if error is None else _said(error),
            duration_s=None if seconds is None else float(seconds),
        ),
        scores=(Score(float(passed), passed, _said(failure), name="success"),),
        started_at=suite.get("timestamp"),
    )


def _said(element: Any) -> str | None:
    if element is None:
        return None
    return (element.text or element.get("message") or "").strip() or "it failed"


run_formats.register("junit")(
    RunFormat(
        _read,
        suffixes=(".xml",),
        marks=(b"<testsuite", b"<testcase"),
        leaves="inputs and outputs, which the format has no place for",
    )
)
