"""Names of providers and models as traces have them, towards names as price lists have them."""

from collections.abc import Iterator

# OpenTelemetry's names and LiteLLM's prefixes where genai-prices knows neither.
_PROVIDERS = {
    "azure.ai.inference": "azure",
    "azure_ai": "azure",
    "bedrock": "aws",
    "fireworks_ai": "fireworks",
    "gcp.gen_ai": "google",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "novita_ai": "novita",
    "together_ai": "together",
    "vertex_ai": "google",
    "x_ai": "x-ai",
    "xai": "x-ai",
}
_ROUTERS = {"litellm"}


def provider_name(provider: str | None) -> str | None:
    """The price list's name; None where the trace names a router or nobody."""
    name = (provider or "").strip().lower()
    return None if name in _ROUTERS or not name else _PROVIDERS.get(name, name)


def candidates(provider: str | None, model: str) -> Iterator[tuple[str | None, str]]:
    """(provider, model) to look up, most literal first: prefixes like `azure/` are taken off.

    A fine-tune keeps its `ft:` name: its price is not that of its base model.
    """
    owner = provider_name(provider)
    yield owner, model
    prefix, slash, rest = model.partition("/")
    if slash:
        if owner is not None:
            yield owner, rest
        yield provider_name(prefix), rest
        yield owner, model.rpartition("/")[2]
