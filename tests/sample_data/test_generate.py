"""The generator: the same bytes everywhere, small, and as committed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import sample_data

COMMITTED = Path(sample_data.__file__).parent
ROOT = COMMITTED.parent


def test_another_process_with_another_hash_seed_writes_the_same_truth(sample, tmp_path):
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Pacific/Auckland"}
    subprocess.run(
        [sys.executable, "-m", "sample_data.generate", "--out", tmp_path],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
    )
    files = sorted(p.relative_to(sample) for p in sample.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert all((sample / f).read_bytes() == (tmp_path / f).read_bytes() for f in files)


def test_the_committed_files_are_those_the_generator_writes(sample):
    committed = ["truth.json", *(f"golden/{p.name}" for p in COMMITTED.glob("golden/*.jsonl"))]
    assert len(committed) >= 4
    for name in committed:
        assert (COMMITTED / name).read_bytes() == (sample / name).read_bytes(), name


def test_all_of_it_fits_in_five_megabytes(sample):
    assert sum(p.stat().st_size for p in sample.rglob("*") if p.is_file()) <= 5_000_000


def test_no_scratch_file_is_left_behind(sample):
    assert not list(sample.rglob("*.part"))


def test_checksums_cover_every_file_but_the_truth_itself(sample, truth):
    files = {p.relative_to(sample).as_posix() for p in sample.rglob("*") if p.is_file()}
    assert set(json.loads(json.dumps(truth))["sha256_uncompressed"]) == files - {"truth.json"}
