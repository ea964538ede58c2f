"""From a segment that fails to what mends it: test cases, examples for the prompt, training."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmops_lab import _quantities as quantities
from llmops_lab._cases.case import now, shorten
from llmops_lab._cases.masked import masked_case
from llmops_lab._display import Shown, Table
from llmops_lab._embedded.vectors import vectors
from llmops_lab._privacy.masker import Masker
from llmops_lab._remedies.contested import contested
from llmops_lab._remedies.diverse import diverse
from llmops_lab._remedies.examples import Example, Examples
from llmops_lab._remedies.held_out import gives_away, may_teach
from llmops_lab._remedies.pool import Pool, pool
from llmops_lab._scan.units import Bools, Ints
from llmops_lab.drift import DriftReport
from llmops_lab.embedders._embedder import embedders
from llmops_lab.golden import Case, GoldenSet, Source
from llmops_lab.leakage import find_alike
from llmops_lab.segments import Segments

__all__ = ["Example", "Examples", "Proposal", "few_shot", "fine_tuning", "propose_cases"]


@dataclass(frozen=True, repr=False)
class Proposal(Shown):
    """Cases to review, most telling first; `golden.add(proposal)` takes them.

    `n_failed` is None where the export says of no trace whether it failed. `n_known` traces were
    passed over because a case asks nearly the same.
    """

    cases: tuple[Case, ...]
    segment: str
    segment_id: str
    n_traces: int
    n_failed: int | None
    n_known: int

    def __len__(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def _table(self) -> Table:
        n_traces = quantities.counted(self.n_traces, "trace")
        says = f"{n_traces}; nothing says which failed"
        if self.n_failed is not None:
            says = f"{self.n_failed:,} of {n_traces} failed"
        if self.n_known:
            says += f"; {self.n_known:,} are asked by a golden case already"
        rows = [
            (", ".join(case.tags) or "–", shorten(case.text), shorten(str(case.expected or "–")))
            for case in self.cases
        ]
        notes = ["Quarantined until reviewed: case.reviewed('you', expected='…'); golden.add(them)"]
        title = f"{len(self)} cases proposed from {self.segment}"
        return Table(title, says, ("failed by", "input", "recorded answer"), rows, notes)


def propose_cases(
    found: Segments | DriftReport,
    segment: int | str,
    golden: GoldenSet | None = None,
    *,
    n: int = 10,
    only_failed: bool = False,
    redacted: bool = True,
) -> Proposal:
    """Up to `n` diverse traces of a segment as quarantined cases, those that failed first.

    A trace failed when it ended in an error, a user disliked the answer, a guardrail hit or a
    check of `score` failed.
    `segment` is a number, id or name. Traces that ask nearly what a case of `golden` asks are
    passed over. Each case keeps trace and span ids, and the segment in its metadata; an answer
    that a user disliked becomes one never to give. Personal data and secrets are masked (see
    `redact`) unless `redacted` is False. Raises LabError for an unknown segment.
    """
    there = pool(found, segment)
    fresh, known = _not_asked_yet(there, golden)
    failed = (there.rows["failed_by"].list.len() > 0).to_numpy()
    chosen = _diverse(there, np.flatnonzero(fresh & failed), n)
    if not only_failed and len(chosen) < n:
        others = _diverse(there, np.flatnonzero(fresh & ~failed), n - len(chosen))
        chosen = np.concatenate([chosen, others])
    cases = [_case(there, row) for row in there.rows[chosen].iter_rows(named=True)]
    if redacted:
        masker = Masker()
        cases = [masked_case(case, masker) for case in cases]
    return Proposal(
        GoldenSet().diff(cases).new,
        there.name,
        there.id,
        there.rows.height,
        int(failed.sum()) if there.has_outcomes else None,
        int(known.sum()),
    )


def few_shot(
    found: Segments | DriftReport,
    segment: int | str,
    golden: GoldenSet | None = None,
    *,
    n: int = 5,
    redacted: bool = True,
) -> Examples:
    """Up to `n` diverse questions of a segment with good answers, for the prompt.

    Answers corrected by a person (reviewed cases of the segment) come first, then those that
    users liked. Refused, with the reason in `.refused`: what nearly repeats a held-out case of
    `golden` (only the splits train, dev and few-shot may teach), and an answer with a sentence
    that other users of the segment disliked. `.messages` are turns for the prompt.
    Personal data and secrets are masked (see `redact`) unless `redacted` is False.
    """
    examples = _examples(found, segment, golden, most=n)
    return examples.masked() if redacted else examples


def fine_tuning(
    found: Segments | DriftReport,
    segment: int | str,
    golden: GoldenSet | None = None,
    *,
    system: str | None = None,
    redacted: bool = True,
) -> Examples:
    """All good answers of a segment as a training set; `.save(path)` writes OpenAI's JSONL.

    As `few_shot`, masked too, with every example. `system` is the prompt that stands before each.
    """
    examples = _examples(found, segment, golden, system=system)
    return examples.masked() if redacted else examples


def _not_asked_yet(there: Pool, golden: GoldenSet | None) -> tuple[Bools, Bools]:
    """Rows that no case asks nearly, and those that one does."""
    known = np.zeros(there.rows.height, dtype=np.bool_)
    if golden is not None and len(golden):
        known[find_alike(golden, there.rows["text"].to_list())["text"].to_numpy()] = True
    return ~known, known


def _diverse(there: Pool, rows: Ints, n: int) -> Ints:
    return rows[diverse(there.matrix[rows], n)] if len(rows) and n > 0 else rows[:0]


def _case(there: Pool, row: dict[str, Any]) -> Case:
    disliked = "disliked" in row["failed_by"]
    return Case(
        input=row["text"],
        expected=row.get("output_text"),
        label="bad" if disliked else "good",
        tags=list(row["failed_by"]),
        cluster=row.get("user_id") or row.get("conversation_id"),
        metadata={"segment_id": there.id, "segment": there.name},
        source=Source(
            "failure" if row["failed_by"] else "trace",
            trace_id=row.get("trace_id"),
            span_id=row.get("root_span_id"),
        ),
        created_at=now(),
        status="quarantined",
    )


def _examples(
    found: Segments | DriftReport,
    segment: int | str,
    golden: GoldenSet | None,
    *,
    most: int | None = None,
    system: str | None = None,
) -> Examples:
    there = pool(found, segment)
    liked, doubted = _liked(there)
    good = [*_corrected(there, golden, most), *_some(there, liked, most)]
    first = {example.question: example for example in reversed(good)}
    unique = [example for example in good if first[example.question] is example]
    holder = gives_away(golden, [example.question for example in unique])
    kept = [example for example, case in zip(unique, holder, strict=True) if case is None]
    refused = [
        (example.question, f"nearly repeats the held-out case {case}")
        for example, case in zip(unique, holder, strict=True)
        if case is not None
    ]
    return Examples(tuple(kept[:most]), there.name, there.id, (*refused, *doubted), system)


def _liked(there: Pool) -> tuple[Ints, list[tuple[str, str]]]:
    """Rows with answers that users liked, and those refused since others disliked the same."""
    rows = np.flatnonzero(there.liked)
    answers: list[str] = there.rows["output_text"].fill_null("").to_list() if len(rows) else []
    disliked = there.rows["failed_by"].list.contains("disliked").to_numpy()
    says = contested(
        [answers[i] for i in rows],
        [answers[i] for i in np.flatnonzero(disliked)] if answers else [],
    )
    doubted = [
        (there.rows["text"][int(row)], f"others disliked: {shorten(sentence)}")
        for row, sentence in zip(rows, says, strict=True)
        if sentence is not None
    ]
    return rows[[sentence is None for sentence in says]], doubted


def _some(there: Pool, rows: Ints, most: int | None) -> list[Example]:
    """Rows as examples; more than asked for, as some may be refused."""
    rows = rows if most is None else _diverse(there, rows, 3 * most)
    return [
        Example(row["text"], row["output_text"], "liked", trace_id=row.get("trace_id"))
        for row in there.rows[rows].iter_rows(named=True)
    ]


def _corrected(there: Pool, golden: GoldenSet | None, most: int | None) -> list[Example]:
    """Reviewed cases of the segment with an answer to give, of splits that may teach."""
    cases = [case for case in golden or () if may_teach(case) and _answer(case) is not None]
    traces = set(there.rows["trace_id"]) if "trace_id" in there.rows.columns else set[str]()
    inside = _inside(there, [case.text for case in cases])
    chosen = [
        case
        for case, lies in zip(cases, inside, strict=True)
        if lies or case.source.trace_id in traces
    ]
    return [
        Example(case.text, str(_answer(case)), "corrected", case.source.trace_id, case.id)
        for case in (chosen if most is None else chosen[: 3 * most])
    ]


def _inside(there: Pool, questions: list[str]) -> list[bool]:
    """Which questions lie in the segment; none when its embedder is not at hand."""
    embedder = there.embeddings.embedder
    if not questions or embedder not in embedders:
        return [False] * len(questions)
    return there.holds(vectors(embedders[embedder], questions, None)).tolist()


def _answer(case: Case) -> str | None:
    given = case.expected[0] if isinstance(case.expected, list) and case.expected else case.expected
    reviewed = case.reviewed_by is not None and case.label == "good" and case.status == "active"
    return given if reviewed and isinstance(given, str) and isinstance(case.input, str) else None
