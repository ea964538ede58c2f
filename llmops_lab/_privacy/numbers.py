"""Numbers that belong to a person: cards, accounts, phones, addresses on the net.

Digits are everywhere in traces, so each kind must also pass a check: a card its Luhn sum and a
known first digit, an account its country's length and remainder, a phone number the numbering
plan or a way of writing that only phone numbers have.
"""

import ipaddress
import re
from typing import Final

_PHONE_WORDS: Final = (
    r"\b(?i:phone|telephone|tel|mobile|cell|whatsapp|fax|call|telefon|handy|móvil|teléfono)\b"
)
# Not inside a word or a number; in text that was escaped twice a line ends with the letters `\n`.
_START: Final = r"(?:(?<![\w+.,/-])|(?<=\\[nrt]))"
CARD: Final = re.compile(
    _START
    + r"""(?:
      [3-6]\d{12,18}
    | [3-6]\d{3}(?:[ -]\d{4}){3}(?:[ -]\d{1,3})?
    | 3\d{3}[ -]\d{6}[ -]\d{4,5}
    )(?![\w-]|\.\d)""",
    re.VERBOSE | re.ASCII,
)
IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
SSN: Final = re.compile(
    r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", re.ASCII
)
PHONE: Final = re.compile(
    _START
    + r"""(?:
      \+(?=[1-9(])\(?\d{1,3}\)?[\d\ ()./-]{5,20}\d         # international
    | 00[1-9]\d{0,2}[\ /-]\(?\d[\d\ ()./-]{4,18}\d        # the same, as dialled
    | \(0?\d{2,5}\)[\ -]?\d[\d\ /-]{4,10}\d                # (area) number
    | \d{3}([-.])\d{3}\1\d{4}                              # 555-123-4567
    | 0\d(?:[ .-]\d{2}){4}                                # 06 12 34 56 78
    | 0\d{1,4}[\ /-]\d[\d\ /-]{4,12}\d                     # 030 1234567
    )(?![\w-]|[.,]\d)""",
    re.VERBOSE | re.ASCII,
)
PHONE_AFTER_WORD: Final = re.compile(
    rf"{_PHONE_WORDS}[\"']?[ .:#]{{0,3}}(?:(?i:no\.?|number|nummer)(?: is)?|is|me|at)?[ .:]{{0,2}}"
    r"(?:at |on |under )?(\+?\d[\d ().-]{5,17}\d)(?![\w-])",
    re.ASCII,
)
IPV4: Final = re.compile(_START + r"(?<!ersion )\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)", re.ASCII)
IPV6: Final = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")

HINTS: Final = (
    r"[3-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{2}|3[0-9]{3}[ -][0-9]{6}",  # card
    r"[A-Za-z]{2}[0-9]{2}[ -]?[A-Za-z0-9]{4}[ -]?[A-Za-z0-9]{4}",  # account
    r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3}[.-][0-9]{3}[.-][0-9]{4}",
    r"(?:\+|00)\(?[1-9][0-9]?[0-9]?\)?[0-9 ()./-]{5}|\(0?[0-9]{2,5}\)[ -]?[0-9]",
    r"0[0-9]{1,4}[ /-][0-9][0-9 /-]{4}|0[0-9][ .-][0-9]{2}[ .-][0-9]{2}[ .-]",
    _PHONE_WORDS + r"[^\n]{0,24}[0-9]{2}",
    r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]|::[0-9A-Fa-f]",
)
"""Patterns for Polars: no text without a match of one holds one of these."""

# A number without its country is a phone number if it is one in any of these.
_REGIONS: Final = (
    *("US", "GB", "DE", "FR", "ES", "IT", "NL", "BE", "AT", "CH"),
    *("SE", "PL", "PT", "IE", "IN", "AU", "NZ", "JP", "BR", "MX"),
)
_DATE: Final = re.compile(r"\d{1,4}([ ./-])\d{1,2}\1\d{1,4}(?!\d)")
_IN_PAIRS: Final = re.compile(r"0\d(?:[ .-]\d{2}){4}")  # as France writes it
_SPLIT: Final = re.compile(r"[ ()./-]+(?=[^ ()./-]*$)")


def card_in(text: str) -> str | None:
    """The card number that a run of digits is, or begins with."""
    shorter = text[: max(text.rfind(" "), text.rfind("-"))]
    return next((run for run in (text, shorter) if _is_card(run)), None)


def _is_card(text: str) -> bool:
    """Luhn's check (ISO/IEC 7812) on 13 to 19 digits that are not all the same."""
    from stdnum import luhn

    digits = re.sub(r"\D", "", text)
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and luhn.is_valid(digits)


def account_in(text: str) -> str | None:
    """The IBAN that a run of letters and digits begins with, if its check digits are right."""
    from stdnum import iban

    for end in range(len(text), 14, -1):
        if text[end - 1] not in " -" and iban.is_valid(text[:end]):
            return text[:end]
    return None


def phone_in(text: str) -> str | None:
    """The phone number that a run of digits and signs begins with."""
    if _DATE.match(text) and not _IN_PAIRS.fullmatch(text):
        return None
    while len(re.sub(r"\D", "", text)) >= 7:
        if _is_phone(text):
            return text
        shorter = _SPLIT.search(text)
        if shorter is None:
            return None
        text = text[: shorter.start()]
    return None


def _is_phone(text: str) -> bool:
    import phonenumbers

    known = "+" + text[2:] if text.startswith("00") else text
    international = known.startswith("+")
    for region in (None,) if international else _REGIONS:
        try:
            number = phonenumbers.parse(known, region)
        except phonenumbers.NumberParseException:
            continue
        # People give made-up numbers with a country code; without one only real ranges count.
        right = phonenumbers.is_possible_number if international else phonenumbers.is_valid_number
        if right(number):
            return True
    return not international and bool(re.fullmatch(r"\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}", text))


def is_address(text: str) -> bool:
    """An IP address of a machine: not loopback, not unspecified, not a version number."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified:
        return False
    if address.version == 4:
        return any(len(part) > 1 for part in text.split("."))
    # `abc::def` is a name in C++ and Rust.
    return bool(re.search(r"\d", text)) and len(text.strip(":")) > 4
