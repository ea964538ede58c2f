"""A masker puts masks in the place of personal data and secrets, in texts, JSON and columns."""

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from llmops_lab._privacy.finding import KINDS, find_personal, hints
from llmops_lab._privacy.mask_key import mask_key
from llmops_lab.errors import LabError

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])\d{7,19}(?![\d.eE])')
_QUOTE: Final = '"'
_ESCAPE: Final = "\\u"
_COLON: Final = re.compile(r"\s*:")
_LONG: Final = 10**6
_SPACES: Final = re.compile(r"[\s().-]+")
_FOLDED: Final = frozenset({"email", "account", "card", "phone", "ssn", "ip", "name"})


@dataclass(frozen=True)
class Masker:
    """What to mask: `kinds`, and the `names` a user lists. `kept` values stay as they are.

    The same value gets the same mask under the same `key`; None takes the project's or user's.
    """

    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = KINDS
    key: bytes | None = None
    kept: str = ""

    def __post_init__(self) -> None:
        strange = set(self.kinds) - set(KINDS)
        if strange:
            raise LabError(f"nothing to mask is called {min(strange)!r}; there are: {_named()}")

    def text(self, text: str) -> str:
        """The text with masks; JSON stays JSON."""
        return self._told(text)

    def value(self, value: Any, name: str = "") -> Any:
        """Any JSON value with masks in its texts, keys and long numbers; `name` is its key."""
        if isinstance(value, str):
            return self._told(value, f"{name}: " if name else "")
        if isinstance(value, dict):
            return {self.text(key): self.value(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, int) and abs(value) >= _LONG:
            masked = self._plain(str(value), f"{name}: ")
            return value if masked == str(value) else masked
        return value

    def column(self, values: pl.Series) -> pl.Series:
        """A column of texts or lists of texts with masks; what cannot need one is passed over."""
        if isinstance(values.dtype, pl.List):
            return self._lists(values)
        doubtful = values.filter(self._may_hold(values)).unique()
        masked = pl.Series([self.text(text) for text in doubtful], dtype=pl.String)
        changed = doubtful != masked
        return values.replace(doubtful.filter(changed), masked.filter(changed))

    def frame(self, frame: pl.DataFrame, *, kept: Iterable[str] = ()) -> pl.DataFrame:
        """The table with masks in its columns of texts, but for the `kept` ones."""
        texts = (pl.String, pl.List(pl.String))
        names = [n for n, dtype in frame.schema.items() if dtype in texts and n not in set(kept)]
        return frame.with_columns(self.column(frame[name]) for name in names)

    def mask(self, kind: str, value: str) -> str:
        """The mask of a value: `[EMAIL_3f2a9c1b]`, the same however the value is written."""
        said = _SPACES.sub("", value) if kind in ("phone", "card", "account", "ssn") else value
        said = " ".join(unicodedata.normalize("NFC", said).split())
        said = said.casefold() if kind in _FOLDED else said
        key = self.key or mask_key()
        digest = hmac.new(key, f"{kind}\0{said}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"[{kind.upper()}_{digest.hexdigest()[:8]}]"

    def _told(self, text: str, before: str = "") -> str:
        return self._json(text) if _is_json(text) else self._plain(text, before)

    def _plain(self, text: str, before: str = "") -> str:
        """The text with masks; `before` is what it stands behind, and stays."""
        # What one mask has cut apart may show another value whole.
        while pieces := self._pieces(text, before):
            parts, last = list[str](), 0
            for kind, start, end in pieces:
                parts += [text[last:start], self.mask(kind, text[start:end])]
                last = end
            text = "".join([*parts, text[last:]])
        return text

    def _pieces(self, text: str, before: str) -> list[tuple[str, int, int]]:
        found = find_personal(before + text, kinds=self.kinds, names=self.names)
        places = [(p.kind, p.start - len(before), p.end - len(before)) for p in found]
        return [
            (kind, start, end)
            for kind, start, end in places
            if start >= 0 and text[start:end] not in self.kept
        ]

    def _json(self, text: str) -> str:
        """The JSON text with masks inside its strings; every other byte stays."""
        parts, last, name = list[str](), 0, ""
        for token in _TOKEN.finditer(text):
            is_name = token[0][0] == '"' and bool(_COLON.match(text, token.end()))
            parts += [text[last : token.start()], self._token(token[0], name)]
            last = token.end()
            name = f"{token[0].strip(_QUOTE)}: " if is_name else ""
        return "".join([*parts, text[last:]])

    def _token(self, token: str, name: str) -> str:
        if token[0] != _QUOTE:
            masked = self._plain(token, name)
            return token if masked == token else f'"{masked}"'
        told = json.loads(token, strict=False)
        masked = self._told(told, name)
        return token if masked == told else json.dumps(masked, ensure_ascii=_ESCAPE in token)

    def _lists(self, values: pl.Series) -> pl.Series:
        flat = values.explode()
        masked = self.column(flat)
        if masked.equals(flat, null_equal=True):
            return values
        masks = dict(zip(flat, masked, strict=True))
        rows = [None if row is None else [masks[text] for text in row] for row in values]
        return pl.Series(values.name, rows, dtype=values.dtype)

    def _may_hold(self, texts: pl.Series) -> pl.Series:
        """Which texts are worth a closer look."""
        text = pl.col("text")
        looks = [text.str.contains(pattern) for pattern in hints(self.kinds)]
        if self._rarest_words:
            looks.append(text.str.to_lowercase().str.contains_any(self._rarest_words))
        held = pl.any_horizontal(looks).fill_null(value=False)
        return pl.DataFrame({"text": texts}).select(held).to_series()

    @cached_property
    def _rarest_words(self) -> list[str]:
        """The longest word of each name, in both Unicode forms."""
        if "name" not in self.kinds:
            return []
        words = [max(name.split(), key=len).lower() for name in self.names if name.strip()]
        return [unicodedata.normalize(form, word) for word in words for form in ("NFC", "NFD")]


def _is_json(text: str) -> bool:
    """An object or an array in JSON; a number or a quoted text is a text."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _named() -> str:
    return ", ".join(KINDS)
