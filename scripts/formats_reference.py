"""Write docs/reference/formats.md from the readers: `python scripts/formats_reference.py`."""

from pathlib import Path

from llmops_lab.readers._reader import Reader, readers

TARGET = Path(__file__).resolve().parent.parent / "docs/reference/formats.md"
FILLS = {
    "duration": {"end_ns", "duration_s"},
    "first token": {"first_token_ns", "ttft_s"},
    "tokens": {"input_tokens"},
    "cached": {"cache_read_tokens"},
    "cost": {"cost_reported_usd"},
    "errors": {"status"},
    "texts": {"input", "output", "input_text"},
    "user": {"user_id"},
    "session": {"conversation_id"},
    "prompt": {"prompt_name"},
}
HEAD = """# Trace formats

Made from the readers by `make reference`; do not edit. `read_traces` knows a format by the keys of
its records, never by their values; `format="name"` decides where the keys leave doubt. Any other
table reads with `mapping=`.

*Evidence*: **real file** – a file that the tool itself or its users wrote is read in the tests and
its sums are checked by another route; **made with the tool's package** – the tests' file was made
offline with the tool's own code; **real file seen in public** – the reader was tried on a real file
of the public repository named, and the tests' records have its shape; **from the published
schema** – the tests' records were written by hand from the tool's schema or code, and no real file
was at hand.

| format | what it is | known by the keys | fills | evidence |
| --- | --- | --- | --- | --- |
"""


def row(reader: Reader) -> str:
    """One line of the table."""
    filled = {field.column for field in reader.fields}
    known = " or ".join("`" + " ".join(sorted(keys)) + "`" for keys in reader.signatures)
    fills = ", ".join(name for name, columns in FILLS.items() if columns & filled)
    by = f": {reader.source}" if reader.source else ""
    return f"| `{reader.name}` | {reader.title} | {known} | {fills} | {reader.evidence}{by} |"


def reference() -> str:
    """The whole page."""
    return HEAD + "\n".join(row(reader) for reader in readers.values()) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(reference())
