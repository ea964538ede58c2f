"""Golden cases that use every field, for servers to keep and give back."""

from llmops_lab import Case
from llmops_lab.golden import Source

CASES = (
    Case("Where is my parcel?", "On its way.", id="parcel", tags=["order"], split="test"),
    Case(
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}],
        ["A refund.", "Money back."],
        id="talk",
        context=["Refunds take five days."],
        rubric="It names the days.",
        metadata={"team": "shop"},
    ),
    Case(
        "Never say this",
        "this",
        id="never",
        label="bad",
        severity="critical",
        cluster="u1",
        source=Source("trace", trace_id="t1"),
        status="quarantined",
    ),
)
