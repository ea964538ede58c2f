"""Which language a text is in."""

# Log-likelihood by which the best language must lead the next: below it a text is too short.
_LEAD = 5.0
# fmt: off
_NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}
# fmt: on


def language_of(text: str) -> str | None:
    """ISO 639-1 code of the text's language, None when the text does not tell."""
    import py3langid

    # Codes of three letters are dialects and pidgins that short texts look like too easily.
    ranks = [(code, value) for code, value in py3langid.rank(text) if len(code) == 2]
    (best, likelihood), (_, second) = ranks[:2]
    return best if likelihood - second >= _LEAD else None


def language_name(code: str) -> str:
    """The English name of a language, or its code."""
    return _NAMES.get(code, code)
