"""Two versions of a prompt, side by side: front matter by key, body by line and word."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

import msgspec

from llmops_lab._cases.case import as_text, shorten
from llmops_lab._display import Shown, Table
from llmops_lab._prompts.prompt import Prompt, PromptVersion

Kind = Literal["same", "cut", "added"]
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_CONTEXT_LINES = 2
# Words that differ in more than this share of a line are shown as another line.
_ALIKE = 0.4
_BOX = (
    "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;font-size:12px;margin:6px 0 0;"
    "padding:6px 10px;border:1px solid var(--jp-border-color2,#8884)"
)
_MARKS = {
    "same": "<span>{}</span>",
    "cut": "<del style='background:#d73a4933;text-decoration-color:#d73a49'>{}</del>",
    "added": "<ins style='background:#2da44e33;text-decoration:none;font-weight:600'>{}</ins>",
}
_SIGNS = {"same": "{}", "cut": "[-{}-]", "added": "{{+{}+}}"}


@dataclass(frozen=True)
class Piece:
    """A run of text that stayed, was cut or was added."""

    kind: Kind
    text: str


@dataclass(frozen=True, repr=False)
class PromptDiff(Shown):
    """What changed from one version of a prompt to another.

    `front_matter` has a row per changed key: key, before, after (None where it was not there).
    `lines` are the lines of both bodies in order, each of pieces; of those that stayed only the
    ones next to a change, None marks a gap.
    """

    before: PromptVersion
    after: PromptVersion
    front_matter: list[tuple[str, Any, Any]]
    lines: list[tuple[Piece, ...] | None]

    @property
    def is_empty(self) -> bool:
        return not self.front_matter and not self.lines

    def json(self) -> str:
        """Everything that changed, as one line of JSON."""
        keys = [{"key": key, "before": was, "after": now} for key, was, now in self.front_matter]
        record = {"before": self.before, "after": self.after, "front_matter": keys}
        return msgspec.json.encode({**record, "lines": self.lines}).decode() + "\n"

    def __str__(self) -> str:
        body = "\n".join("…" if line is None else _line_text(line) for line in self.lines)
        return "\n".join(filter(None, [self._table().text(), body]))

    def _repr_html_(self) -> str:
        body = "\n".join(
            "<span style='opacity:.6'>…</span>" if line is None else _line_html(line)
            for line in self.lines
        )
        box = f"<pre style='{_BOX}'>{body}</pre>" if self.lines else ""
        return self._table().html() + box

    def _table(self) -> Table:
        rows = [(key, _shown(was), _shown(now)) for key, was, now in self.front_matter]
        n_cut, n_added = (self._n_words(kind) for kind in ("cut", "added"))
        words = f"{n_cut} words cut, {n_added} added" if self.lines else "the same body"
        subtitle = "nothing changed" if self.is_empty else words
        columns = ("front matter", "before", "after") if rows else ("",)
        return Table(f"{self.before} → {self.after}", subtitle, columns, rows)

    def _n_words(self, kind: Kind) -> int:
        pieces = (piece for line in self.lines if line for piece in line)
        return sum(len(piece.text.split()) for piece in pieces if piece.kind == kind)


def difference(before: Prompt, after: Prompt) -> PromptDiff:
    """What changed in front matter and body."""
    old, new = before.front_matter, after.front_matter
    keys = [*old, *(key for key in new if key not in old)]
    changed = [(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
    lines = list(_lines(before.body.split("\n"), after.body.split("\n")))
    return PromptDiff(before.reference, after.reference, changed, _near_changes(lines))


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Piece, ...]]:
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from ((Piece("same", line),) for line in old[i:j])
            continue
        both = min(j - i, m - k) if tag == "replace" else 0
        for was, now in zip(old[i : i + both], new[k : k + both], strict=True):
            yield from _line(was, now)
        yield from ((Piece("cut", line),) for line in old[i + both : j])
        yield from ((Piece("added", line),) for line in new[k + both : m])


def _line(old: str, new: str) -> Iterator[tuple[Piece, ...]]:
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    match = SequenceMatcher(None, before, after, autojunk=False)
    if match.ratio() < _ALIKE:
        yield (Piece("cut", old),)
        yield (Piece("added", new),)
        return
    pieces: list[Piece] = []
    for tag, i, j, k, m in match.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(before[i:j])))
            continue
        sides: list[tuple[Kind, str]] = [
            ("cut", "".join(before[i:j])),
            ("added", "".join(after[k:m])),
        ]
        pieces += [Piece(kind, text) for kind, text in sides if text]
    yield tuple(pieces)


def _near_changes(lines: list[tuple[Piece, ...]]) -> list[tuple[Piece, ...] | None]:
    changed = [i for i, line in enumerate(lines) if any(p.kind != "same" for p in line)]
    near = sorted(
        {
            j
            for i in changed
            for j in range(i - _CONTEXT_LINES, i + _CONTEXT_LINES + 1)
            if 0 <= j < len(lines)
        }
    )
    shown: list[tuple[Piece, ...] | None] = []
    for before, i in zip([-1, *near], near, strict=False):
        shown += [None] if i > before + 1 else []
        shown.append(lines[i])
    return shown


def _line_text(line: tuple[Piece, ...]) -> str:
    if len(line) == 1:
        return {"same": "  ", "cut": "- ", "added": "+ "}[line[0].kind] + line[0].text
    return "~ " + "".join(_SIGNS[piece.kind].format(piece.text) for piece in line)


def _line_html(line: tuple[Piece, ...]) -> str:
    return "".join(_MARKS[piece.kind].format(html.escape(piece.text)) for piece in line)


def _shown(value: Any) -> str:
    return "–" if value is None else shorten(as_text(value), 80)
