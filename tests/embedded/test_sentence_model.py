"""Models of sentence-transformers and transformers, made here with random weights: no download.

They are skipped without sentence-transformers, which is no dependency (torch takes gigabytes):
`pip install sentence-transformers`, then `pytest tests/embedded/test_sentence_model.py`.
"""

import importlib.util
import string

import numpy as np
import polars as pl
import pytest

from llmops_lab.embedders.sentence_model import SentenceModel
from llmops_lab.embeddings import embed, estimate_embedding
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

WORDS = [
    "where",
    "is",
    "my",
    "order",
    "refund",
    "late",
    "card",
    "change",
    "the",
    "please",
    "help",
    "with",
    "cancel",
    "return",
]
TEXTS = ["where is my order", "please cancel the order", "refund my card please", "help me with it"]
SIZE = 32
READS_TOKENS = 16


def traces_of(texts):
    ids = [str(i) for i in range(len(texts))]
    return Traces.from_frame(pl.DataFrame({"span_id": ids, "input_text": texts}))


def write_plain(folder, *, seed=0):
    """A BERT of two layers in the files of transformers."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    letters = string.ascii_lowercase
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *WORDS, *letters, *(f"##{letter}" for letter in letters)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    torch.manual_seed(seed)
    size = {"hidden_size": SIZE, "intermediate_size": 64, "max_position_embeddings": 64}
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), num_hidden_layers=2, num_attention_heads=2, **size
    )
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizerFast(
        vocab=str(folder / "vocab.txt"), model_max_length=64
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    pytest.importorskip("sentence_transformers")
    return write_plain(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def saved(plain, tmp_path_factory):
    """The same in the files of sentence-transformers, which reads 16 tokens of a text."""
    package = pytest.importorskip("sentence_transformers")
    folder = tmp_path_factory.mktemp("saved")
    parts = pytest.importorskip("sentence_transformers.models")
    words = parts.Transformer(str(plain), max_seq_length=READS_TOKENS)
    model = package.SentenceTransformer(modules=[words, parts.Pooling(SIZE)], device="cpu")
    model.save(str(folder))
    return folder


@pytest.fixture(params=["plain", "saved"])
def folder(request):
    return request.getfixturevalue(request.param)


def test_a_text_has_the_mean_of_its_tokens_at_length_1_whatever_stands_beside_it(folder, plain):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(plain)
    model = transformers.AutoModel.from_pretrained(plain).eval()
    found = embed(traces_of(TEXTS), embedder=SentenceModel(str(folder), device="cpu"), cache=False)
    assert found.matrix.shape == (len(TEXTS), SIZE)
    for text, vector in zip(TEXTS, found.matrix, strict=True):
        with torch.no_grad():
            mean = (
                model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0).numpy()
            )
        assert vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_batches_of_any_size_give_the_same_vectors(folder):
    one, many = (SentenceModel(str(folder), texts_at_once=n, device="cpu") for n in (1, 3))
    assert one(TEXTS) == pytest.approx(many(TEXTS), abs=1e-5)


def test_what_the_model_would_cut_away_counts_too(saved):
    start, end = "where is my order please help " * 3, "cancel return refund late card " * 3
    model = SentenceModel(str(saved), device="cpu")
    assert model.longest_chars == 3 * READS_TOKENS
    whole = embed(traces_of([start + end, start]), embedder=model, cache=False).matrix
    assert whole[0] @ whole[1] < 0.999
    assert model([start + end])[0] @ model([start])[0] == pytest.approx(1, abs=1e-5)


def test_vectors_are_kept_until_the_folder_holds_another_model(tmp_path):
    pytest.importorskip("sentence_transformers")
    traces, cache = traces_of(TEXTS), tmp_path / "cache"
    model = SentenceModel(str(write_plain(tmp_path / "model")), device="cpu")
    before = model.cache_name
    embed(traces, embedder=model, cache=cache)
    assert estimate_embedding(traces, embedder=model, cache=cache).n_kept == len(TEXTS)
    write_plain(tmp_path / "model", seed=1)
    assert model.cache_name != before
    assert estimate_embedding(traces, embedder=model, cache=cache).n_kept == 0


def test_a_name_on_the_hub_is_kept_under_that_name():
    assert SentenceModel("BAAI/bge-m3").cache_name == "sentence-transformers BAAI/bge-m3"


def test_without_the_package_it_says_what_to_install():
    if importlib.util.find_spec("sentence_transformers"):
        pytest.skip("sentence-transformers is installed")
    with pytest.raises(LabError, match="pip install sentence-transformers"):
        embed(traces_of(TEXTS), embedder=SentenceModel("BAAI/bge-small-en-v1.5"), cache=False)


def test_a_folder_without_a_model_says_what_to_give(tmp_path):
    pytest.importorskip("sentence_transformers")
    with pytest.raises(LabError, match="give a folder that holds one"):
        embed(traces_of(TEXTS), embedder=SentenceModel(str(tmp_path)), cache=False)
