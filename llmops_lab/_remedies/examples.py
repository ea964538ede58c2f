"""Questions with good answers, and the two forms they are used in: a prompt, a training file."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from llmops_lab._atomic import locked, write_atomically
from llmops_lab._display import Shown, Table
from llmops_lab._privacy.masker import Masker
from llmops_lab._segments.table import shortened
from llmops_lab.errors import LabError

_REFUSED = {
    "nearly repeats": "too near a held-out golden case",
    "others disliked": "other users disliked a sentence of the answer",
}


@dataclass(frozen=True)
class Example:
    """A question and an answer to give; `why` is "liked" (by users) or "corrected" (by a person).

    `trace_id` and `case_id` say where it came from.
    """

    question: str
    answer: str
    why: str
    trace_id: str | None = None
    case_id: str | None = None


@dataclass(frozen=True, repr=False)
class Examples(Shown):
    """Examples of one segment, best first; `refused` are questions with the reason why not.

    `system` goes before each example in a training file.
    """

    examples: tuple[Example, ...]
    segment: str
    segment_id: str
    refused: tuple[tuple[str, str], ...] = ()
    system: str | None = None

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)

    @property
    def frame(self) -> pl.DataFrame:
        """One row per example: question, answer, why, trace_id, case_id."""
        schema = dict.fromkeys(Example.__dataclass_fields__, pl.String)
        return pl.DataFrame([asdict(example) for example in self.examples], schema=schema)

    @property
    def messages(self) -> list[dict[str, str]]:
        """Turns of user and assistant, to stand in a prompt between system and question."""
        return [turn for example in self.examples for turn in _turns(example)]

    def masked(self) -> "Examples":
        """The same with masks in the place of personal data and secrets; see `redact`."""
        masker = Masker()
        examples = [
            replace(each, question=masker.text(each.question), answer=masker.text(each.answer))
            for each in self.examples
        ]
        refused = [(masker.text(question), masker.text(why)) for question, why in self.refused]
        return replace(self, examples=tuple(examples), refused=tuple(refused))

    def save(self, path: str | Path) -> Path:
        """Write OpenAI's chat format for fine-tuning, one example a line.

        Beside it, `<name>.provenance.jsonl` says line by line which trace or case and which
        segment an example came from. Raises LabError when there is no example.
        """
        if not self.examples:
            raise LabError(f"no good answers to learn from: {self._reading()}")
        file = Path(path)
        before = [{"role": "system", "content": self.system}] if self.system else []
        lines = [{"messages": [*before, *_turns(example)]} for example in self.examples]
        origin = [
            {
                "line": i,
                "why": example.why,
                "trace_id": example.trace_id,
                "case_id": example.case_id,
                "segment_id": self.segment_id,
                "segment": self.segment,
            }
            for i, example in enumerate(self.examples, start=1)
        ]
        with locked(file):
            write_atomically(file.with_name(f"{file.stem}.provenance.jsonl"), _jsonl(origin))
            write_atomically(file, _jsonl(lines))
        return file

    def _reading(self) -> str:
        kinds = [example.why for example in self.examples]
        parts = [f"{kinds.count(why)} {why}" for why in ("corrected", "liked") if why in kinds]
        reasons = [why for _, why in self.refused]
        for start, says in _REFUSED.items():
            n = sum(why.startswith(start) for why in reasons)
            parts += [f"{n} refused: {says}"] if n else []
        return "; ".join(parts) or "none liked by users, none corrected by a person"

    def _table(self) -> Table:
        rows = [
            (e.why, shortened(e.question), shortened(e.answer), e.case_id or e.trace_id or "")
            for e in self.examples[:20]
        ]
        more = [f"and {len(self) - 20} more"] if len(self) > 20 else []
        title = f"{len(self)} examples of {self.segment}"
        return Table(title, self._reading(), ("", "question", "answer", "from"), rows, more)


def _turns(example: Example) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": example.question},
        {"role": "assistant", "content": example.answer},
    ]


def _jsonl(records: Sequence[Any]) -> bytes:
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)
