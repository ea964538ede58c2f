"""The state behind the maps of segments and drift; tests/ui shows them in a browser."""

import asyncio
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest

from llmops_lab._scan.landmarks import first_axes
from llmops_lab.drift import DriftReport
from llmops_lab.embeddings import Embeddings
from llmops_lab.errors import LabError
from llmops_lab.segments import Segments
from llmops_lab.widgets import explore
from llmops_lab.widgets._map_explorer import colour_of, unit_square

N = 60


@pytest.fixture
def segments():
    """Sixty queries: 30 about kettles, 20 about sizes, 10 in no segment."""
    topics = ["kettle"] * 30 + ["size"] * 20 + ["else"] * 10
    frame = pl.DataFrame(
        {
            "trace_id": [f"t{i}" for i in range(N)],
            "text": [f"<b>{topic}</b> question {i}" for i, topic in enumerate(topics)],
            "output_text": ["an answer"] * N,
            "model": ["small", "large"] * (N // 2),
            "user_id": [f"u{i % 7}" for i in range(N)],
            "start_time": [None] * N,
            "duration_s": [None, *(i / 10 for i in range(1, N))],
            "cost_usd": [0.001] * N,
        }
    )
    matrix = np.ones((N, 4), dtype=np.float32) / 2
    told = pl.DataFrame(
        {
            "segment": [0, 1],
            "name": ["kettle", "size"],
            "words": [["kettle"], ["size"]],
            "n": [30, 20],
            "n_users": [7, 7],
            "share": [0.5, 1 / 3],
            "exemplars": [["a kettle?"], ["which size?"]],
            "error_rate": [0.1, None],
            "negative_feedback_rate": [None, None],
            "cost_usd_mean": [0.001, None],
            "duration_s_p50": [1.0, 2.0],
            "duration_s_p95": [4.0, None],
        }
    )
    membership = np.array([0] * 30 + [1] * 20 + [-1] * 10)
    positions = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
    return Segments(told, membership, positions, Embeddings(matrix, frame, "ones", "none"))


@pytest.fixture
def explorer(segments):
    return explore(segments)


def test_all_points_travel_as_bytes_and_all_segments_as_rows(explorer):
    assert len(struct.unpack(f"<{2 * N}f", explorer.points)) == 2 * N
    assert struct.unpack(f"<{N}h", explorer.membership) == (*[0] * 30, *[1] * 20, *[-1] * 10)
    assert [group["cells"][:2] for group in explorer.groups] == [["kettle", "30"], ["size", "20"]]
    assert explorer.n_shown == N


def test_a_chosen_segment_shows_its_texts_and_what_is_known_of_it(explorer):
    explorer.chosen = 1
    assert explorer.n_shown == 20
    assert explorer.selected["trace_id"].to_list() == [f"t{i}" for i in range(30, 50)]
    assert explorer.group["code"] == "segments.rows(1)"
    assert ["failed", "–"] in explorer.group["facts"]
    assert explorer.detail["input"] == "<b>size</b> question 30"


def test_the_lasso_narrows_within_the_segment(explorer):
    points = np.arange(25, 35, dtype="<u4").tobytes()
    explorer._receive(explorer, {"action": "lasso"}, [memoryview(points)])
    assert explorer.n_shown == explorer.n_lassoed == 10
    explorer.chosen = 1
    assert explorer.selected["trace_id"].to_list() == ["t30", "t31", "t32", "t33", "t34"]
    explorer._receive(explorer, {"action": "lasso"}, [memoryview(b"")])
    assert explorer.n_shown == 20


def test_a_clicked_point_is_read_though_something_else_was_chosen(explorer):
    explorer.chosen = 1
    explorer.point = 3
    assert explorer.detail["id"] == "t3"
    assert explorer.chosen == -1


def test_search_and_sorting_work_on_the_texts(explorer):
    explorer.search = "<B>KETTLE"
    assert explorer.n_shown == 30
    explorer.sort = ["duration_s", True]
    assert explorer.detail["id"] == "t29"
    explorer.cursor = 29
    assert explorer.detail["id"] == "t0"


def test_a_few_far_points_do_not_squeeze_the_map():
    near = np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)
    places = unit_square(np.vstack([near, [[1e6, -1e6]]]).astype(np.float32))
    assert np.ptp(places[:1000, 0]) > 0.9
    assert places.min() >= -0.05
    assert places.max() <= 1.05


def test_points_of_one_place_and_no_points_are_drawn():
    assert np.isfinite(unit_square(np.ones((5, 2), dtype=np.float32))).all()
    assert unit_square(np.zeros((0, 2), dtype=np.float32)).shape == (0, 2)


def test_a_hundred_segments_have_a_hundred_colours():
    assert len({colour_of(index) for index in range(100)}) == 100


@pytest.fixture
def report(segments):
    """A report over 90 queries of three directions, that keeps its vectors."""
    rng = np.random.default_rng(0)
    matrix = np.repeat(np.eye(3, 16, dtype=np.float32), 30, axis=0)
    matrix = matrix + rng.normal(0, 0.05, (90, 16)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    frame = pl.DataFrame({"trace_id": [f"t{i}" for i in range(90)], "text": ["a query"] * 90})
    windows = pl.DataFrame(
        {"window": ["baseline", "current"], "n": [45, 45], "n_users": [45, 45]},
    ).with_columns(start=pl.lit(None, pl.Datetime), end=pl.lit(None, pl.Datetime))
    return DriftReport(
        frame=pl.DataFrame(
            schema={"kind": pl.String, "since": pl.Datetime, "stability": pl.Float64}
        ),
        signals=pl.DataFrame(
            schema={"name": pl.String, "flagged": pl.Boolean, "warned": pl.Boolean}
        ),
        windows=windows,
        membership=np.full(90, -1),
        positions=first_axes(matrix),
        is_current=np.arange(90) >= 45,
        alpha=0.05,
        smallest_new=0.1,
        smallest_growth=0.1,
        embeddings=Embeddings(matrix, frame, "made", ""),
    )


def ask(widget, action):
    widget._receive(widget, {"action": action}, [])


async def look_until_it_changes(widget):
    """Show it in an event loop, as a kernel does."""
    came = asyncio.Event()
    widget.observe(lambda _: came.set(), "points")
    ask(widget, "drawn")
    await asyncio.wait_for(came.wait(), 120)


def test_the_first_map_is_there_at_once_and_a_better_one_when_somebody_looks(report):
    widget = explore(report)
    assert widget.points == unit_square(report.positions).tobytes()
    assert widget.map_state == {}
    told = []
    widget.observe(lambda change: told.append(change["new"]), "map_state")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, look_until_it_changes(widget)).result()
    places = np.frombuffer(widget.points, dtype="<f4").reshape(-1, 2)
    assert places.shape == (90, 2)
    assert widget.points != unit_square(report.positions).tobytes()
    # Three directions are three heaps, nearer to themselves than to each other.
    heaps = places.reshape(3, 30, 2)
    spread = np.linalg.norm(heaps - heaps.mean(axis=1, keepdims=True), axis=2).max()
    middles = heaps.mean(axis=1)
    assert min(np.linalg.norm(middles[i] - middles[i - 1]) for i in range(3)) > spread
    assert any(state.get("share") for state in told)
    assert widget.map_state == {}


@pytest.mark.parametrize("action", ["closed", "stop_map"])
def test_a_map_is_given_up_when_nobody_looks_or_somebody_says_so(report, action):
    widget = explore(report)
    ask(widget, "drawn")
    process = widget._better._making._process
    ask(widget, action)
    assert process.poll() is not None
    assert widget.map_state == {}
    assert widget.points == unit_square(report.positions).tobytes()
    ask(widget, "drawn")
    assert (widget._better._making is None) == (action == "stop_map")
    widget.close()


def test_a_report_that_keeps_its_traces_shows_their_texts(report):
    assert explore(report).selected["text"].to_list() == ["a query"] * 90


def test_windows_that_are_not_the_reports_own_are_refused(segments):
    report = DriftReport(
        frame=pl.DataFrame(),
        signals=pl.DataFrame(),
        windows=pl.DataFrame(),
        membership=segments.membership,
        positions=segments.positions,
        is_current=np.arange(N) >= 20,
        alpha=0.05,
        smallest_new=0.1,
        smallest_growth=0.1,
    )
    half = segments.embeddings.take(np.arange(N) < 30)
    with pytest.raises(LabError, match="compares 20 texts with 40"):
        explore(report, baseline=half, current=half)


def test_segments_can_be_read_where_there_is_no_kernel(segments):
    shown, _ = explore(segments)._repr_mimebundle_()
    for said in ("2 segments of 60 queries", "kettle", "50.0 %", "Run it again"):
        assert said in shown["text/html"]
