"""What changed between two windows: segments, answers, style. Tested, with users as units.

Sources: Westfall and Young 1993 (step-down max-T); Chung and Romano 2013 (studentised
permutation tests).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from llmops_lab._drift.attribution import ATTRIBUTES, attribution, strongest
from llmops_lab._drift.attribution import SCHEMA as ATTRIBUTION
from llmops_lab._drift.comparison import Comparison, compared
from llmops_lab._drift.findings import Finding, bursts, changed_shares, described
from llmops_lab._drift.mix import SCHEMA as PARTS
from llmops_lab._drift.mix import decomposition
from llmops_lab._drift.note import note, table
from llmops_lab._drift.quality import METRICS, QUALITY, measured, segment_quality
from llmops_lab._drift.reasons import named_metrics
from llmops_lab._drift.spending import ON_SHARES, ON_STYLE, ON_WORSE
from llmops_lab._drift.worse import worse_answers
from llmops_lab._scan.landmarks import Matrix, first_two
from llmops_lab._scan.permutation import (
    count_rows,
    explore_shares,
    scan_shares,
    smallest_changes,
)
from llmops_lab._scan.tree_scan import LARGEST_SHARE, candidate_nodes, principal_axes, topics
from llmops_lab._scan.units import Bools, Floats, Ints
from llmops_lab._scan.words import broad_and_narrow_words, words
from llmops_lab.detectors._shift import Likelihood, Sample, Shift, detectors
from llmops_lab.embeddings import Embeddings, embed_alike
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

# Answers can get worse in a group too large to call its growth a new segment.
_LARGEST_GROUP = 0.35
# A group is a matter of style when this share of it uses words of the style.
_MOSTLY = 0.4
# Texts read to tell which words are style.
_MOST_READ = 20_000


@dataclass(frozen=True, repr=False)
class DriftReport:
    """What changed, and how small a change would have been seen.

    `frame`, a row per reported segment (see docs/architecture.md): strongest first, bursts last.
    `signals`, a row per global test: name, statistic, low, high, p_value, flagged, warned, words.
    `windows`, two rows: window, n, n_users (units: of what `units` says), start, end and `only`,
    the model, tenant or version that tells it from the other one. `membership` (n,) gives each row
    of baseline, then current, its segment or −1; `positions` (n, 2) its place on a map.
    `smallest_new` and `smallest_growth` (from 2 %) are shares seen 4 times in 5, None where none
    is. `embeddings` are those of both windows, in the order of `membership`.

    `attribution`, a row per segment and value of an attribute (prompt version, model, tenant,
    language …): Cochran–Mantel–Haenszel odds ratio with interval. `quality`, a row per metric
    over all queries (segment null), then per segment: means, change with interval, p-values by
    permuting units (inside the segment).
    `decomposition`, a row per metric and segment, then all else: `mix` and `rate` sum exactly
    to the metric's change.
    """

    frame: pl.DataFrame
    signals: pl.DataFrame
    windows: pl.DataFrame
    membership: Ints
    positions: np.ndarray[Any, np.dtype[np.float32]]
    is_current: Bools
    alpha: float
    smallest_new: float | None
    smallest_growth: float | None
    embeddings: Embeddings | None = None
    attribution: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ATTRIBUTION))
    quality: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUALITY))
    decomposition: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PARTS))
    exploratory: bool = False
    units: tuple[str, ...] = ("user",)

    def rows(self, segment: int) -> pl.DataFrame:
        """The trace rows of one segment in both windows, `is_current` telling which."""
        if self.embeddings is None:
            raise LabError("this report keeps no traces; make it with detect_drift")
        placed = self.embeddings.frame.with_columns(is_current=pl.Series(self.is_current))
        return placed.filter(self.membership == segment)

    @property
    def bursts(self) -> pl.DataFrame:
        """What at most three users each made, with their ids: no trend, and in no test."""
        shown = ("segment", "name", "burst_by", "share_baseline", "share_current", "exemplars")
        return self.frame.filter(kind="burst").select(shown)

    @property
    def found(self) -> bool:
        """Whether anything but bursts is reported."""
        segments = self.frame["kind"] != "burst"
        metrics = named_metrics(self)
        return bool(segments.any() or self.signals["flagged"].any() or metrics.height)

    def __str__(self) -> str:
        return "\n".join(note(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(self).html()


def detect_drift(
    baseline: Traces | Embeddings,
    current: Traces | Embeddings,
    *,
    alpha: float = 0.05,
    unit: str = "user_id",
    strata: str | Sequence[str] = (),
    exploratory: bool = False,
) -> DriftReport:
    """Which segments emerged, vanished, grew, shrank or got worse, and whether style shifted.

    Baseline and current are clustered together, blind to which is which; every node of the
    tree is tested by moving whole units (users, else conversations, else traces) between the
    windows, and `alpha` is the chance that a report without any change names anything.

    The windows are any two sets of traces (dates, prompt versions, models, tenants: see
    `Traces.split`, `.within`, `.filter`); `embed` them first to choose the embedder. `strata`
    are columns, or hour_of_week, weekday, hour, within which units trade windows, so that more
    traffic of one tenant or another hour is no change of what it asks. `exploratory` shows more:
    shares are then reported at a false discovery rate of `alpha`, and of the segments named
    about that part may be chance. Raises LabError for windows that are too small, overlap, or
    are embedded differently.
    """
    by = (strata,) if isinstance(strata, str) else tuple(strata)
    both = compared(*embed_alike(baseline, current), unit=unit, strata=by)
    axes, values = principal_axes(both.matrix), measured(both.frame)
    found = _tested(both, axes, values, alpha=alpha, exploratory=exploratory)
    membership = _membership(found.findings, len(both.texts))
    goes_with = attribution(both, found.findings, values)
    records = [
        {**record, **strongest(goes_with, i)}
        for i, record in enumerate(described(both, found.findings, values))
    ]
    return DriftReport(
        frame=_frame(records, values),
        signals=found.signals,
        windows=_windows(both),
        membership=membership,
        positions=first_two(axes),
        is_current=both.is_current,
        alpha=alpha,
        smallest_new=found.smallest_new,
        smallest_growth=found.smallest_growth,
        embeddings=Embeddings(both.matrix, both.frame, both.embedder, ""),
        attribution=goes_with,
        quality=segment_quality(both, [f.rows for f in found.findings], values),
        decomposition=decomposition(both, membership, values),
        exploratory=exploratory,
        units=both.unit_names,
    )


class _Found(NamedTuple):
    """What the tests named, and how small a change they could have seen."""

    findings: list[Finding]
    signals: pl.DataFrame
    smallest_new: float | None
    smallest_growth: float | None


def _tested(
    both: Comparison, axes: Matrix, values: dict[str, Floats], *, alpha: float, exploratory: bool
) -> _Found:
    """Shares first, then bursts, style and worse answers, each on what is not yet explained."""
    groups = candidate_nodes(axes, largest=_LARGEST_GROUP)
    nodes = groups.up_to(LARGEST_SHARE)
    counts = count_rows(both.units, nodes.cell, nodes.members)
    on_shares = alpha if exploratory else alpha * ON_SHARES
    result = (
        explore_shares(counts, level=on_shares)
        if exploratory
        else scan_shares(counts, alpha=on_shares)
    )
    changed = changed_shares(both, nodes, result, on_shares)
    few = bursts(both, nodes, result, _taken(changed, len(both.texts)), on_shares)
    topic = topics(axes, both.units)
    changed, signals = _style_apart(both, topic, changed, few, alpha * ON_STYLE)
    taken = _taken([*changed, *few], len(both.texts))
    worse = worse_answers(both, groups, values, taken, alpha * ON_WORSE)
    return _Found([*changed, *worse, *few], signals, *smallest_changes(counts, result.critical))


def _style_apart(
    both: Comparison, topic: Ints, changed: list[Finding], few: list[Finding], alpha: float
) -> tuple[list[Finding], pl.DataFrame]:
    """Findings without those that a shift of style explains, and the global tests.

    A group that grew by words which stand beside all kinds of words, and not by words of its
    own, is people who write differently, not people who ask for something new.
    """
    drawn = np.random.default_rng(both.seed).permutation(len(both.texts))[:_MOST_READ]
    texts = [both.texts[row] for row in drawn.tolist()]
    broad, narrow = broad_and_narrow_words(texts, both.is_current[drawn], both.unit_of_row[drawn])
    stylish = [
        f.kind in ("emerging", "grown")
        and _share_saying(both, f.rows & both.is_current, broad)
        > max(_MOSTLY, _share_saying(both, f.rows & both.is_current, narrow))
        for f in changed
    ]
    topical = [f for f, style in zip(changed, stylish, strict=True) if not style]
    signals = _signals(both, topic, [*topical, *few], alpha)
    style_shifted = not signals.filter("flagged", name="style").is_empty()
    return (topical if style_shifted else changed), signals


def _share_saying(both: Comparison, rows: Bools, wanted: list[str]) -> float:
    said = [bool(set(wanted) & set(words(both.texts[int(i)]))) for i in np.flatnonzero(rows)]
    return sum(said) / len(said)


def _taken(findings: list[Finding], n: int) -> Bools:
    taken = np.zeros(n, dtype=np.bool_)
    for finding in findings:
        taken |= finding.rows
    return taken


def _membership(findings: list[Finding], n: int) -> Ints:
    membership = np.full(n, -1, dtype=np.int64)
    for i, finding in enumerate(findings):
        membership[finding.rows & (membership < 0)] = i
    return membership


def _signals(both: Comparison, topic: Ints, findings: list[Finding], alpha: float) -> pl.DataFrame:
    """Every global test, on the rows that no reported segment explains."""
    kept = np.flatnonzero(~_taken(findings, len(both.texts)))
    units = both.units_of_rows(kept)
    texts = [both.texts[int(i)] for i in kept]
    sample = Sample(texts, units, topic[kept], both.seed, _likelihood(both.frame[kept]))
    shifts = {name: detectors[name](sample) for name in detectors}
    return pl.DataFrame(
        [_signal(name, shift, alpha) for name, shift in shifts.items() if shift is not None],
        schema=_SIGNALS,
    )


def _likelihood(frame: pl.DataFrame) -> Likelihood | None:
    """What models said of the probability of their answers; None where nothing was recorded."""
    wanted = ("model", "output_logprob", "n_logprobs")
    if not set(wanted) <= set(frame.columns) or not frame["n_logprobs"].sum():
        return None
    return Likelihood(
        frame["model"].fill_null("").to_numpy().astype(str),
        frame["output_logprob"].fill_null(float("nan")).to_numpy(),
        frame["n_logprobs"].fill_null(0).cast(pl.Float64).to_numpy(),
    )


_SIGNALS = {
    "name": pl.String,
    "statistic": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "flagged": pl.Boolean,
    "warned": pl.Boolean,
    "words": pl.List(pl.String),
}


def _signal(name: str, shift: Shift, alpha: float) -> dict[str, Any]:
    flagged = shift.p_value is not None and shift.p_value <= alpha
    if shift.low is not None and shift.flag_above is not None:
        flagged = flagged or shift.low > shift.flag_above
    warned = shift.low is not None and shift.warn_above is not None and shift.low > shift.warn_above
    return {
        "name": name,
        "statistic": shift.statistic,
        "low": shift.low,
        "high": shift.high,
        "p_value": shift.p_value,
        "flagged": flagged,
        "warned": warned or flagged,
        "words": list(shift.words),
    }


def _windows(both: Comparison) -> pl.DataFrame:
    masks = {"baseline": ~both.is_current, "current": both.is_current}
    timed = "start_time" in both.frame.columns
    rows = [
        {
            "window": name,
            "n": int(mask.sum()),
            "n_users": both.n_units(mask),
            "start": both.frame.filter(mask)["start_time"].min() if timed else None,
            "end": both.frame.filter(mask)["start_time"].max() if timed else None,
            "only": only,
        }
        for (name, mask), only in zip(
            masks.items(), _apart(both.frame, both.is_current), strict=True
        )
    ]
    time = pl.Datetime("us", "UTC")
    return pl.DataFrame(rows, schema_overrides={"start": time, "end": time, "only": pl.String})


def _apart(frame: pl.DataFrame, is_current: Bools) -> tuple[str | None, str | None]:
    """What each window holds only one of, and the other another: a model, a tenant, a version."""
    for column in ATTRIBUTES:
        if column not in frame.columns:
            continue
        then, now = (
            frame.filter(mask)[column].unique().to_list() for mask in (~is_current, is_current)
        )
        if len(then) == len(now) == 1 and None not in (*then, *now) and then != now:
            name = column.replace("_", " ")
            return f"{name} {then[0]}", f"{name} {now[0]}"
    return None, None


def _frame(records: list[dict[str, Any]], measured: Iterable[str]) -> pl.DataFrame:
    metrics = dict.fromkeys([*(metric.name for metric in METRICS), *measured])
    schema: dict[str, Any] = {
        **dict.fromkeys(("segment", "n_baseline", "n_current"), pl.Int64),
        "kind": pl.String,
        "name": pl.String,
        **dict.fromkeys(("words", "words_current", "exemplars"), pl.List(pl.String)),
        **dict.fromkeys(("users_baseline", "users_current", "burst_users"), pl.Int64),
        **dict.fromkeys(("share_baseline", "share_current", "share_change"), pl.Float64),
        **dict.fromkeys(("share_change_low", "share_change_high"), pl.Float64),
        **dict.fromkeys(("p_value", "p_adjusted", "stability"), pl.Float64),
        "since": pl.Datetime("us", "UTC"),
        "metric": pl.String,
        "burst_by": pl.List(pl.String),
        "goes_with": pl.String,
        **dict.fromkeys(("odds_ratio", "odds_ratio_low", "odds_ratio_high"), pl.Float64),
        **{f"{name}_{w}": pl.Float64 for name in metrics for w in ("baseline", "current")},
    }
    return pl.DataFrame([{c: row.get(c) for c in schema} for row in records], schema=schema)
