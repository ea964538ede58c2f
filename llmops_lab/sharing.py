"""Golden sets and scores on the servers of other tools, and back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from llmops_lab._cases.carried import carried_table
from llmops_lab._cases.masked import masked_case, texts_of
from llmops_lab._display import Shown, Table
from llmops_lab._privacy.counting import count_masks
from llmops_lab._privacy.masker import Masker
from llmops_lab._spans.schema import SCORES
from llmops_lab.exporters import case_formats
from llmops_lab.exporters._case_format import cases_of_table, written_cases
from llmops_lab.golden import GoldenSet
from llmops_lab.peers import Peer
from llmops_lab.traces import Traces

_OURS = "llmops_lab "


@dataclass(frozen=True, repr=False)
class Pushed(Shown):
    """What a server was given: `n` cases or scores; `lost` counts, per field, what has no place.

    `masked` counts, per kind, the masks that stand for personal data and secrets.
    """

    where: str
    what: str
    n: int
    lost: dict[str, int] = field(default_factory=dict[str, int])
    masked: dict[str, int] = field(default_factory=dict[str, int])

    def _table(self) -> Table:
        title = f"{self.n} {self.what} to {self.where}"
        return carried_table(title, self.lost, self.masked)


def push_cases(golden: GoldenSet, peer: Peer, *, name: str, redacted: bool = True) -> Pushed:
    """The cases in a data set of this name on a server: MLflow, Phoenix or Langfuse.

    Pushed again, a changed case replaces itself. What the tool has no field for travels in its
    metadata, and `pull_cases` gives it back. Personal data and secrets are masked unless
    `redacted` is False. Raises LabError when the server refuses or there is no key.
    """
    masker = Masker()
    cases = [masked_case(case, masker) for case in golden] if redacted else list(golden)
    records, lost = written_cases(case_formats[peer.format], ".json", cases)
    n = peer.push_cases(name, records, cases)
    return Pushed(peer.base_url, "cases", n, dict(lost), dict(count_masks(texts_of(cases))))


def pull_cases(peer: Peer, *, name: str) -> GoldenSet:
    """The cases of a server's data set, in memory: `save` or `add` them where they belong."""
    records = peer.pull_cases(name)
    return GoldenSet().add(cases_of_table(case_formats[peer.format], records, name))


def push_scores(traces: Traces, peer: Peer, *, names: Sequence[str] | None = None) -> Pushed:
    """What `score` found, on the traces of the server that they came from.

    Sent are scores made here, with a value or a verdict, of `names` if given; with their
    reasons, which may quote the answer. Pushed again, Phoenix and Langfuse replace a score,
    MLflow keeps both.
    """
    ours = pl.col("evaluator").str.starts_with(_OURS).fill_null(value=False)
    known = pl.col("value").is_not_null() | pl.col("label").is_not_null()
    chosen = traces.scores.filter(ours, known, pl.col("valid").fill_null(value=True))
    if names is not None:
        chosen = chosen.filter(pl.col("name").is_in(list(names)))
    plain = chosen.with_columns(pl.col(pl.Enum).cast(pl.String))
    return Pushed(peer.base_url, "scores", peer.push_scores(plain))


def pull_scores(traces: Traces, peer: Peer) -> Traces:
    """The traces with what is scored on them on the server they came from."""
    ids = traces.spans["trace_id"].unique(maintain_order=True).to_list()
    rows = [{name: row.get(name) for name in SCORES} for row in peer.pull_scores(ids)]
    texts = {name: pl.String() for name in ("created_at", "data_type", "source")}
    frame = pl.DataFrame(rows, schema=SCORES | texts)
    moment = pl.col("created_at").str.to_datetime(time_zone="UTC", time_unit="us", strict=False)
    return traces.with_scores(frame.with_columns(moment))
