"""An OpenAI-compatible embeddings endpoint, against a server on loopback."""

import json

import numpy as np
import polars as pl
import pytest

from llmops_lab._endpoints.limits import Limits
from llmops_lab.embedders.endpoint import EmbeddingEndpoint
from llmops_lab.embeddings import embed, estimate_embedding
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces
from tests._server import replies, running

QUICK = Limits(silence_s=0.5, backoff_s=0.005, attempts=2)
KEY = "sk-test-0123456789"
OPENAI = {"model": "text-embedding-3-small"}


def traces_of(n):
    texts = [f"where is parcel {i}" for i in range(n)]
    return Traces.from_frame(
        pl.DataFrame({"span_id": [str(i) for i in range(n)], "input_text": texts})
    )


def vectors(*, shuffled=False, tokens=5):
    """Answers each text with (its number, 1): a vector one can check."""

    async def act(writer, body):
        data = [
            {"index": i, "embedding": [float(text.split()[-1]), 1.0]}
            for i, text in enumerate(body["input"])
        ]
        data = data[::-1] if shuffled else data
        usage = {"prompt_tokens": tokens * len(data)}
        text = json.dumps({"data": data, "model": body["model"], "usage": usage})
        return await replies(200, text)(writer, body)

    return act


@pytest.mark.parametrize("shuffled", [False, True])
def test_batches_come_back_in_the_order_of_the_texts(shuffled):
    with running(vectors(shuffled=shuffled)) as server:
        endpoint = EmbeddingEndpoint("m", server.url, texts_per_request=3, limits=QUICK)
        found = embed(traces_of(10), embedder=endpoint, cache=False)
    assert found.embedder == "m"
    numbers = found.matrix[:, 0] / found.matrix[:, 1]
    assert numbers == pytest.approx(np.arange(10), rel=1e-5)
    assert sorted(len(body["input"]) for _, body in server.requests) == [1, 3, 3, 3]


@pytest.mark.parametrize(
    "trouble",
    [
        replies(429, "slow down", "Retry-After: 0"),
        replies(503, "oops"),
        replies(200, "<html>"),
        replies(200, '{"data": []}'),
        replies(200, '{"data": [{"embedding": [1]}, {"embedding": [1, 2]}]}'),
    ],
    ids=["429", "503", "html", "too few", "two lengths"],
)
def test_troubles_that_pass_are_tried_again_and_others_are_told(trouble):
    with running(trouble, vectors()) as server:
        endpoint = EmbeddingEndpoint("m", server.url, limits=QUICK)
        assert len(embed(traces_of(2), embedder=endpoint, cache=False)) == 2
    with running(trouble) as server:
        endpoint = EmbeddingEndpoint("m", server.url, limits=QUICK)
        with pytest.raises(LabError, match=r"gives no vectors: .*given up.*run it again"):
            embed(traces_of(2), embedder=endpoint, cache=False)


def test_what_is_kept_on_disk_is_not_asked_for_again(tmp_path):
    with running(vectors()) as server:
        endpoint = EmbeddingEndpoint("m", server.url, limits=QUICK)
        first = embed(traces_of(300), embedder=endpoint, cache=tmp_path)
        asked = len(server.requests)
        second = embed(traces_of(300), embedder=endpoint, cache=tmp_path)
        assert len(server.requests) == asked == 2
        told = estimate_embedding(traces_of(310), embedder=endpoint, cache=tmp_path)
    assert (first.matrix == second.matrix).all()
    assert (told.n_texts, told.n_kept, told.cost_usd) == (10, 300, 0.0)


def test_the_cost_is_told_before_it_is_spent(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    # 22 bytes a text at three bytes a token and one more; $0.02 per million tokens: $0.00017.
    traces = Traces.from_frame(
        pl.DataFrame(
            {
                "span_id": [str(i) for i in range(1000)],
                "input_text": [f"where is parcel {i:06d}" for i in range(1000)],
            }
        )
    )
    told = estimate_embedding(traces, embedder=EmbeddingEndpoint(**OPENAI), cache=False)
    assert told.n_tokens == 1000 * 22 // 3 + 1000
    assert told.cost_usd == pytest.approx(told.n_tokens * 0.02 / 1e6)
    assert "1,000 texts to embed by text-embedding-3-small" in str(told)
    with pytest.raises(
        LabError, match=r"cost \$0.00017 by text-embedding-3-small; .*Limits\(cost_usd=0.00017\)"
    ):
        embed(traces, embedder=EmbeddingEndpoint(**OPENAI), cache=False)
    stingy = EmbeddingEndpoint(**OPENAI, limits=Limits(cost_usd=0.0001))
    with pytest.raises(LabError, match=r"more than is left of \$0.0001"):
        embed(traces, embedder=stingy, cache=False)


def test_a_server_without_a_known_price_needs_one(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    endpoint = EmbeddingEndpoint("own-model", "https://llm.invalid/v1")
    with pytest.raises(LabError, match="usd_per_mtok"):
        embed(traces_of(2), embedder=endpoint, cache=False)


def test_a_limit_ends_the_spending_when_texts_are_longer_than_thought():
    # $0.10 a token: four texts are estimated at 26 tokens, $2.60; the server counts 500 each.
    with running(vectors(tokens=500)) as server:
        limits = Limits(cost_usd=10.0, attempts=1)
        endpoint = EmbeddingEndpoint(
            "m",
            server.url,
            usd_per_mtok=1e5,
            texts_per_request=1,
            requests_at_once=1,
            limits=limits,
        )
        with pytest.raises(LabError, match=r"the limit of \$10 is spent"):
            embed(traces_of(4), embedder=endpoint, cache=False)
    assert len(server.requests) == 1


def test_the_key_is_sent_and_appears_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("SHOP_LLM", KEY)
    with running(replies(401, f"Incorrect key {KEY}")) as server:
        endpoint = EmbeddingEndpoint("m", server.url, key_variable="SHOP_LLM", limits=QUICK)
        with pytest.raises(LabError) as caught:
            embed(traces_of(2), embedder=endpoint, cache=tmp_path)
    assert server.requests[0][0]["authorization"] == f"bearer {KEY}"
    assert KEY not in f"{caught.value} {endpoint!r} {endpoint.cache_name}"
    assert "$SHOP_LLM" in str(caught.value)


def test_without_a_key_nothing_is_called(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(LabError, match="set OPENAI_API_KEY"):
        embed(traces_of(2), embedder=EmbeddingEndpoint(**OPENAI), cache=False)


def test_credentials_in_an_address_are_no_part_of_the_name_in_the_cache():
    endpoint = EmbeddingEndpoint("m", "https://user:pass@llm.invalid:8443/v1", dimensions=64)
    assert endpoint.cache_name == "llm.invalid:8443/v1 m (64)"
