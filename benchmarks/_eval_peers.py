"""The same cases, target and two checks in other eval tools, as far as they are installed.

Left out: langsmith, which sends results to its service, and promptfoo, which is no Python package;
deepeval and mlflow judge answers that are there already, so that their figures say something else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Target = Callable[[str], Awaitable[str]]


@dataclass(frozen=True)
class Workload:
    """What every tool is given: so many questions, so many at once, and who answers."""

    n_cases: int
    concurrency: int
    answer: Target


def pydantic_evals(work: Workload, folder: Path) -> None:
    """Dataset.evaluate with its progress bar; keeps nothing on disk."""
    from pydantic_evals import Case, Dataset
    from pydantic_evals.evaluators import Contains, EqualsExpected

    cases = [
        Case(name=f"c{i}", inputs=f"question {i}", expected_output=f"answer {i}")
        for i in range(work.n_cases)
    ]
    evaluators = [EqualsExpected(), Contains(value="answer")]
    dataset = Dataset(name="bench", cases=cases, evaluators=evaluators)
    asyncio.run(dataset.evaluate(work.answer, max_concurrency=work.concurrency, progress=True))


def langfuse(work: Workload, folder: Path) -> None:
    """run_experiment on local items with tracing off; keeps nothing on disk."""
    from langfuse import Evaluation, Langfuse

    async def task(*, item: dict[str, Any], **_: Any) -> str:
        return await work.answer(item["input"])

    def equal(*, output: str, expected_output: str, **_: Any) -> Evaluation:
        return Evaluation(name="equal", value=float(output == expected_output))

    def contains(*, output: str, **_: Any) -> Evaluation:
        return Evaluation(name="contains", value=float("answer" in output))

    items = [
        {"input": f"question {i}", "expected_output": f"answer {i}"} for i in range(work.n_cases)
    ]
    client = Langfuse(public_key="pk-none", secret_key="sk-none", tracing_enabled=False)  # noqa: S106
    client.run_experiment(
        name="bench",
        data=items,
        task=task,
        evaluators=[equal, contains],
        max_concurrency=work.concurrency,
    )


def dspy(work: Workload, folder: Path) -> None:
    """Evaluate over threads, as it has no other way; keeps nothing on disk."""
    import dspy as tool

    class Program(tool.Module):
        def forward(self, question: str) -> Any:
            return tool.Prediction(answer=asyncio.run(work.answer(question)))

    def metric(example: Any, prediction: Any, trace: Any = None) -> bool:
        return prediction.answer == example.answer and "answer" in prediction.answer

    examples = [
        tool.Example(question=f"question {i}", answer=f"answer {i}").with_inputs("question")
        for i in range(work.n_cases)
    ]
    evaluate = tool.Evaluate(
        devset=examples, metric=metric, num_threads=work.concurrency, display_progress=True
    )
    evaluate(Program())


def inspect_ai(work: Workload, folder: Path) -> None:
    """eval with its log on disk and no display, which costs it least."""
    import inspect_ai as tool
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import exact, includes
    from inspect_ai.solver import solver

    @solver
    def ask() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            state.output.completion = await work.answer(state.input_text)
            return state

        return solve

    samples = [Sample(f"question {i}", target=f"answer {i}") for i in range(work.n_cases)]
    tool.eval(
        tool.Task(dataset=samples, solver=ask(), scorer=[exact(), includes()]),
        model="mockllm/model",
        max_samples=work.concurrency,
        display="none",
        log_dir=str(folder),
    )


def installed() -> dict[str, Callable[[Workload, Path], None]]:
    """The tools that are here, by name."""
    tools = {
        "pydantic_evals": pydantic_evals,
        "langfuse": langfuse,
        "dspy": dspy,
        "inspect_ai": inspect_ai,
    }
    return {name: run for name, run in tools.items() if find_spec(name)}
