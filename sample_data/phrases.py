"""The pieces people write with, read from `phrases/<language>/*.txt`.

A file is an intent. `@topic kind` opens a section, `@ kind` one for every topic of the intent,
each line is one piece. `[a|b]` is a choice, `{slot}` a value that stays the same within a query.
Files that start with `_` belong to no intent: `_frame` (greetings and the like) and `_slots`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent / "phrases"
LANGUAGES = ("en", "de", "es", "fr", "pl")

_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa]) ([aeio]\w|um)")  # "a oak table", but "a unit" stays


@dataclass(frozen=True)
class Book:
    """Pieces of one language by (intent, topic, kind); topic "" serves every topic."""

    language: str
    sections: Mapping[tuple[str, str, str], tuple[str, ...]]

    def pieces(self, intent: str, topic: str, kind: str) -> tuple[str, ...]:
        """The topic's own pieces and those for every topic of the intent."""
        own = self.sections.get((intent, topic, kind), ())
        return own + self.sections.get((intent, "", kind), ())

    def frame(self, kind: str) -> tuple[str, ...]:
        """Pieces that fit any intent."""
        return self.sections.get(("_frame", "", kind), ())

    def slot(self, name: str) -> tuple[str, ...]:
        """The values a slot may take; they may hold choices and slots themselves."""
        lines = self.sections.get(("_slots", "", name), ())
        return tuple(value.strip() for line in lines for value in line.split(" | "))

    def topics(self, intent: str) -> tuple[str, ...]:
        """The intent's topics in the order of the file."""
        named = (topic for i, topic, _ in self.sections if i == intent and topic)
        return tuple(dict.fromkeys(named))


@cache
def read_book(language: str) -> Book:
    """All pieces of one language."""
    sections: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for path in sorted((FOLDER / language).glob("*.txt")):
        intent = path.stem
        topic = kind = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("#intent "):
                intent = line.removeprefix("#intent ").strip()
            elif line.startswith("@"):
                topic, kind = line[1:].rsplit(" ", 1)
            elif line.strip():
                key = (intent, topic.strip(), kind)
                sections[key] = (*sections.get(key, ()), line.strip())
    return Book(language, sections)


def choose(text: str, rng: Random) -> str:
    """The text with every `[a|b]` settled, innermost first."""
    while _CHOICE.search(text):
        text = _CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), text)
    return text


def fill(text: str, slots: "Mapping[str, str]", rng: Random) -> str:
    """The text with choices settled and slots filled; `{Slot}` starts with a capital."""
    text = choose(text, rng)
    while _SLOT.search(text):
        text = choose(_SLOT.sub(lambda m: _value(m.group(1), slots), text), rng)
    return text.replace("\\n", "\n")


def with_articles(text: str) -> str:
    """English text with "an" before a vowel."""
    return _ARTICLE.sub(r"\1n \2", text)


def _value(name: str, slots: Mapping[str, str]) -> str:
    value = slots[name.lower() if name[0].isupper() else name]
    return value[0].upper() + value[1:] if name[0].isupper() else value


class Deck:
    """Draws pieces like cards: none comes again before all have been out."""

    def __init__(self) -> None:
        self._left: dict[Sequence[str], list[str]] = {}

    def draw(self, pieces: Sequence[str], rng: Random) -> str:
        """One piece, "" if there are none."""
        if not pieces:
            return ""
        left = self._left.get(pieces)
        if not left:
            left = shuffled(pieces, rng)
            self._left[pieces] = left
        return left.pop()


def shuffled(values: Sequence[str], rng: Random) -> list[str]:
    """The values in random order, by sorting on random keys (the same on every Python)."""
    return [value for _, value in sorted((rng.random(), value) for value in values)]
