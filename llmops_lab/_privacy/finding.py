"""Where personal data and secrets stand in a text."""

import re
import unicodedata
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from llmops_lab._privacy import keys, numbers

KINDS: Final = ("key", "email", "account", "card", "ssn", "ip", "phone", "name")
"""What is found, the surest first: where two overlap, the first one counts."""

MASK: Final = re.compile(r"\[(KEY|EMAIL|ACCOUNT|CARD|SSN|IP|PHONE|NAME|USER)_[0-9a-f]{8}\]")

_EMAIL: Final = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-]*@)"
)
# JSON may write any character of a value as an escape.
_ESCAPED: Final = r"\\u00[2-7]"
_EMAIL_HINT: Final = r"[\w+%-]@[\w-]+\."


@dataclass(frozen=True)
class Found:
    """A piece of a text, text[start:end], and what kind it is of."""

    kind: str
    start: int
    end: int


Finder = Callable[[str], Iterator[tuple[int, int]]]


def find_personal(
    text: str, *, kinds: Iterable[str] = KINDS, names: Iterable[str] = ()
) -> list[Found]:
    """Every piece of personal data and every secret in the text, in order, none inside another.

    Masks that stand there already are passed over.
    """
    taken = [match.span() for match in MASK.finditer(text)]
    pieces: list[Found] = []
    for kind in (kind for kind in KINDS if kind in set(kinds)):
        spans = _names(text, tuple(names)) if kind == "name" else _FINDERS[kind](text)
        for span in spans:
            if _is_free(span, taken):
                pieces.append(Found(kind, *span))
                insort(taken, span)
    return sorted(pieces, key=lambda piece: piece.start)


def _is_free(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    """Whether a span overlaps none of the others, which are in order."""
    place = bisect_left(taken, span)
    beside = taken[max(0, place - 1) : place + 1]
    return all(span[1] <= start or end <= span[0] for start, end in beside)


def hints(kinds: Iterable[str]) -> list[str]:
    """Patterns for Polars: a text with something of these kinds matches one; names aside.

    Apart they are quick, as one pattern they outgrow the cache of Rust's matcher.
    """
    wanted = set(kinds)
    numbered = bool(wanted - {"key", "email", "name"})
    return [
        _ESCAPED,
        *(keys.HINTS if "key" in wanted else ()),
        *((_EMAIL_HINT,) if "email" in wanted else ()),
        *(numbers.HINTS if numbered else ()),
    ]


def _keys(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (keys.BLOCK, keys.FORMS):
        for match in pattern.finditer(text):
            if re.search(r"\d", match[0]) or pattern is keys.BLOCK:
                yield match.span()
    for pattern in (keys.IN_ADDRESS, keys.BEARER, keys.AFTER_WORD):
        for match in pattern.finditer(text):
            if pattern is keys.IN_ADDRESS or keys.looks_made_up(match[1]):
                yield match.span(1)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    for match in _EMAIL.finditer(text):
        # In code and in text that was escaped twice a line ends with the letters `\\n`.
        escaped = text[match.start() - 1 : match.start()] == "\\" and match[0][0] in "nrt"
        start = match.start() + escaped
        # `git@github.com:owner/repo` is an address of code, not of a person.
        if text[start] != "@" and not text.startswith("git@", start):
            yield start, match.end()


def _starting(pattern: re.Pattern[str], part: Callable[[str], str | None]) -> Finder:
    """Where the pattern matches, the part that the match begins with."""

    def spans(text: str) -> Iterator[tuple[int, int]]:
        for match in pattern.finditer(text):
            found = part(match[0])
            if found:
                yield match.start(), match.start() + len(found)

    return spans


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (numbers.IPV4, numbers.IPV6):
        found = (match for match in pattern.finditer(text) if numbers.is_address(match[0]))
        yield from (match.span() for match in found)


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in numbers.PHONE_AFTER_WORD.finditer(text):
        if not re.fullmatch(r"\d+\.\d+", match[1]):
            yield match.span(1)
    yield from _starting(numbers.PHONE, numbers.phone_in)(text)


def _names(text: str, names: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    pattern = _pattern_of(names)
    return (match.span() for match in pattern.finditer(text)) if pattern else iter(())


@lru_cache(maxsize=8)
def _pattern_of(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """The longest name first, in any case, spacing and Unicode form."""
    forms = {unicodedata.normalize(form, name) for name in names for form in ("NFC", "NFD") if name}
    words = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(_whole, words)), re.IGNORECASE) if words else None


def _whole(name: str) -> str:
    """The name as a whole word, where its script has spaces between words."""
    body = r"\s+".join(re.escape(part) for part in name.split())
    spaced = all(ord(letter) < 0x2E80 for letter in name)
    return rf"(?:(?<!\w)|(?<=\\[nrt])){body}(?!\w)" if spaced else body


_FINDERS: Final[dict[str, Finder]] = {
    "key": _keys,
    "email": _emails,
    "account": _starting(numbers.IBAN, numbers.account_in),
    "card": _starting(numbers.CARD, numbers.card_in),
    "ssn": _starting(numbers.SSN, str),
    "ip": _addresses,
    "phone": _phones,
}
