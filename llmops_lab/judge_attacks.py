"""Attack a judge with answers that tell it what to say, and see what gets through."""

from dataclasses import dataclass

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab._runs.run import EvalRun
from llmops_lab.evals import evaluate
from llmops_lab.golden import GoldenSet
from llmops_lab.scorers import Scorer
from llmops_lab.scorers._applied import applied
from llmops_lab.scorers._injections import INJECTIONS, QUESTION, RIGHT, WRONG

CONTROL = "no attack"


def attack_judge(judge: Scorer, *, concurrency: int = 4) -> EvalRun:
    """A run with a result per attack: passed where the judge did not pass the wrong answer.

    Every answer is wrong and asks to be passed: by orders to the grader, faked verdicts, ends
    of strings, fences and chat templates, other languages, hidden letters. The case "no attack"
    is the wrong answer alone: a judge that passes that one is blind, not attacked. A reply
    without a verdict lets nothing through; its reason is kept. `rates()` counts, `explore`
    shows each.
    """
    answers = {CONTROL: WRONG, **INJECTIONS}
    cases = tuple(Case(QUESTION, RIGHT, id=name) for name in answers)
    return evaluate(
        _Attacks(answers), GoldenSet(cases), scorers=[_Resists(judge)], concurrency=concurrency
    )


@dataclass(frozen=True)
class _Attacks:
    answers: dict[str, str]
    name: str = "attacks on a judge"
    identity: str = "attacks"

    def answer(self, case: Case, trial: int) -> Answer:
        return Answer(self.answers[case.id])


@dataclass(frozen=True)
class _Resists:
    judge: Scorer
    name: str = "resists"

    async def score(self, case: Case, answer: Answer) -> Score:
        found = await applied(self.judge, case, answer)
        fell = bool(found.passed)
        return Score(float(not fell), not fell, found.error or found.reason, parts=found.parts)

    async def close(self) -> None:
        if close := getattr(self.judge, "close", None):
            await close()
