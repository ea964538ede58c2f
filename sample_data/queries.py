"""What a customer types: one of several shapes, built from pieces, in the customer's hand."""

import re
from random import Random

from sample_data import noise, wording
from sample_data.people import Person
from sample_data.phrases import Book, Deck, fill, with_articles
from sample_data.slots import Slots

SHAPES = ("keyword", "terse", "greeted", "explained", "story", "long", "letter")
_IN_SLANG = {"greeted": "terse", "long": "story", "letter": "story"}
_BRIEF = (0.20, 0.46, 0.16, 0.10, 0.06, 0.02, 0.00)
_WORDY = (0.02, 0.15, 0.13, 0.17, 0.26, 0.15, 0.12)
_ABOUT_AN_ORDER = {
    "delivery", "returns", "refunds", "damaged", "warranty", "order_change", "b2b",
}  # fmt: skip
_SUBJECT = 0.36  # how often a message says first what it is about
_CROSS_INTENTS = {"complaints": 0.45, "delivery": 0.16, "refunds": 0.16, "damaged": 0.1}


class Writer:
    """Writes queries of one language; remembers which pieces are already out."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._deck = Deck()

    def query(
        self, intent: str, topic: str, person: Person, slots: Slots, rng: Random, *, slang: bool
    ) -> str:
        """A first message of a conversation."""
        shape = self._shape(intent, topic, person, rng)
        if person.turns_to_slang:  # no letters from these, before and after
            shape = _IN_SLANG.get(shape, shape)
        draw = _Draw(self, intent, topic, slots, rng)
        draw.greets = 0.0 if person.turns_to_slang else person.greets
        text = getattr(self, f"_{shape}")(draw, person)
        return self._in_hand(text, person, rng, slang=slang, letter=shape == "letter")

    def follow_up(
        self, intent: str, topic: str, person: Person, slots: Slots, rng: Random, *, slang: bool
    ) -> tuple[str, str]:
        """A later message, which leans on what was said before, and its answer, "" if open."""
        draw = _Draw(self, intent, topic, slots, rng)
        text, _, answer = draw("follow").partition(" => ")
        extra = rng.random() if "[" in answer or not answer else 1.0
        if extra < 0.3:
            text = _join(text, draw("detail"))
        elif extra < 0.65:
            text = draw.with_tail(text)
        if rng.random() < 0.35:
            text = _join(draw.frame("follow_opening"), text)
        return self._in_hand(text, person, rng, slang=slang, letter=False), answer

    def has(self, intent: str, topic: str, kind: str) -> bool:
        """Whether this language has such pieces."""
        return bool(self._book.pieces(intent, topic, kind))

    def draw(self, pieces: tuple[str, ...], rng: Random) -> str:
        """One piece, none again before all are out."""
        return self._deck.draw(pieces, rng)

    @property
    def book(self) -> Book:
        """The pieces this writer uses."""
        return self._book

    def _shape(self, intent: str, topic: str, person: Person, rng: Random) -> str:
        w = person.wordiness
        weights = [brief + (wordy - brief) * w for brief, wordy in zip(_BRIEF, _WORDY, strict=True)]
        shape = rng.choices(SHAPES, weights)[0]
        if intent in ("smalltalk", "abuse"):
            return "terse" if shape != "keyword" or intent == "abuse" else shape
        needs = {"keyword": "keyword", "story": "situation", "long": "situation"}
        needed = needs.get(shape, "situation" if shape == "letter" else "ask")
        return shape if self.has(intent, topic, needed) else "terse"

    def _keyword(self, draw: "_Draw", person: Person) -> str:
        return draw("keyword")

    def _terse(self, draw: "_Draw", person: Person) -> str:
        text = draw("ask")
        if draw.intent in ("smalltalk", "abuse"):
            return text
        if draw.chance(_SUBJECT):
            text = f"{draw('subject')} {text}".strip()
        elif draw.chance(0.12 + 0.12 * person.wordiness):
            text = f"{draw.frame('head')} {text}".strip()
        return draw.with_tail(text) if draw.chance(0.25 + 0.2 * person.wordiness) else text

    def _greeted(self, draw: "_Draw", person: Person) -> str:
        subject = draw("subject") if draw.chance(_SUBJECT) else ""
        text = _join(draw.frame("opening"), subject, draw("ask"))
        if draw.chance(0.3):
            text = draw.with_tail(text)
        return _join(text, draw.frame("closing")) if draw.chance(0.5) else text

    def _explained(self, draw: "_Draw", person: Person) -> str:
        opening = draw.frame("opening") if draw.chance(draw.greets) else ""
        aside = draw.greets and draw.chance(0.25)
        extra = draw.frame("life") if aside else draw("detail")
        text = _join(draw("ask"), extra) if draw.chance(0.7) else _join(extra, draw("ask"))
        return _join(opening, draw("subject") if draw.chance(_SUBJECT) else "", text)

    def _story(self, draw: "_Draw", person: Person) -> str:
        parts = [draw("situation"), draw("request")]
        if draw.chance(0.45):
            parts.insert(1, draw("detail"))
        if draw.chance(0.2):
            parts.insert(0, parts.pop())
        if draw.chance(_SUBJECT):
            parts.insert(0, draw("subject"))
        if draw.chance(draw.greets):
            parts.insert(0, draw.frame("opening"))
        if draw.chance(_CROSS_INTENTS.get(draw.intent, 0.0)):
            parts.append(draw.frame("cross"))
        if draw.chance(draw.greets):
            parts.append(draw.frame("closing"))
        return _join(*parts)

    def _long(self, draw: "_Draw", person: Person) -> str:
        aside = draw.frame("life") if draw.chance(0.6) else draw.frame("history")
        details = [draw("detail"), aside]
        if draw.chance(0.5):
            details.reverse()
        opening = draw.frame("opening") if draw.chance(0.6) else ""
        closing = draw.frame("closing") if draw.chance(0.6) else ""
        subject = draw("subject") if draw.chance(_SUBJECT) else ""
        return _join(opening, subject, draw("situation"), *details, draw("request"), closing)

    def _letter(self, draw: "_Draw", person: Person) -> str:
        first = _join(draw("situation"), draw("detail"))
        second = _join(draw.frame("history"), draw("detail") if draw.chance(0.5) else "")
        third = _join(draw.frame("life") if draw.chance(0.5) else "", draw("request"))
        if draw.chance(_CROSS_INTENTS.get(draw.intent, 0.0)):
            third = _join(third, draw.frame("cross"))
        paragraphs = [draw.frame("letter"), first, second, third, draw.frame("signature")]
        if draw.chance(0.3):
            del paragraphs[2]
        return "\n\n".join(p for p in paragraphs if p)

    def _in_hand(self, text: str, person: Person, rng: Random, *, slang: bool, letter: bool) -> str:
        if slang:
            return self._in_slang(text, rng)
        if self._book.language == "en":
            text = wording.in_own_words(text, person.user_id)
        case = "tidy" if letter and person.case != "lower" else person.case
        if not person.apostrophes:
            text = noise.without_apostrophes(text)
        text = noise.type_like(text, case, person.typo_rate, rng)
        if rng.random() < 0.015:
            text = noise.shout(text)
        if person.emoji and rng.random() < 0.4:
            text += " " + rng.choice(("🙏", "😅", "😊", "🙈", "😩", "👍", ":)", "❤️", "🤷"))
        return text

    def _in_slang(self, text: str, rng: Random) -> str:
        """Mostly other spellings; a greeting or a parting word only around a real sentence."""
        dressed = len(text.split()) > 7
        opening = rng.choice(self._book.frame("slang_opening")) if rng.random() < 0.3 else ""
        closing = rng.choice(self._book.frame("slang_closing")) if rng.random() < 0.4 else ""
        if dressed and not opening and rng.random() < 0.3:
            opening = rng.choice(noise.FILLERS)
        spoken = noise.slang(text, rng)
        return " ".join(part for part in (opening, spoken, closing) if part) if dressed else spoken


class _Draw:
    """Pieces for one query, with its slots filled."""

    def __init__(self, writer: Writer, intent: str, topic: str, slots: Slots, rng: Random) -> None:
        self.intent, self._topic = intent, topic
        self._writer, self._slots, self._rng = writer, slots, rng
        self._used: set[str] = set()
        self.greets = 0.0  # how likely a greeting is

    def __call__(self, kind: str) -> str:
        return self._one(self._writer.book.pieces(self.intent, self._topic, kind))

    def frame(self, kind: str) -> str:
        return self._one(self._writer.book.frame(kind))

    def chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def with_tail(self, text: str) -> str:
        """The text with something added that people add, about the order where there is one."""
        has_order = self.intent in _ABOUT_AN_ORDER and self.chance(0.55)
        questions = noise.asks(re.split(r"[.!?]\s+", text)[-1]) or text.endswith("?")
        kind = "tail_order" if has_order else "tail"
        tail = self.frame("tail_question" if questions and self.chance(0.4) else kind)
        if not tail:
            return text
        link = self._rng.choice((", ", ", ", " - ", ". ", ".. ", " ... ", "\n"))
        if text[-1] in ".?!)" or tail[0] == "(":
            link = " "
        elif noise.asks(text) and self.chance(0.7):
            link = "? "
        return text + link + tail

    def _one(self, pieces: tuple[str, ...]) -> str:
        piece = self._writer.draw(pieces, self._rng)
        for _ in range(4):
            if piece not in self._used and not self._repeats(piece):
                break
            piece = self._writer.draw(pieces, self._rng)
        self._used.add(piece)
        text = fill(piece, self._slots, self._rng)
        return with_articles(text) if self._writer.book.language == "en" else text

    def _repeats(self, piece: str) -> bool:
        """Whether the piece names again what was named: "order 12 … (order 12)"."""
        return any(f"{{{name}}}" in piece and name in self._slots for name in ("order", "who"))


def _join(*parts: str) -> str:
    """Parts as one run of text, each closed by a mark where it has none."""
    said = [part for part in parts if part]
    for i, part in enumerate(said[:-1]):
        if part[-1].isalnum() or part[-1] in ')"%':
            said[i] = part + _mark(part, said[i + 1])
    return " ".join(said)


def _mark(part: str, following: str) -> str:
    if len(part) < 18 and len(part.split()) < 4:
        return "," if following[0].islower() else "!" if len(part) % 3 == 0 else "."
    last = re.split(r"[.!?]\s+", part)[-1]
    return "?" if noise.asks(last) else "." if following[0].isupper() else ","
