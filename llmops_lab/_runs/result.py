"""What an eval was to do, and each answer that came out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from llmops_lab._cases.case import Case
from llmops_lab._prompts.prompt import PromptVersion
from llmops_lab._runs.answer import Answer, Score

Key = tuple[str, str, int]
"""Which result this is: case id, content hash of the case, trial."""


@dataclass(frozen=True)
class JudgeIdentity:
    """Which judge it was: the model's name, and hashes of model, prompt and policy.

    The model's covers its parameters, the prompt's all that is asked but the data, the policy's
    the rubric, which is what people label by.
    """

    model: str
    model_hash: str
    prompt_hash: str
    policy_hash: str


@dataclass(frozen=True)
class Plan:
    """What an eval was to do: which target answers which cases, how often, scored by what.

    `scorers` maps each scorer's name to a description that changes with its options; `cases`
    lists id and content hash of each case, in order. `judges` are the scorers that ask a model,
    `undeclared` those that seem to without saying so, with the library that they use; `prompt` is
    the version of the prompt file that the target sends, where it is one.
    """

    run_id: str
    target: str
    target_identity: str
    scorers: dict[str, str]
    cases: list[tuple[str, str]]
    trials: int = 1
    golden: str | None = None
    golden_hash: str = ""
    started_at: str = ""
    version: str = ""
    judges: dict[str, JudgeIdentity] = field(default_factory=dict[str, JudgeIdentity])
    prompt: PromptVersion | None = None
    undeclared: dict[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def keys(self) -> list[Key]:
        """Every result that is to come, in order: all trials of a case stand together."""
        return [(*case, trial) for case in self.cases for trial in range(self.trials)]


def says_undeclared(undeclared: Mapping[str, str]) -> str:
    """The way out for scorers that seem to ask a model; "" where there are none."""
    return "; ".join(
        f"{name} seems to ask a model ({client}) and counts as code: decorate it with "
        '@lab.asks_model("MODEL"), run again and calibrate it'
        for name, client in undeclared.items()
    )


@dataclass(frozen=True)
class Result:
    """One answer to one case, and its scores; the scores are empty when there is an error."""

    case: Case
    trial: int
    answer: Answer
    scores: tuple[Score, ...] = ()
    started_at: str | None = None

    @property
    def key(self) -> Key:
        return (self.case.id, self.case.content_hash, self.trial)

    @cached_property
    def error(self) -> str | None:
        """Why there is no answer, or no score."""
        broken = (f"scorer {score.name}: {score.error}" for score in self.scores if score.error)
        return self.answer.error or next(broken, None)

    @cached_property
    def passed(self) -> bool | None:
        """Every scorer that had something to say passed it; None when none had. Errors fail."""
        if self.error:
            return False
        readings = [score.passed for score in self.scores if score.passed is not None]
        return all(readings) if readings else None
