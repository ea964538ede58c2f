"""A LlamaIndex query engine as a target."""

import hashlib
from dataclasses import dataclass
from typing import Any

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer
from llmops_lab._runs.identity import described
from llmops_lab.targets._target import targets


@targets.register("llama-index")
@dataclass(frozen=True)
class LlamaIndex:
    """`engine.aquery(text)`; the texts of the source nodes are the answer's context.

    So groundedness, citation and faithfulness hold the answer against what was retrieved.
    `evaluate` takes a query engine itself.
    """

    engine: Any

    @property
    def name(self) -> str:
        return type(self.engine).__name__

    @property
    def identity(self) -> str:
        """Of what the engine shows of itself; a changed index is not seen."""
        return hashlib.sha256(described(self.engine).encode()).hexdigest()[:16]

    async def answer(self, case: Case, trial: int) -> Answer:
        given = await self.engine.aquery(case.text)
        nodes = getattr(given, "source_nodes", None) or []
        return Answer(str(given), context=[node.get_content() for node in nodes])
