"""The queries read as if people had written them: measured, as far as that can be."""

import re

import numpy as np
import pytest


@pytest.fixture(scope="module")
def queries(exported, truth):
    pasted = set(truth["plants"]["pasted_query"]["trace_ids"])
    return [trace.query for trace in exported if trace.trace_id not in pasted]


def _near_pairs(queries, threshold):
    """Pairs whose sets of five-letter runs overlap (Jaccard) beyond the threshold."""
    from scipy import sparse

    numbers: dict[str, int] = {}
    rows, columns = [], []
    for row, query in enumerate(queries):
        text = query.lower()
        for gram in {text[i : i + 5] for i in range(max(1, len(text) - 4))}:
            rows.append(row)
            columns.append(numbers.setdefault(gram, len(numbers)))
    grams = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)))
    sizes = np.asarray(grams.sum(axis=1)).ravel()
    pairs = 0
    for first in range(0, len(queries), 1000):
        shared = (grams[first : first + 1000] @ grams.T).tocoo()
        left = shared.row + first
        union = sizes[left] + sizes[shared.col] - shared.data
        pairs += int(((shared.data > threshold * union) & (left < shared.col)).sum())
    return pairs


def test_no_two_queries_in_twenty_are_alike(queries):
    pairs = _near_pairs(queries, 0.8)
    all_pairs = len(queries) * (len(queries) - 1) / 2
    # The chance that twenty queries drawn at random hold two that are nearly the same.
    assert 190 * pairs / all_pairs < 0.01


def test_lengths_run_from_three_words_to_three_paragraphs(queries):
    words = np.array([len(query.split()) for query in queries])
    assert np.mean(words <= 4) > 0.05
    assert 10 < np.median(words) < 22
    assert np.mean(words > 60) > 0.01
    assert sum(query.count("\n\n") >= 3 for query in queries) > 50


def test_the_vocabulary_is_large_and_no_slot_is_left_open(queries):
    words = {word for query in queries for word in re.findall(r"\w+", query.lower())}
    assert len(words) > 5000
    assert not [query for query in queries if re.search(r"\{\w+\}|\[\w+\|", query)]


def test_one_query_in_five_or_more_is_not_in_english(exported):
    stores = [trace.observations[0]["tags"][2] for trace in exported]
    counts = {store: stores.count(f"store:{store}") for store in ("de", "es", "fr", "pl")}
    assert all(count > 250 for count in counts.values())
    assert sum(counts.values()) > 0.2 * len(exported)


def test_intents_lie_apart_for_an_embedder(sample, whole):
    """5 nearest neighbours by wordllama, none of them from the query's own conversation."""
    import gzip

    import llmops_lab as lab

    text = gzip.decompress((sample / "traces" / "intents.csv.gz").read_bytes()).decode()
    intents = dict(line.split(",")[:2] for line in text.splitlines()[1:])
    found = lab.embed(whole)
    names, labels = np.unique([intents[i] for i in found.frame["trace_id"]], return_inverse=True)
    _, sessions = np.unique(found.frame["conversation_id"], return_inverse=True)
    right = np.empty(len(labels), bool)
    for first in range(0, len(labels), 500):
        block = slice(first, first + 500)
        likeness = found.matrix[block] @ found.matrix.T
        likeness[sessions[block, None] == sessions[None]] = -1
        near = labels[np.argpartition(-likeness, 5, axis=1)[:, :5]]
        votes = [np.bincount(row, minlength=len(names)).argmax() for row in near]
        right[block] = votes == labels[block]
    assert right.mean() > 0.78
    recall = labels == np.flatnonzero(names == "recall")[0]
    assert right[recall].mean() > 0.9
