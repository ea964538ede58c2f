"""Segments in words: id, name, words and examples of each, and the groups they fall into."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from llmops_lab._scan.landmarks import Ints, Matrix
from llmops_lab._scan.language import language_name, language_of
from llmops_lab._scan.units import Bools
from llmops_lab._scan.words import examples
from llmops_lab._segments.measures import measured
from llmops_lab._segments.phrases import phrases
from llmops_lab._segments.table import shortened

_LONGEST_EXAMPLE = 48
_SAMPLE = 40
_READ = 300
_MOSTLY = 0.6
_TOLD = {
    "segment": pl.Int64,
    "id": pl.String,
    "name": pl.String,
    "words": pl.List(pl.String),
    "exemplars": pl.List(pl.String),
    "group": pl.Int64,
    "group_name": pl.String,
}


def described(
    rows: pl.DataFrame, matrix: Matrix, membership: Ints, group_of: Ints, embedder: str
) -> pl.DataFrame:
    """`Segments.frame` of rows with a `text`, their vectors and the segment of each."""
    texts: list[str] = rows["text"].to_list()
    members = [membership == s for s in range(len(group_of))]
    groups = [np.isin(membership, np.flatnonzero(group_of == g)) for g in np.unique(group_of)]
    terms = phrases(texts, [*members, *groups])
    shown = [examples(matrix, texts, np.flatnonzero(group)) for group in [*members, *groups]]
    names = named(texts, [*members, *groups], terms, shown)
    told = pl.DataFrame(
        {
            "segment": list(range(len(members))),
            "id": [segment_id(texts, group, embedder) for group in members],
            "name": names[: len(members)],
            "words": terms[: len(members)],
            "exemplars": shown[: len(members)],
            "group": group_of,
            "group_name": [names[len(members) + int(g)] for g in group_of],
        },
        schema=_TOLD,
    )
    return with_measures(told, rows, membership)


def with_measures(told: pl.DataFrame, rows: pl.DataFrame, membership: Ints) -> pl.DataFrame:
    """The segments with what they measure in these rows; n is 0 where there are none."""
    placed = rows.with_columns(segment=pl.Series(membership, dtype=pl.Int64))
    found = measured(placed.filter(pl.col("segment") >= 0), ["segment"])
    both = told.join(found, on="segment", how="left", maintain_order="left")
    n = pl.col("n").fill_null(0)
    both = both.with_columns(n, (n / max(1, rows.height)).alias("share"))
    first = ["segment", "id", "name", "words", "n", "n_users", "share", "exemplars"]
    rest = [c for c in both.columns if c not in first]
    return both.with_columns(pl.col("n_users").fill_null(0)).select(*first, *rest)


def segment_id(texts: Sequence[str], members: Bools, embedder: str) -> str:
    """8 hex digits from the texts in the segment, in any order, and their embedder."""
    said = sorted({texts[int(i)] for i in np.flatnonzero(members)})
    joined = "\0".join([embedder, *said]).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:8]


def named(
    texts: Sequence[str],
    groups: Sequence[Bools],
    terms: Sequence[list[str]],
    shown: Sequence[list[str]],
) -> list[str]:
    """A name each, no two alike: phrases, after the language where it is not the usual one.

    A group of several languages, none of them the usual one, is named by them; one that says
    nothing in common by its first example.
    """
    usual = Counter(_languages(texts, np.arange(len(texts)))).most_common(1)
    common = usual[0][0] if usual else None
    names: list[str] = []
    for group, said, example in zip(groups, terms, shown, strict=True):
        spoken = Counter(_languages(texts, np.flatnonzero(group)))
        possible = [_with_language(name, spoken, common) for name in _names(said, example)]
        names.append(next((name for name in possible if name not in names), possible[-1]))
    return names


def _names(said: list[str], shown: list[str]) -> list[str]:
    """From the shortest name that says enough to longer ones, in case that one is taken."""
    example = f"“{shortened(shown[0], _LONGEST_EXAMPLE)}”" if shown else "nothing in common"
    if not said:
        return [example]
    usual = 2 if " " in said[0] else 3
    longer = [" · ".join(said[:n]) for n in range(usual, max(usual, len(said)) + 1)]
    return [*longer, f"{longer[0]}: {example}"]


def _with_language(name: str, spoken: "Counter[str]", common: str | None) -> str:
    total = spoken.total()
    most = [code for code, times in spoken.most_common(4) if times >= 0.1 * total]
    if not most or spoken[common or ""] >= 0.2 * total:
        return name
    languages = ", ".join(language_name(code) for code in most)
    return f"{languages}: {name}" if spoken[most[0]] >= _MOSTLY * total else languages


def _languages(texts: Sequence[str], rows: Ints) -> list[str]:
    """The languages of a sample of the rows, where the text tells."""
    sample = rows[:: max(1, len(rows) // _SAMPLE)]
    found = [language_of(texts[int(i)][:_READ]) for i in sample]
    return [language for language in found if language is not None]
