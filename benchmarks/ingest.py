"""How fast and how large reading an export is, beside four other ways; and the cache.

    python benchmarks/ingest.py [spans] [--runs 3] [--cache-gb 5]      (200,000 spans by default)

Every run is a process of its own, so that its CPU seconds (children included, imports not) and its
peak memory are its own; ways are interleaved, and medians are shown. The peers do less: they take
nine values of a span and know no units, roles, trees or prices. All must find the same tokens.
`growth` is the peak beyond the imports over the size of the frame that we return.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from _exports import SHAPES, spans, write, write_large
from _peers import PEERS

Numbers = dict[str, float]


def ours(path: Path) -> tuple[int, float]:
    """Tokens found, and the megabytes of the frame."""
    from llmops_lab.ingest import read_traces

    frame = read_traces(path).spans
    return int(frame["input_tokens"].sum()), frame.estimated_size() / 1e6


def cached(path: Path, folder: Path) -> tuple[int, float]:
    """Tokens found through the cache, with a summary, and the peak of the read alone."""
    from llmops_lab.ingest import read_traces
    from llmops_lab.summary import summarize

    traces = read_traces(path, cache=folder)
    peak = peak_mb()
    return int(summarize(traces, by="model").frame["input_tokens"].sum()), peak


def warm_up() -> None:
    """Load what is loaded once: readers and the price list."""
    from llmops_lab.ingest import read_traces
    from llmops_lab.summary import summarize

    summarize(read_traces(list(SHAPES["langfuse"](5))), by="model")


def spent_s() -> float:
    """CPU seconds of this process and its ended children."""
    mine, theirs = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return sum(used.ru_utime + used.ru_stime for used in (mine, theirs))


def peak_mb() -> float:
    """The peak of this process, and of its largest child."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(each).ru_maxrss for each in who) / 1024


def measure(way: str, path: str, shape: str) -> None:
    """In its own process: what one way finds and needs."""
    if way in PEERS:
        __import__(PEERS[way][0])
    __import__("polars")
    if way in ("llmops_lab", "cache"):
        warm_up()
    base, before, began = peak_mb(), spent_s(), time.perf_counter()
    frame_mb = 0.0
    if way == "llmops_lab":
        tokens, frame_mb = ours(Path(path))
    elif way == "cache":
        tokens, frame_mb = cached(Path(path), Path(shape))
    else:
        tokens = PEERS[way][1](Path(path), shape)
    wall_s, cpu_s = time.perf_counter() - began, spent_s() - before
    numbers = {"tokens": tokens, "cpu_s": cpu_s, "wall_s": wall_s, "peak_mb": peak_mb()}
    print(json.dumps({**numbers, "base_mb": base, "frame_mb": frame_mb}))


def run(way: str, path: Path, shape: str) -> Numbers:
    command = [sys.executable, __file__, "--measure", way, str(path), shape]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{way} failed on {shape}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def medians(runs: list[Numbers]) -> Numbers:
    return {name: median(each[name] for each in runs) for name in runs[0]}


def compare(folder: Path, n: int, n_runs: int, shapes: list[str]) -> None:
    there = [way for way, (package, _) in PEERS.items() if find_spec(package)]
    for way in PEERS.keys() - set(there):
        print(f"{way} is left out: {PEERS[way][0]} is not installed")
    wanted = sum(span["input"] for span in spans(n))
    for shape in shapes:
        path = folder / f"{shape}.jsonl"
        write(path, shape, n)
        size = path.stat().st_size / 1e6
        runs = [{w: run(w, path, shape) for w in ("llmops_lab", *there)} for _ in range(n_runs)]
        path.unlink()
        found = {way: medians([each[way] for each in runs]) for way in runs[0]}
        wrong = [way for way, numbers in found.items() if numbers["tokens"] != wanted]
        show(f"{shape}: {n:,} spans, {size:,.0f} MB", size, found, wrong)


def show(title: str, size: float, found: dict[str, Numbers], wrong: list[str]) -> None:
    mine = found["llmops_lab"]
    print(f"\n{title}")
    print(f"{'':16}{'CPU s':>8}{'wall s':>8}{'MB per CPU s':>14}{'peak MB':>10}{'our speed':>11}")
    for way, x in found.items():
        ratio = f"{x['cpu_s'] / mine['cpu_s']:.1f} ×"
        line = f"{way:16}{x['cpu_s']:8.2f}{x['wall_s']:8.2f}{size / x['cpu_s']:14.0f}"
        print(f"{line}{x['peak_mb']:10,.0f}{ratio:>11}{'  other tokens' * (way in wrong)}")
    growth = (mine["peak_mb"] - mine["base_mb"]) / mine["frame_mb"]
    print(f"our frame: {mine['frame_mb']:,.0f} MB; growth {growth:.2f} of it")
    if "llmops_lab" in wrong:
        sys.exit("llmops_lab found other tokens")


def measure_cache(folder: Path, gigabytes: float) -> None:
    path, cache = folder / "large.jsonl", folder / "cache"
    n = write_large(path, gigabytes * 1e9)
    size = path.stat().st_size / 1e6
    print(f"\ncache: {n:,} Langfuse spans, {size:,.0f} MB, with a summary by model each time")
    for title in ("first read", "second read"):
        x = run("cache", path, str(cache))
        times = f"{x['cpu_s']:8.1f} CPU s{x['wall_s']:8.1f} wall s"
        peaks = f"peak {x['frame_mb']:,.0f} MB, with the summary {x['peak_mb']:,.0f} MB"
        print(f"{title:16}{times}  {peaks}")
    kept = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file()) / 1e6
    print(f"on disk: {kept:,.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spans", nargs="?", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--shapes", nargs="*", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--cache-gb", type=float, default=0.0)
    parser.add_argument("--measure", nargs=3)
    given: Any = parser.parse_args()
    if given.measure:
        measure(*given.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.spans:
            compare(Path(folder), given.spans, given.runs, given.shapes)
        if given.cache_gb:
            measure_cache(Path(folder), given.cache_gb)


if __name__ == "__main__":
    main()
