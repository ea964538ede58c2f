"""The map that is made in another process."""

import numpy as np
import pytest

from llmops_lab._scan.background_map import BackgroundMap
from llmops_lab._scan.landmarks import turned_like


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_the_map_comes_with_its_progress_and_is_the_same_each_time():
    matrix = unit(np.random.default_rng(0).normal(size=(60, 8)))
    stages, maps = [], []
    for _ in range(2):
        made = BackgroundMap(
            matrix, 0, lambda *told: stages.append(told), lambda *got: maps.append(got)
        )
        made.wait()
    (first, error), (second, _) = maps
    assert error is None
    assert first.shape == (60, 2)
    assert (first == second).all()
    shares = [share for stage, share in stages if stage == "placing queries"]
    assert 1.0 in shares


def test_what_goes_wrong_in_the_process_is_told():
    got = []
    matrix = np.full((60, 8), np.nan, dtype=np.float32)
    BackgroundMap(matrix, 0, lambda *_: None, lambda *told: got.append(told)).wait()
    ((positions, error),) = got
    assert positions is None
    assert "NaN" in error


def test_after_a_stop_nothing_is_told_and_no_process_stays():
    told = []
    matrix = unit(np.random.default_rng(0).normal(size=(2000, 64)))
    made = BackgroundMap(matrix, 0, lambda *_: told.append(1), lambda *_: told.append(2))
    made.stop()
    before = len(told)
    assert made._process.poll() is not None
    assert len(told) == before
    assert 2 not in told


def test_a_map_is_turned_and_mirrored_to_lie_like_another():
    model = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    angle = 2.0
    turn = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    back = turned_like((model @ turn + 5).astype(np.float32), model)
    assert back == pytest.approx(model - model.mean(axis=0), abs=1e-5)
