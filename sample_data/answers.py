"""What the assistant finds and says: help pages, tool results, answers and outdated answers."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from sample_data.phrases import fill
from sample_data.queries import Writer
from sample_data.slots import Slots

_PAGES = Path(__file__).parent / "policies" / "help_pages.txt"
_CITED = re.compile(r"\[([a-z]+[a-z0-9-]*)\]")

TOOLS = {
    # (intent, topic): tool; topic "" serves every topic
    ("delivery", ""): "track_parcel",
    ("refunds", ""): "get_refund_status",
    ("order_change", ""): "get_order",
    ("returns", "label"): "create_return_label",
    ("sizes", "exchange"): "check_stock",
    ("restock", "when"): "check_stock",
    ("b2b", "invoice"): "find_invoice",
    ("payment", "double"): "get_payments",
    ("warranty", "claim"): "get_order",
    ("account", "login"): "get_account_state",
    ("vouchers", "fails"): "check_voucher",
    ("damaged", ""): "get_order",
}


@dataclass(frozen=True)
class Page:
    """A help page as the retriever returns it."""

    doc_id: str
    title: str
    text: str


@dataclass(frozen=True)
class Reply:
    """An answer, the pages it may cite, and what the tool call looked like."""

    text: str
    core: str  # the text without its frame
    pages: tuple[Page, ...]
    tool: str | None
    arguments: str
    result: str


@cache
def help_pages() -> dict[str, Page]:
    """The shop's help pages by id."""
    pages: dict[str, Page] = {}
    head = ""
    for line in _PAGES.read_text(encoding="utf-8").splitlines():
        if line.startswith("@ "):
            head = line[2:]
        elif line.strip():
            doc_id, title = (part.strip() for part in head.split("|"))
            pages[doc_id] = Page(doc_id, title, line.strip())
    return pages


class Assistant:
    """Answers in one language; remembers which wordings are already out."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def reply(
        self, intent: str, topic: str, slots: Slots, rng: Random, *, wrong: bool, said: str = ""
    ) -> Reply:
        """The answer to a query of this topic: `said` if it is known, or a wording of it.

        `wrong` takes it from the page of 2023.
        """
        book = self._writer.book
        kind = "wrong" if wrong and book.pieces(intent, topic, "wrong") else "answer"
        drawn = self._writer.draw(book.pieces(intent, topic, kind), rng)
        core = said if said and kind == "answer" else fill(drawn, slots, rng)
        pages = _found(core, intent, rng)
        if (
            kind == "answer"
            and not said
            and intent not in ("smalltalk", "recall")
            and rng.random() < 0.025
        ):
            core = rng.choice(book.frame("no_answer"))
        slots.put("answer", core)
        plain = said or intent in ("smalltalk", "recall") or rng.random() < 0.3
        lead = "{answer}" if plain else self._writer.draw(book.frame("lead"), rng)
        tool = TOOLS.get((intent, topic)) or TOOLS.get((intent, ""))
        if tool and (said or rng.random() < 0.18):
            tool = None
        arguments, result = _tool_call(tool, slots, rng) if tool else ("", "")
        return Reply(fill(lead, slots, rng), core, pages, tool, arguments, result)

    def refusal(self, topic: str, slots: Slots, rng: Random) -> str:
        """What is said when the guardrail stops a message."""
        pieces = self._writer.book.pieces("abuse", topic, "answer")
        return fill(rng.choice(pieces), slots, rng)

    def without_tool(self, answer: str, rng: Random) -> str:
        """The answer when the order system did not respond."""
        return rng.choice(self._writer.book.frame("tool_failed")).replace("{answer}", answer)


def _found(answer: str, intent: str, rng: Random) -> tuple[Page, ...]:
    """The cited page first, then two that the search thought near."""
    pages = help_pages()
    cited = [doc for doc in _CITED.findall(answer) if doc in pages]
    near = [doc for doc in pages if doc not in cited and _related(doc, intent, cited)]
    others = [doc for doc in pages if doc not in cited and doc not in near]
    hidden = {"restock-lumi", "returns-2023"}
    ranked = cited + _some(near, 2, rng) + _some([d for d in others if d not in hidden], 3, rng)
    return tuple(pages[doc] for doc in ranked[:3])


def _related(doc: str, intent: str, cited: list[str]) -> bool:
    stems = {name.split("-")[0] for name in (*cited, intent)}
    return doc.split("-", maxsplit=1)[0] in stems and doc != "returns-2023"


def _some(names: list[str], count: int, rng: Random) -> list[str]:
    keyed = sorted((rng.random(), name) for name in names)
    return [name for _, name in keyed[:count]]


def _tool_call(tool: str, slots: Slots, rng: Random) -> tuple[str, str]:
    order = f"LM{slots['digits']}"
    amount = round(18 + rng.random() * 220, 2)
    results = {
        "track_parcel": {
            "order_id": order,
            "carrier": slots["carrier"],
            "status": rng.choice(("in_transit", "at_depot", "delivered", "label_created")),
            "shipped": slots["ship_date"],
            "estimate": slots["eta"],
        },
        "get_refund_status": {"order_id": order, "amount": amount, "state": "booked_in"},
        "get_order": {"order_id": order, "state": rng.choice(("received", "packed", "shipped"))},
        "create_return_label": {"order_id": order, "label_id": f"RL{slots['n2']}{slots['digits']}"},
        "check_stock": {"sku": f"LK-{slots['digits'][:4]}", "available": int(rng.random() * 12)},
        "find_invoice": {"order_id": order, "invoice": f"INV-2026-{slots['digits']}"},
        "get_payments": {"order_id": order, "captured": 1, "reserved": 1, "amount": amount},
        "get_account_state": {"locked": rng.random() < 0.5, "reset_mails_sent": 2},
        "check_voucher": {"code": slots["code"], "valid": rng.random() < 0.4},
    }
    key = next(iter(results[tool]))
    arguments = {key: results[tool][key]} if key in ("order_id", "sku", "code") else {}
    return json.dumps(arguments), json.dumps(results[tool], ensure_ascii=False)
