"""What holds for every reader, found in the registry."""

import importlib.util
from pathlib import Path

import pytest

from llmops_lab._spans.schema import SPANS
from llmops_lab.readers._reader import readers

ROOT = Path(__file__).resolve().parent.parent.parent
BESIDE = {"start_ns", "end_ns", "first_token_ns", "input", "output"}


@pytest.mark.parametrize("name", readers)
def test_a_reader_fills_only_columns_that_there_are(name):
    assert {field.column for field in readers[name].fields} <= SPANS.keys() | BESIDE


@pytest.mark.parametrize("name", readers)
def test_no_two_readers_are_known_by_the_same_keys(name):
    others = [s for other in readers.values() if other.name != name for s in other.signatures]
    assert not set(readers[name].signatures) & set(others)
    assert all(len(signature) for signature in readers[name].signatures)


def test_the_reference_table_is_what_the_readers_say():
    path = ROOT / "scripts/formats_reference.py"
    spec = importlib.util.spec_from_file_location("formats_reference", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs/reference/formats.md").read_text() == script.reference()
