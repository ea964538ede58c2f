"""A case: one question, what a good or a bad answer looks like, and where it came from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import msgspec

from llmops_lab.errors import FormatError

Json = str | int | float | bool | None | list[Any] | dict[str, Any]
Label = Literal["good", "bad"]
Status = Literal["active", "quarantined", "archived"]
SourceKind = Literal["trace", "failure", "human", "synthetic", "import"]


@dataclass(frozen=True)
class Source:
    """Where a case came from; `row` counts from 1 in `file`."""

    kind: SourceKind = "human"
    trace_id: str | None = None
    span_id: str | None = None
    run_id: str | None = None
    case_id: str | None = None
    file: str | None = None
    row: int | None = None


@dataclass(frozen=True)
class Case:
    """One test case of a golden set.

    `input` is a text, chat messages ({"role", "content"}) or any JSON. `expected` is an answer,
    or a list of answers of which one is enough; `label` says whether it is an answer to give
    ("good") or one never to give again ("bad"). Only "active" cases are run; a case nobody has
    reviewed is "quarantined". `cluster` names cases that are not independent of each other,
    `severity` "critical" makes a must-pass case of the default gate. Without an `id` the case
    takes one from its content.
    """

    input: Json
    expected: Json = None
    id: str = ""
    label: Label = "good"
    rubric: str | None = None
    context: list[str] = field(default_factory=list[str])
    tags: list[str] = field(default_factory=list[str])
    split: str | None = None
    cluster: str | None = None
    weight: float = 1.0
    severity: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    source: Source = Source()
    created_by: str | None = None
    created_at: str | None = None
    reviewed_by: str | None = None
    reviewed_at: str | None = None
    status: Status = "active"
    rev: int = 1

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", self.content_hash[:12])

    @cached_property
    def content_hash(self) -> str:
        """16 hex digits of SHA-256 over all that decides a score: input, expected, and so on."""
        parts = [self.input, self.expected, self.label, self.rubric, self.context]
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:16]

    @cached_property
    def text(self) -> str:
        """The input as one text: chat messages one after the other, other JSON as JSON."""
        return as_text(self.input)

    def reviewed(self, by: str, *, expected: Json = None, label: Label | None = None) -> "Case":
        """The case after `by` has looked at it: active, with the answer corrected if given.

        A corrected `expected` is an answer to give, unless `label` says otherwise.
        """
        corrected = {} if expected is None else {"expected": expected, "label": label or "good"}
        named = {"label": label} if label else {}
        stamp = {"reviewed_by": by, "reviewed_at": now(), "status": "active"}
        return replace(self, **{**corrected, **named, **stamp})


_FIELDS = {spec.name for spec in fields(Case)}
_SOURCE_FIELDS = {spec.name for spec in fields(Source)}
_EMPTY: tuple[Any, ...] = (None, [], {})
_DEFAULTS = {"label": "good", "weight": 1.0, "status": "active", "rev": 1}


def now() -> str:
    """This moment as ISO 8601 in UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def as_text(value: Json) -> str:
    """A JSON value as people read it: texts as they are, chat messages as `role: content`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(_is_message(item) for item in value):
        return "\n".join(f"{item['role']}: {as_text(item['content'])}" for item in value)
    return "" if value is None else msgspec.json.encode(value, order="sorted").decode()


def shorten(text: str, width: int = 60) -> str:
    """The text on one line, cut at `width` characters."""
    line = " ".join(text[: 4 * width].split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and {"role", "content"} <= item.keys()


def record_of(case: Case) -> dict[str, Any]:
    """The case as a plain record; fields that say nothing are left out."""
    values = {name: getattr(case, name) for name in _FIELDS} | {"content_hash": case.content_hash}
    source = {key: value for key, value in vars(case.source).items() if value is not None}
    kept = {
        name: value
        for name, value in values.items()
        if value not in _EMPTY and _DEFAULTS.get(name) != value
    }
    # An empty question is still a question, an empty answer still an answer.
    answer = {} if case.expected is None else {"expected": case.expected}
    return kept | {"input": case.input, "source": source} | answer


def case_of(record: Mapping[str, Any]) -> Case:
    """The case in a plain record; the content hash is worked out anew.

    Raises FormatError for a field that cases do not have, or a value of the wrong type.
    """
    known = {key: value for key, value in record.items() if key != "content_hash"}
    source = known.get("source")
    strange = known.keys() - _FIELDS
    strange |= source.keys() - _SOURCE_FIELDS if isinstance(source, dict) else set()
    if strange:
        names = ", ".join(sorted(strange))
        raise FormatError(f"cases have no field {names}; put it under metadata")
    try:
        return msgspec.convert(known, Case)
    except msgspec.ValidationError as error:
        raise FormatError(f"not a case: {error}") from error


def to_lines(cases: Sequence[Case]) -> bytes:
    """JSONL with sorted keys, one case a line."""
    lines = (msgspec.json.encode(record_of(case), order="sorted") for case in cases)
    return b"".join(line + b"\n" for line in lines)


def from_lines(data: bytes, *, name: str) -> list[Case]:
    """The cases of JSONL `data`; raises FormatError that names the line in `name`."""
    cases: list[Case] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if line.strip():
            cases.append(_case_in(line, f"{name}, line {number}"))
    return cases


def _case_in(line: bytes, where: str) -> Case:
    if line.startswith((b"<<<<<<< ", b"=======", b">>>>>>> ")):
        raise FormatError(f"{where}: a Git conflict marker; resolve the merge first")
    try:
        return case_of(msgspec.json.decode(line, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{where}: not JSON: {error}") from error
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from error
