"""What tokens cost at a known host, by the list of genai-prices."""


def price_usd(
    model: str, base_url: str, *, input_tokens: int, output_tokens: int = 0
) -> float | None:
    """Dollars for so many tokens; None where the host or the model is not listed."""
    import genai_prices

    usage = genai_prices.Usage(input_tokens=input_tokens, output_tokens=output_tokens)
    try:
        price = genai_prices.calc_price(usage, model, provider_api_url=base_url)
    except LookupError:
        return None
    return float(price.total_price)
