"""What an eval costs beside the calls it makes: `python benchmarks/evals.py`.

2,000 cases, 50 at once, a target that sleeps 20 ms: 0.80 s is ideal. The tools take turns, so
that a noisy moment of the machine falls on all of them. Then ours alone on more and more cases.
Peers that are not installed are left out.
"""

import asyncio
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

from _eval_peers import Workload, installed

os.environ["TQDM_MININTERVAL"] = "0.2"
N_CASES, CONCURRENCY, SLEEP_S, ROUNDS = 2_000, 50, 0.02, 5
IDEAL_S = N_CASES / CONCURRENCY * SLEEP_S

Run = Callable[[Path], None]


async def answer(question: str) -> str:
    """A model that takes 20 ms and is right nine times in ten."""
    await asyncio.sleep(SLEEP_S)
    return "no" if question.endswith("7") else question.replace("question", "answer")


def ours(folder: Path) -> None:
    """evaluate: checkpoint line per case, two scorers, live progress."""
    import llmops_lab as lab

    cases = [lab.Case(f"question {i}", f"answer {i}", id=f"c{i}") for i in range(N_CASES)]
    run = lab.evaluate(
        answer,
        lab.GoldenSet(tuple(cases)),
        scorers=["exact", "contains"],
        checkpoint=folder / "ours.jsonl",
        concurrency=CONCURRENCY,
    )
    if run.n_missing:
        raise SystemExit("the run is not whole")


def plain_pool(folder: Path) -> None:
    """The least that does the job: an asyncio pool and one JSONL line flushed per case."""

    async def main() -> None:
        jobs = iter(range(N_CASES))
        with (folder / "plain.jsonl").open("w") as file:

            async def worker() -> None:
                for i in jobs:
                    output = await answer(f"question {i}")
                    passed = output == f"answer {i}"
                    file.write(json.dumps({"id": i, "output": output, "passed": passed}) + "\n")
                    file.flush()

            await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))

    asyncio.run(main())


def timed(run: Run) -> tuple[float, float]:
    """Wall seconds and CPU milliseconds per case of one round."""
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        with redirect_stdout(io.StringIO()):  # some tools draw their progress there
            run(Path(folder))
        seconds = time.perf_counter() - wall
        return seconds, (time.process_time() - cpu) / N_CASES * 1000


def compared(tools: dict[str, Run]) -> None:
    """The table of tools, taking turns."""
    for run in tools.values():
        timed(run)  # imports and first-time work
    rounds = [{name: timed(run) for name, run in tools.items()} for _ in range(ROUNDS)]
    print(f"{N_CASES} cases, {CONCURRENCY} at once, {SLEEP_S * 1000:.0f} ms each; {ROUNDS} rounds")
    print("| tool | wall s, median (min–max) | × ideal | CPU ms/case |\n| --- | --- | --- | --- |")
    for name in tools:
        walls = sorted(turn[name][0] for turn in rounds)
        middle = statistics.median(walls)
        cpu = statistics.median(turn[name][1] for turn in rounds)
        span = f"{middle:.2f} ({walls[0]:.2f}–{walls[-1]:.2f})"
        print(f"| {name} | {span} | {middle / IDEAL_S:.2f} | {cpu:.3f} |")


def scaled(n: int) -> None:
    """One line: ours on `n` cases with a target that answers at once."""
    import llmops_lab as lab

    async def at_once(question: str) -> str:
        return question.replace("question", "answer")

    golden = lab.GoldenSet(
        tuple(lab.Case(f"question {i}", f"answer {i}", id=f"c{i}") for i in range(n))
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        cpu = time.process_time()
        lab.evaluate(
            at_once,
            golden,
            scorers=["exact", "contains"],
            checkpoint=Path(folder) / "run.jsonl",
            concurrency=CONCURRENCY,
        )
        spent = time.process_time() - cpu
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / n
    print(f"| {n:,} | {spent:.2f} | {spent / n * 1000:.3f} | {grown:.2f} |")


def main() -> None:
    """Both tables."""
    work = Workload(N_CASES, CONCURRENCY, answer)
    peers = {name: partial(run, work) for name, run in installed().items()}
    compared({"plain asyncio pool": plain_pool, "llmops_lab": ours, **peers})
    print("\n| cases | CPU s | CPU ms/case | memory KB/case |\n| --- | --- | --- | --- |")
    for n in (1_000, 5_000, 20_000, 50_000):
        subprocess.run([sys.executable, __file__, str(n)], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        scaled(int(sys.argv[1]))
    else:
        main()
