"""The policy of a gate, as it is written in a TOML file."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

import msgspec

from llmops_lab._gates.budgets import check_budgets
from llmops_lab.errors import FormatError, LabError

SEGMENTS = ("tags", "split", "cluster", "severity", "label")


@dataclass(frozen=True)
class Policy:
    """What must hold for a change to ship. Write it, commit it, and only then run.

    `metric` is `passed`, a scorer's name, or `<scorer>_passed`. Against a baseline the gate
    passes when the lower bound of the change, one-sided at `alpha`, lies above −`margin`, and
    fails when the upper bound lies below it. Without a baseline the metric itself has to reach
    `minimum`. Cases whose severity is in `must_pass` may not get worse at all. `clusters` makes
    cases that share a cluster count as alike. `dataset` is the content hash of the golden set
    that is meant, `trials` the repeats that a run must have; `secondary` metrics may not be
    shown to be worse by more than the margin, nor, with `segments`, any tag, split, cluster,
    severity or label of at least 5 cases. `calibrations` names for each judge the file of its
    record (`calibrate(...).save(path)`), relative to the repository, which may be at most
    `max_calibration_age_days` old; a judge without one never decides. `budgets` are named as in
    `duration_s_p95`, `cost_usd_mean` and `error_rate`. `approvers` are names or addresses of Git
    authors, of whom one must have signed off what is to ship; with `allowed_signers`, a file
    relative to the repository as SSH reads it, by a commit signed with a key that it gives to
    their address. Cases count by their weight.
    """

    metric: str = "passed"
    margin: float = 0.05
    alpha: float = 0.05
    minimum: float | None = None
    min_cases: int = 50
    min_overlap: float = 0.95
    trials: int = 1
    clusters: bool = True
    must_pass: list[str] = field(default_factory=lambda: ["critical"])
    secondary: list[str] = field(default_factory=list[str])
    segments: str | None = None
    budgets: dict[str, float] = field(default_factory=dict[str, float])
    dataset: str | None = None
    calibrations: dict[str, str] = field(default_factory=dict[str, str])
    max_calibration_age_days: float = 90.0
    approvers: list[str] = field(default_factory=list[str])
    allowed_signers: str | None = None

    def __post_init__(self) -> None:
        check_budgets(self.budgets)
        if self.segments not in (None, *SEGMENTS):
            raise FormatError(f"no segments by {self.segments!r}; there are {', '.join(SEGMENTS)}")
        if not (0 < self.alpha < 0.5 and 0 <= self.margin < 1):
            raise FormatError("alpha lies between 0 and 0.5, margin between 0 and 1")

        nameless = [name for name in self.approvers if "@" not in name]
        if self.allowed_signers is not None and nameless:
            raise FormatError(
                f"keys are given to addresses; name {nameless[0]!r} among the approvers by theirs"
            )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The policy in a TOML file; its keys are the fields of this class.

        Raises LabError when there is no such file, FormatError for anything it cannot mean.
        """
        file = Path(path)
        try:
            policy = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise LabError(f"no gate policy {file}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FormatError(f"{file} is not TOML: {error}") from error
        known = [spec.name for spec in fields(cls)]
        strange = sorted(policy.keys() - set(known))
        if strange:
            raise FormatError(f"{file}: no key {strange[0]!r}; there are {', '.join(known)}")
        try:
            return msgspec.convert(policy, cls)
        except (msgspec.ValidationError, FormatError) as error:
            raise FormatError(f"{file}: {error}") from error
