"""Write the sample data: `python -m sample_data.generate [--out FOLDER] [--seed N]`."""

import argparse
import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from random import Random

import zstandard

from sample_data.exports.langfuse import langfuse_lines
from sample_data.exports.langsmith import langsmith_lines
from sample_data.exports.otlp import otlp_lines
from sample_data.exports.phoenix import phoenix_lines
from sample_data.golden import SETUPS, answer_lines, golden_lines
from sample_data.story import Trace, tell_story
from sample_data.truth import write_truth

HERE = Path(__file__).parent


def generate(out: Path, seed: int = 7) -> dict[str, int]:
    """Write every file below `out`; returns their sizes in bytes by relative path."""
    traces = tell_story(seed)
    contents = _contents(traces, seed)
    truth = write_truth(traces, seed)
    truth["sha256_uncompressed"] = {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    contents["truth.json"] = _compact(json.dumps(truth, indent=1, ensure_ascii=False)).encode()
    return {name: _write(out / name, content) for name, content in contents.items()}


def _contents(traces: list[Trace], seed: int) -> dict[str, bytes]:
    """The uncompressed bytes of each file."""
    weeks = [[t for t in traces if (t.day - 1) // 7 == week] for week in range(3)]
    files = {
        "traces/langfuse.jsonl.zst": langfuse_lines(traces),
        "traces/phoenix_week_1.jsonl.zst": phoenix_lines(weeks[0]),
        "traces/langsmith_week_2.jsonl.zst": langsmith_lines(weeks[1]),
        "traces/otlp_week_3.jsonl.zst": otlp_lines(weeks[2]),
        "traces/intents.csv.gz": _intent_lines(traces),
        "golden/golden.jsonl": golden_lines(traces, Random(f"{seed}:golden")),
    }
    for setup in SETUPS:
        rng = Random(f"{seed}:answers:{setup}")
        files[f"golden/answers_{setup}.jsonl"] = answer_lines(setup, rng)
    return {name: _joined(lines) for name, lines in files.items()}


def _joined(lines: Iterable[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _compact(text: str) -> str:
    """Indented JSON with each list of plain values on one line."""
    flat = re.sub(r"\[[^\[\]{}]*\]", lambda m: re.sub(r"\n\s*", " ", m.group()), text)
    return flat.replace("[ ", "[").replace(" ]", "]") + "\n"


def _intent_lines(traces: list[Trace]) -> list[str]:
    """What each trace is about, which no export tells."""
    rows = [f"{t.trace_id},{t.intent},{t.topic},{t.plant}" for t in traces]
    return ["trace_id,intent,topic,plant", *rows]


def _write(path: Path, content: bytes) -> int:
    """Write atomically, compressed as the name says; returns the size."""
    if path.suffix == ".gz":
        content = gzip.compress(content, 9, mtime=0)
    elif path.suffix == ".zst":
        content = zstandard.ZstdCompressor(level=12).compress(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".part")
    scratch.write_bytes(content)
    os.replace(scratch, path)  # noqa: PTH105
    return len(content)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.generate", description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    sizes = generate(options.out, options.seed)
    for name, size in sizes.items():
        print(f"{size:>10,} {name}")
    print(f"{sum(sizes.values()):>10,} bytes in all")


if __name__ == "__main__":
    main()
