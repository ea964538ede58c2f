"""Which text of a trace is embedded, how long it is, and how a long one is cut."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import polars as pl

from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

_WORD = r"[\p{L}\p{N}]+"
# Scripts written without spaces: two characters say about what a word says.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]"
Message = dict[str, Any]


def rows_with_text(traces: Traces, choice: str) -> pl.DataFrame:
    """The trace rows with `text`: what the choice takes of each trace, null where it has none.

    "input" is the last thing the user said, "first_input" the first, "conversation" all that
    user and assistant said (no system prompt, no tool), "output" the answer.
    """
    if choice not in _CHOICES:
        raise LabError(f"no text called {choice!r}; there are: {', '.join(_CHOICES)}")
    rows = _CHOICES[choice](traces)
    return rows.with_columns(pl.col("text").str.strip_chars())


def n_words(text: pl.Expr) -> pl.Expr:
    """Words per text; two characters of a script without spaces count as one. 0 for null."""
    spaced = text.str.replace_all(_UNSPACED, " ").str.count_matches(_WORD)
    return (spaced + text.str.count_matches(_UNSPACED) // 2).fill_null(0)


def chunks(text: str, longest_chars: int | None) -> list[str]:
    """The text in pieces of at most `longest_chars`, cut at white space where there is any."""
    if longest_chars is None or len(text) <= longest_chars:
        return [text]
    pieces, rest = list[str](), text
    while len(rest) > longest_chars:
        space = max(rest.rfind(sign, longest_chars // 2, longest_chars) for sign in " \n\t")
        end = space if space > 0 else longest_chars
        pieces.append(rest[:end])
        rest = rest[end:].lstrip()
    return [*pieces, rest] if rest else pieces


def _last_input(traces: Traces) -> pl.DataFrame:
    return traces.rows.with_columns(text=pl.col("input_text"))


def _output(traces: Traces) -> pl.DataFrame:
    return traces.rows.with_columns(text=pl.col("output_text"))


def _first_input(traces: Traces) -> pl.DataFrame:
    def first(row: dict[str, Any], messages: list[Message]) -> str | None:
        said = (_said(message) for message in messages if message.get("role") == "user")
        return next(filter(None, said), row["input_text"])

    return _read(traces, first)


def _conversation(traces: Traces) -> pl.DataFrame:
    def everything(row: dict[str, Any], messages: list[Message]) -> str | None:
        turns = [_said(m) for m in messages if m.get("role") in ("user", "assistant")]
        turns = [turn for turn in turns if turn] or [row["input_text"] or ""]
        answer = row["output_text"] or ""
        return "\n".join([*turns, answer] if answer != turns[-1] else turns)

    return _read(traces, everything)


_CHOICES: dict[str, Callable[[Traces], pl.DataFrame]] = {
    "input": _last_input,
    "first_input": _first_input,
    "conversation": _conversation,
    "output": _output,
}


def _read(
    traces: Traces, choose: Callable[[dict[str, Any], list[Message]], str | None]
) -> pl.DataFrame:
    """The rows with the text chosen from the longest history that any call of the trace saw."""
    history = (
        traces.spans.filter(pl.col("input_messages").is_not_null())
        .sort(pl.col("input_messages").str.len_bytes(), descending=True, maintain_order=True)
        .unique("trace_id", keep="first", maintain_order=True)
        .select("trace_id", "input_messages")
    )
    rows = traces.rows
    asked = rows.select("trace_id", "input_text", "output_text")
    found = asked.join(history, on="trace_id", how="left", maintain_order="left")
    texts = [choose(row, _messages(row["input_messages"])) for row in found.iter_rows(named=True)]
    return rows.with_columns(pl.Series("text", texts, pl.String))


def _messages(encoded: str | None) -> list[Message]:
    try:
        return msgspec.json.decode(encoded or "[]", type=list[Message])
    except msgspec.DecodeError:
        return []


def _said(message: Message) -> str:
    parts: Iterable[Any] = message.get("parts") or ()
    texts = (p.get("content") for p in parts if isinstance(p, dict) and p.get("type") == "text")
    return "\n".join(text for text in texts if isinstance(text, str))
