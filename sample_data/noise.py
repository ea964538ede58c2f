"""How fingers change a text: typing slips, case, commas left out, slang."""

import re
from random import Random

_NEIGHBOURS = {
    "a": "s", "b": "v", "c": "x", "d": "f", "e": "r", "f": "g", "g": "h", "h": "j", "i": "o",
    "j": "k", "k": "l", "l": "k", "m": "n", "n": "m", "o": "p", "p": "o", "q": "w", "r": "t",
    "s": "a", "t": "r", "u": "i", "v": "b", "w": "e", "x": "c", "y": "t", "z": "x",
}  # fmt: skip
_MISSPELT = {
    "receive": "recieve", "received": "recieved", "definitely": "definately", "which": "wich",
    "address": "adress", "tomorrow": "tommorow", "because": "becuase", "until": "untill",
    "their": "thier", "really": "realy", "business": "buisness", "guarantee": "garantee",
    "warranty": "waranty", "separate": "seperate", "delivery": "delivary", "refund": "refound",
    "receipt": "reciept", "believe": "beleive", "weird": "wierd", "piece": "peice",
    "occurred": "occured", "immediately": "immediatly", "neighbour": "neighbor",
    "package": "pakage", "order": "oder", "please": "plese", "broken": "brocken",
}  # fmt: skip
_ASKS = re.compile(
    r"(how|what|where|when|who|why|which|can|could|do|does|did|is|are|was|am|will|would|should|"
    r"may|any|has|have|wo|wann|wie|was|warum|kann|ist|sind|habt|gibt|darf|muss|d[oó]nde|"
    r"cu[aá]ndo|c[oó]mo|qu[eé]|cu[aá]nto|puedo|pueden|hay|o[uù]|quand|comment|combien|est-ce|"
    r"pourquoi|puis-je|gdzie|kiedy|jak|czy|dlaczego|ile|co|kto)\b",
    re.IGNORECASE,
)
_SLANG = (
    (r"\bplease\b", ("pls", "plz", "please")),
    (r"\bthank you\b", ("thank u", "thanku")),
    (r"\bthanks\b", ("thx", "thanks", "thnx")),
    (r"\byou are\b", ("ur", "youre")),
    (r"\byou're\b", ("ur",)),
    (r"\byour\b", ("ur", "ya", "your", "your")),
    (r"\byou\b", ("u", "ya", "you", "you")),
    (r"\bare\b", ("r", "are", "are")),
    (r"\bwhy\b", ("y", "why tf")),
    (r"\bbecause\b", ("bc", "cuz")),
    (r"\bgoing to\b", ("gonna",)),
    (r"\bwant to\b", ("wanna",)),
    (r"\bI don't know\b", ("idk",)),
    (r"\bto be honest\b", ("tbh",)),
    (r"\bhonestly\b", ("ngl", "istg")),
    (r"\bright now\b", ("rn",)),
    (r"\bmy (mum|dad)\b", (r"my \1s", r"the \1")),
    (r"\bvery\b", ("mad", "hella")),
    (r"\breally\b", ("rly", "lowkey")),
    (r"\btomorrow\b", ("tmr", "2moro")),
    (r"\btonight\b", ("tn", "2nite")),
    (r"\bsomething\b", ("smth",)),
    (r"\banything\b", ("anythin", "smth")),
    (r"\bnothing\b", ("nada", "nun")),
    (r"\bwhat's\b", ("whats", "wuts")),
    (r"\bwhat is\b", ("whats",)),
    (r"\bmonth\b", ("mth", "month")),
    (r"\bparcel\b", ("package", "pkg")),
    (r"\bmoney\b", ("cash", "money", "bag")),
    (r"\bbroken\b", ("busted", "cooked")),
    (r"\bcrazy\b", ("wild",)),
    (r"\bbad\b", ("trash", "mid")),
    (r"\bfor\b", ("4", "for", "for", "for")),
    (r"\bto\b", ("2", "to", "to", "to", "to", "to")),
    (r"\band\b", ("n", "and", "&")),
    (r"\bgreat\b", ("lit", "fire")),
    (r"(?<=[a-z]{3})(?<!str)(?<!spr)ing\b", ("in", "ing", "ing")),
    (r"\bwith\b", ("w", "w/", "with")),
    (r"\bwithout\b", ("w/o",)),
    (r"\bsomeone\b", ("some1", "sm1")),
    (r"\bjust\b", ("jus", "just")),
    (r"\bI am\b", ("im",)),
    (r"\bI have\b", ("i got", "ive got")),
    (r"\bdo you\b", ("do u", "u got", "do ya")),
    (r"\bisn't\b", ("aint",)),
    (r"\bis not\b", ("aint",)),
)
FILLERS = ("like", "lowkey", "literally", "fr", "ngl", "deadass", "yeah", "idk", "so")


def type_like(text: str, person_case: str, typo_rate: float, rng: Random) -> str:
    """The text as this hand would have typed it."""
    if person_case == "tidy":
        text = tidy(text)
    elif person_case == "lower":
        text = text.lower()
        if rng.random() < 0.6:
            text = text.rstrip(".")
    return _slip(text, typo_rate, rng) if typo_rate else text


def tidy(text: str) -> str:
    """Capitals at sentence starts, "I" upright, and a mark at the end."""
    text = re.sub(r"\bi(?=\b(?!\.e))", "I", text)
    text = re.sub(r"(^|[.!?]\s+|\n)([^\W\d_])", lambda m: m.group(1) + m.group(2).upper(), text)
    last = re.split(r"[.!?]\s+|\n", text)[-1]
    if text and text[-1].isalnum() and "\n" not in text[-40:] and len(last.split()) > 4:
        text += "?" if asks(last) else "."
    return text


def asks(sentence: str) -> bool:
    """Whether a sentence without a mark is a question, by its first word."""
    return bool(_ASKS.match(sentence))


def without_apostrophes(text: str) -> str:
    """The text as typed by someone for whom the apostrophe is too far away."""
    return re.sub(r"(\w)'(\w)", r"\1\2", text)


def shout(text: str) -> str:
    """Capital letters throughout."""
    return text.upper()


def slang(text: str, rng: Random) -> str:
    """The text in the voice of the group chat."""
    for pattern, words in _SLANG:
        text = re.sub(pattern, lambda m, w=words: m.expand(rng.choice(w)), text, flags=re.I)
    return re.sub(r"[.,;:!](?=\s|$)", "", without_apostrophes(text.lower()))


def _slip(text: str, typo_rate: float, rng: Random) -> str:
    words = text.split(" ")
    for i, word in enumerate(words):
        if len(word) < 4 or not word.isalpha():
            continue
        if word.lower() in _MISSPELT and rng.random() < typo_rate * 9:
            words[i] = _MISSPELT[word.lower()]
        elif rng.random() < typo_rate:
            words[i] = _mistype(word, rng)
    return " ".join(words)


def _mistype(word: str, rng: Random) -> str:
    at = 1 + int(rng.random() * (len(word) - 2))
    kind = rng.random()
    if kind < 0.35:  # two letters swapped
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.6:  # one left out
        return word[:at] + word[at + 1 :]
    if kind < 0.75:  # one doubled
        return word[:at] + word[at] + word[at:]
    return word[:at] + _NEIGHBOURS.get(word[at].lower(), word[at]) + word[at + 1 :]
