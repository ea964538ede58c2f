"""One broken element of an array is one rejection; every other element is read."""

import json

import pytest

from llmops_lab import read_traces
from llmops_lab.errors import FormatError


def run(n, **changes):
    return {
        "id": str(n),
        "trace_id": "t",
        "name": "n",
        "run_type": "llm",
        "start_time": "2026-01-01T00:00:00Z",
        "prompt_tokens": n,
        "inputs": {"messages": [{"role": "user", "content": 'a "text", with {brackets}]'}]},
        **changes,
    }


def spoiled(text, how):
    """One element broken as editors, crashes and bad escaping break them."""
    return {
        "a missing quote": lambda: text.replace('"n"', 'n"', 1),
        "an odd quote in a text": lambda: text.replace("a ", 'a" ', 1),
        "a missing colon": lambda: text.replace(":", "", 1),
        "a missing comma": lambda: text.replace(",", "", 1),
        "a word that is no JSON": lambda: text.replace('"t"', "undefined", 1),
        "a bracket too many": lambda: text.replace("[", "[[", 1),
        "a bracket too few": lambda: text[: text.rindex("}")],
        "cut in the middle": lambda: text[: len(text) // 2],
        "bytes of another file": lambda: "PK\x03\x04" + text[20:],
    }[how]()


HOW = [
    "a missing quote",
    "an odd quote in a text",
    "a missing colon",
    "a missing comma",
    "a word that is no JSON",
    "a bracket too many",
    "a bracket too few",
    "cut in the middle",
    "bytes of another file",
]
ENVELOPES = {
    "array": "[{}]",
    "page": '{{"meta": {{"page": 1}}, "data": [{}]}}',
    "page with more": '{{"data": [{}], "meta": {{"page": 1}}}}',
}


def texts(n, *, indent):
    return [json.dumps(run(i), indent=indent) for i in range(1, n + 1)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("around", ENVELOPES)
@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("how", HOW)
def test_a_broken_element_is_one_rejection_with_its_place(how, place, around, indent):
    items = texts(5, indent=indent)
    items[place] = spoiled(items[place], how)
    traces = read_traces(ENVELOPES[around].format(",\n".join(items)).encode())
    kept = [str(n) for n in range(1, 6) if n != place + 1]
    assert traces.spans["span_id"].to_list() == kept
    assert traces.rejected["line"].to_list() == [place + 1]
    assert traces.rejected["reason"][0].startswith("not JSON")


@pytest.mark.parametrize("around", ENVELOPES)
def test_an_array_that_is_cut_off_keeps_all_whole_elements(around):
    whole = ENVELOPES[around].format(", ".join(texts(4, indent=None)))
    cut = whole[: whole.index('"id": "4"') + 80]
    traces = read_traces(cut.encode())
    assert traces.spans["span_id"].to_list() == ["1", "2", "3"]
    assert traces.rejected["line"].to_list() == [4]


def test_two_broken_elements_are_two_rejections():
    items = texts(6, indent=2)
    for place in (1, 4):
        items[place] = spoiled(items[place], "a missing quote")
    traces = read_traces(f"[{','.join(items)}]".encode())
    assert traces.spans["span_id"].to_list() == ["1", "3", "4", "6"]
    assert traces.rejected["line"].to_list() == [2, 5]


def test_one_record_that_breaks_off_is_no_record():
    text = json.dumps(run(1))
    with pytest.raises(FormatError, match="cut off"):
        read_traces(text[: text.index("brackets")].encode())
    several = json.dumps(run(1, events=[{"name": "a"}, {"name": "b"}]))
    with pytest.raises(FormatError, match="cut off"):
        read_traces(several[:-8].encode())


def test_nothing_but_rubbish_in_brackets_is_no_export():
    with pytest.raises(FormatError):
        read_traces(b"[rubbish, more rubbish]")


def test_a_large_broken_array_reads_in_time():
    items = texts(3000, indent=None)
    items[7] = spoiled(items[7], "an odd quote in a text")
    traces = read_traces(f"[{','.join(items)}]".encode())
    assert (traces.spans.height, traces.rejected.height) == (2999, 1)
