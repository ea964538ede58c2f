"""Keys and tokens out of texts that are shown or kept."""

import os
import re

_SECRET_NAME = re.compile("KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_SHORTEST = 8


def error_text(error: Exception) -> str:
    """An error as it is kept with a result: its kind and what it says, without secrets."""
    return without_secrets(f"{type(error).__name__}: {error}")


def without_secrets(text: str) -> str:
    """The text with the values of secret environment variables replaced by their names."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and _SECRET_NAME.search(name) and value in text:
            text = text.replace(value, f"${name}")
    return text
