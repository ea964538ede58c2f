"""API keys, tokens and passwords, known by the form their makers give them or by the word before.

The prefixes are those the providers publish for secret scanning. A value after a word such as
`password` counts when it looks made up: letters and digits, and no ordinary word.
"""

import re
from typing import Final

# Each is as valid in Rust as in Python, so that Polars can look for it in a whole column.
_FORMS: Final = (
    r"sk-(?:[a-z0-9]{2,8}-)*[A-Za-z0-9_-]{20,}",  # OpenAI, Anthropic, OpenRouter, Langfuse
    r"lsv2_(?:pt|sk)_[0-9a-f]{32}(?:_[0-9a-f]{10})?",  # LangSmith
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",  # AWS access key id
    r"gh[pousr]_[A-Za-z0-9]{36,}",
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"glpat-[A-Za-z0-9_-]{20,}",
    r"AIza[A-Za-z0-9_-]{35}",
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"GOCSPX-[A-Za-z0-9_-]{28}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"xapp-[0-9]-[A-Za-z0-9-]{20,}",
    r"hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
    r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*",  # JWT
    r"hf_[A-Za-z0-9]{30,}",
    r"gsk_[A-Za-z0-9]{40,}",
    r"xai-[A-Za-z0-9]{40,}",
    r"pplx-[A-Za-z0-9]{40,}",
    r"r8_[A-Za-z0-9]{37,}",
    r"tvly-[A-Za-z0-9-]{20,}",
    r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-AgE[A-Za-z0-9_-]{30,}",
    r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",  # SendGrid
)
_WORDS: Final = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret(?:[ _-]?(?:access[ _-]?)?key)?|api[ _-]?key|token"
    r"|access[ _-]?key|account[ _-]?key|private[ _-]?key|credentials?|authorization"
    r"|[?&;]sig|x-amz-signature)"
)
_AFTER: Final = rf"(?i:{_WORDS})[\\\"'`]{{0,4}}(?:\s*[:=]{{1,2}}>?\s*|\s+is:?\s+)[\\\"'`]{{0,4}}"
_VALUE: Final = r"[A-Za-z0-9+/=_.~!@#$%^&*-]"
_SCHEME: Final = r"(?i:bearer|basic)\s+[A-Za-z0-9+/=_.~-]"
_IN_ADDRESS: Final = r"[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,100}:[^\s/@]"
_BLOCK: Final = r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"

HINTS: Final = (
    "|".join(_FORMS),
    _AFTER + _VALUE + "{6}",
    _SCHEME + "{16}",
    _IN_ADDRESS + "{3,100}@",
    _BLOCK,
)
"""Patterns for Polars: no text without a match of one holds a key."""

FORMS: Final = re.compile(rf"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))(?:{'|'.join(_FORMS)})")
AFTER_WORD: Final = re.compile(f"{_AFTER}({_VALUE}{{6,400}})")
BEARER: Final = re.compile(r"(?i:bearer|basic)\s+([A-Za-z0-9+/=_.~-]{16,2000})")
IN_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,100}:([^\s/@]{3,100})@")
BLOCK: Final = re.compile(
    _BLOCK + r"(?:[^-]|-(?!----)){0,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)

_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[A-Za-z]")
_NUMBER: Final = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?[.,]?")
_MIXED: Final = 8


def looks_made_up(value: str) -> bool:
    """Letters and digits, few of them twice: "9f8a7b6c5d", not "required", "2.5e-6" or "v1"."""
    if _NUMBER.fullmatch(value) or not (_DIGIT.search(value) and _LETTER.search(value)):
        return False
    return len(set(value)) >= min(_MIXED, len(value) - 2)
