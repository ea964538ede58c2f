"""The golden set: 150 reviewed questions with their answers, and what two models said to them.

Read from `cases/*.txt`, where a case is its topic and severity (`@`), the question (`Q`), the
reviewed answer (`A`), the words of which one must stand in any right answer (`K`), another right
wording (`R`) and a wrong answer (`W`).
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from sample_data import plot
from sample_data.answers import Page, help_pages
from sample_data.exports.clock import iso_ms, iso_seconds
from sample_data.spans import PRICES, SERVED_AS, TOOL_TOKENS, prompt_body
from sample_data.story import Trace

_FOLDER = Path(__file__).parent / "cases"
_REVIEWERS = ("maren", "tobias", "ines")
# Cases that a model answers wrongly, and cases on which its call fails.
_BOTH, _ONLY = 8, {"gpt-4.1-mini": 4, "claude-haiku-4-5": 14}
_FAILED = {"gpt-4.1-mini": 1, "claude-haiku-4-5": 2}
# Whose answers are recorded: the model and the version of the prompt.
SETUPS = {
    "gpt-4.1-mini": ("gpt-4.1-mini", 3),
    "claude-haiku-4-5": ("claude-haiku-4-5", 3),
    "gpt-4.1-mini_prompt-2": ("gpt-4.1-mini", 2),
}
_EXTRAS = ("", "", "", " Is there anything else?", " Let me know if that helps.", " Happy to help.")


@dataclass(frozen=True)
class Case:
    """A reviewed question with a right and a wrong answer to it."""

    number: int
    intent: str
    topic: str
    severity: str
    question: str
    answer: str
    keys: str
    right: str
    wrong: str

    @property
    def case_id(self) -> str:
        """A readable id that stays."""
        return f"{self.intent}-{self.topic}-{self.number:03}"

    @property
    def page(self) -> Page | None:
        """The help page that the right answer rests on."""
        return next((p for p in help_pages().values() if f"[{p.doc_id}]" in self.right), None)


@cache
def read_cases() -> tuple[Case, ...]:
    """All cases in the order of the files."""
    found: list[Case] = []
    for path in sorted(_FOLDER.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("@ ")[1:]:
            head, *lines = block.strip().splitlines()
            name, severity = head.split()
            intent, topic = name.split(".")
            texts = [line[3:] for line in lines]  # Q, A, K, R and W
            found.append(Case(len(found) + 1, intent, topic, severity, *texts))
    return tuple(found)


def golden_lines(traces: list[Trace], rng: Random) -> list[str]:
    """The golden set as `GoldenSet.save` writes it: one case a line, sorted keys, no defaults."""
    return [_line(_record(case, traces, rng)) for case in read_cases()]


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _record(case: Case, traces: list[Trace], rng: Random) -> dict[str, Any]:
    source, read_on = _origin(case, traces, rng)
    written = read_on + int(rng.random() * (plot.N_DAYS - read_on))
    expected = [case.answer, *case.keys.split(" | ")]
    context = [case.page.text] if case.page else []
    scored = _line([case.question, expected, "good", None, context])
    record = {
        "id": case.case_id,
        "input": case.question,
        "expected": expected,
        "context": context,
        "tags": [case.intent, f"{case.intent}.{case.topic}"],
        "split": "test" if case.number % 3 == 0 else "dev",
        "severity": case.severity,
        "source": source,
        "created_by": "tobias",
        "created_at": _office_hour(written, rng),
        "reviewed_by": rng.choice(_REVIEWERS),
        "reviewed_at": _office_hour(written + 3, rng),
        "content_hash": hashlib.sha256(scored.encode()).hexdigest()[:16],
    }
    return {name: value for name, value in record.items() if value != []}


def _office_hour(day: int, rng: Random) -> str:
    return iso_seconds(plot.moment(day, 33_000 + int(rng.random() * 28_000)))


def _origin(case: Case, traces: list[Trace], rng: Random) -> tuple[dict[str, str], int]:
    """Two in five were written after reading a trace on the same topic; and its day, else 1."""
    if rng.random() > 0.4:
        return {"kind": "human"}, 1
    alike = [t for t in traces if (t.intent, t.topic) == (case.intent, case.topic)]
    trace = alike[int(rng.random() * len(alike))]
    source = {"kind": "trace", "trace_id": trace.trace_id, "span_id": trace.root.span_id}
    return source, trace.day


def answer_lines(setup: str, rng: Random) -> list[str]:
    """The recorded answers of a model, with a version of the prompt, to every case."""
    wrong, failed = _fates()[setup]
    return [
        _line(_answer(case, setup, (case.number in wrong, case.number in failed), rng))
        for case in read_cases()
    ]


@cache
def _fates() -> dict[str, tuple[frozenset[int], frozenset[int]]]:
    """Per setup the numbers of the cases it gets wrong and those on which it fails."""
    rng = Random("fates")
    easy = [c.number for c in read_cases() if c.intent not in ("smalltalk", "returns")]
    hard = [c.number for c in read_cases() if c.topic == "window"]
    order = [n for _, n in sorted((rng.random(), n) for n in easy)]
    hard = [n for _, n in sorted((rng.random(), n) for n in hard)]
    both = hard[:3] + [order.pop() for _ in range(_BOTH - 3)]
    fates: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
    for model, count in _ONLY.items():
        only = [order.pop() for _ in range(count)]
        failed = [order.pop() for _ in range(_FAILED[model])]
        fates[model] = (frozenset(both + only), frozenset(failed))
    # The shorter prompt trades one wrong answer and one failed call for two other wrong ones.
    wrong, _ = fates["gpt-4.1-mini"]
    traded = wrong - {max(wrong - set(both))} | {order.pop(), order.pop()}
    fates["gpt-4.1-mini_prompt-2"] = (traded, frozenset())
    return fates


def _answer(case: Case, setup: str, fate: tuple[bool, bool], rng: Random) -> dict[str, Any]:
    is_wrong, is_failed = fate
    model, version = SETUPS[setup]
    said = case.right if model == "gpt-4.1-mini" else _reworded(case)
    output = "" if is_failed else (case.wrong if is_wrong else said + rng.choice(_EXTRAS))
    size = len(prompt_body(version)) + len(case.question)
    size += 3 * len(case.page.text) if case.page else 900
    tokens = TOOL_TOKENS + int(size / 4.35) if not is_failed else None
    out = int(len(output) / 4.1) + 9 if not is_failed else None
    fresh, _, per_out = PRICES[model]
    speed = 95 if model == "gpt-4.1-mini" else 140
    first = 0.42 + 0.5 * rng.random() + 0.9 * rng.random() ** 6
    started = plot.moment(21, 64_800 + case.number * 1.7 + (400 if speed == 140 else 0))
    return {
        "case_id": case.case_id,
        "input": case.question,
        "trial": 1,
        "model": model,
        "response_model": SERVED_AS[model],
        "prompt": {"name": "support-assistant", "version": version},
        "output": None if is_failed else output,
        "error": "APITimeoutError: Request timed out after 30.0 s" if is_failed else None,
        "finish_reason": None if is_failed else "stop",
        "duration_s": 30.0 if is_failed else round(first + (out or 0) / speed, 3),
        "ttft_s": None if is_failed else round(first, 3),
        "input_tokens": tokens,
        "output_tokens": out,
        "cost_usd": round(((tokens or 0) * fresh + (out or 0) * per_out) / 1e6, 9)
        if not is_failed
        else None,
        "started_at": iso_ms(started),
    }


def _reworded(case: Case) -> str:
    """The reviewed answer with the page it rests on."""
    return f"{case.answer} [{case.page.doc_id}]" if case.page else case.answer


def golden_truth() -> dict[str, Any]:
    """What is planted in the recorded answers, by case id."""
    names = {case.number: case.case_id for case in read_cases()}
    return {
        setup: {
            "wrong": sorted(names[n] for n in wrong),
            "failed": sorted(names[n] for n in failed),
            "right": len(names) - len(wrong) - len(failed),
        }
        for setup, (wrong, failed) in _fates().items()
    }
