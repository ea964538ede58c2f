"""An OpenAI-compatible endpoint, against a server on loopback that misbehaves on request."""

import asyncio
import json

import pytest

from llmops_lab._endpoints.limits import Limits, retry_after_s
from llmops_lab.errors import LabError
from llmops_lab.evals import EvalRun, evaluate
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.targets import targets
from tests._server import replies, running, says

QUICK = Limits(silence_s=0.3, backoff_s=0.005)
KEY = "sk-test-0123456789"


USAGE = {"prompt_tokens": 12, "completion_tokens": 3}


def completion(text="Track it.", **more):
    return says(text, **{"usage": USAGE, **more})


def streams(*events, pause_s=0.0):
    async def act(writer, _):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for event in events:
            text = event if isinstance(event, str) else json.dumps(event)
            writer.write(f"data: {text}\n\n".encode())
            await writer.drain()
            await asyncio.sleep(pause_s)
        return False

    return act


def chunk(text=None, finish=None):
    return {"model": "m-1", "choices": [{"delta": {"content": text}, "finish_reason": finish}]}


def silent():
    async def act(writer, _):
        await asyncio.sleep(60)

    return act


def asked(server, *, n=1, **options):
    golden = GoldenSet(
        tuple(Case(f"Where is parcel {i}?", "Track it.", id=str(i)) for i in range(n))
    )
    endpoint = targets["endpoint"]("m", server.url, **{"limits": QUICK, "stream": False, **options})
    return evaluate(endpoint, golden, scorers=["exact"]).frame.rows(named=True)


def test_a_reply_in_one_piece():
    with running(completion()) as server:
        (row,) = asked(server, system="Be brief.", params={"temperature": 0})
    assert (row["output"], row["finish_reason"], row["model"]) == ("Track it.", "stop", "m-1")
    assert (row["input_tokens"], row["output_tokens"], row["ttft_s"]) == (12, 3, None)
    _, body = server.requests[0]
    assert body == {
        "model": "m",
        "temperature": 0,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Where is parcel 0?"},
        ],
    }


def test_a_stream_gives_the_time_to_its_first_token():
    usage = {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}
    events = [chunk(""), chunk("Track"), chunk(" it."), chunk(None, "stop"), usage, "[DONE]"]
    with running(streams(*events, pause_s=0.02)) as server:
        (row,) = asked(server, stream=True)
    assert (row["output"], row["input_tokens"], row["finish_reason"]) == ("Track it.", 12, "stop")
    # The first text leaves 20 ms after the first event, the last event 80 ms after that.
    assert 0.02 <= row["ttft_s"] <= row["duration_s"] - 0.06
    assert server.requests[0][1]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    "trouble",
    [
        replies(429, "slow down"),
        replies(500, "oops"),
        replies(200, "<html>garbage"),
        replies(200, '{"choices": []}'),
        replies(200, '{"error": {"message": "overloaded"}}'),
        streams(chunk("Tra")),
        streams("{garbage"),
        silent(),
    ],
    ids=["429", "500", "html", "empty", "error", "half a stream", "garbled stream", "silence"],
)
def test_what_passes_is_tried_again_and_what_stays_becomes_an_error(trouble):
    with running(trouble, completion()) as server:
        (row,) = asked(server)
        assert (row["output"], row["error"]) == ("Track it.", None)
        assert len(server.requests) == 2
    with running(trouble) as server:
        (row,) = asked(server, limits=Limits(silence_s=0.1, backoff_s=0.001, attempts=2))
        assert row["output"] is None
        assert "(attempt 2, given up)" in row["error"]
        assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_a_refusal_is_not_repeated(status):
    with running(replies(status, "no such model", "Location: http://elsewhere.invalid/")) as server:
        (row,) = asked(server)
    assert row["error"] == f"HTTP {status}: no such model"
    assert len(server.requests) == 1


def test_a_server_that_names_a_time_is_given_it():
    with running(replies(429, "", "retry-after-ms: 60"), completion()) as server:
        asked(server)
    assert server.times[1] - server.times[0] >= 0.055
    with running(replies(429, "busy", "Retry-After: 3600"), completion()) as server:
        (row,) = asked(server)
    assert "HTTP 429: busy" in row["error"]


def test_retry_after_is_read_as_number_and_date():
    assert retry_after_s({"Retry-After": "7"}) == 7
    assert retry_after_s({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after_s({"Retry-After": "soon"}) is None
    assert retry_after_s({}) is None


def test_requests_keep_their_distance():
    with running(completion()) as server:
        asked(server, n=4, limits=Limits(requests_per_minute=60 / 0.1))
    times = sorted(server.times)
    # Sent 0.3 s apart from first to last; the server may notice the first one late.
    assert times[-1] - times[0] >= 0.2


def test_money_runs_out(monkeypatch):
    monkeypatch.setattr(targets["endpoint"], "_cost", lambda *_: 0.4)
    with running(completion()) as server:
        endpoint = targets["endpoint"]("m", server.url, stream=False, limits=Limits(cost_usd=1.0))
        golden = GoldenSet(tuple(Case(f"q{i}", "x") for i in range(5)))
        frame = evaluate(endpoint, golden, scorers=["exact"], concurrency=1).frame
    assert frame["cost_usd"].drop_nulls().to_list() == [0.4, 0.4, 0.4]
    assert frame["error"].drop_nulls().to_list() == ["the limit of $1 is spent"] * 2


def test_a_known_host_has_prices():
    # OpenAI's list: gpt-4o-mini, $0.15 in and $0.60 out per million tokens.
    endpoint = targets["endpoint"]("gpt-4o-mini")
    assert endpoint._cost("gpt-4o-mini", 1_000_000, 100_000) == pytest.approx(0.15 + 0.06)
    assert endpoint._cost("no-such-model", 1, 1) is None


def test_the_key_is_sent_and_appears_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("SHOP_LLM", KEY)
    path = tmp_path / "run.jsonl"
    with running(replies(401, f"Incorrect key {KEY}"), completion(f"echo {KEY}")) as server:
        endpoint = targets["endpoint"](
            "m", server.url, stream=False, key_variable="SHOP_LLM", limits=QUICK
        )
        golden = GoldenSet((Case("a"), Case("b")))
        run = evaluate(endpoint, golden, scorers=["exact"], checkpoint=path, concurrency=1)
    assert server.requests[0][0]["authorization"] == f"bearer {KEY}"
    shown = [repr(endpoint), path.read_text(), str(run), run._repr_html_(), str(run.frame.rows())]
    assert not any(KEY in text for text in shown)
    assert run.frame["error"][0] == "HTTP 401: Incorrect key $SHOP_LLM"
    assert run.frame["output"][1] == "echo $SHOP_LLM"
    assert EvalRun.load(path).n_missing == 0


def test_without_a_key_nothing_is_called(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(LabError, match=r"no key for https://api.openai.com/v1; set OPENAI_API_KEY"):
        evaluate(targets["endpoint"]("gpt-4o"), GoldenSet((Case("a"),)), scorers=["exact"])


def test_another_model_is_another_target():
    one, two = (targets["endpoint"](m, "http://127.0.0.1:9/v1") for m in ("llama3", "mistral"))
    assert one.identity != two.identity
    assert one.identity == targets["endpoint"]("llama3", "http://127.0.0.1:9/v1").identity


def test_nobody_at_home_is_an_error_of_the_result():
    frame = evaluate(
        targets["endpoint"]("m", "http://127.0.0.1:9/v1", limits=QUICK),
        GoldenSet((Case("a"),)),
        scorers=["exact"],
    ).frame
    assert "ClientConnectorError" in frame["error"][0]
