"""What embedding texts would send and cost, before anything is sent."""

from dataclasses import dataclass

from llmops_lab._display import Shown, Table


@dataclass(frozen=True, repr=False)
class Estimate(Shown):
    """Texts (or pieces of long ones) that would be embedded, tokens at most about, dollars.

    `n_kept` texts have their vector on disk already. `n_tokens` is known for endpoints only;
    `cost_usd` is 0 where nothing is sent, None where the price is not known.
    """

    embedder: str
    n_texts: int
    n_kept: int
    n_tokens: int | None
    cost_usd: float | None

    def _table(self) -> Table:
        tokens = "" if self.n_tokens is None else f", at most about {self.n_tokens:,} tokens"
        cost = "price not known" if self.cost_usd is None else f"${self.cost_usd:.2g}"
        return Table(
            f"{self.n_texts:,} texts to embed by {self.embedder}{tokens}: {cost}",
            f"{self.n_kept:,} more are kept on disk already",
            (),
            (),
        )
