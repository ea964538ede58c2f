"""Everyone's own words: which of several ways of saying a thing a person uses, always the same."""

import re
from functools import cache
from random import Random

# What stands in the pieces, and what people say instead; "" keeps it as it is.
_CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\bparcel\b", ("", "", "package", "package", "box", "delivery")),
    (r"\bparcels\b", ("", "packages")),
    (r"\bmail\b", ("email", "email", "e-mail", "")),
    (r"\bmails\b", ("emails", "e-mails", "")),
    (r"\bcourier\b", ("", "", "driver", "delivery company", "delivery guy")),
    (r"\bbasket\b", ("", "cart", "bag", "shopping basket")),
    (r"\bbought\b", ("", "", "ordered", "got", "purchased")),
    (r"\barrived\b", ("", "came", "turned up", "got here")),
    (r"\bsend back\b", ("", "return")),
    (r"\bsend it back\b", ("", "return it")),
    (r"\bsend something back\b", ("", "return something", "give something back")),
    (r"\bmoney back\b", ("", "refund", "money returned")),
    (r"\bnobody\b", ("", "no one", "noone")),
    (r"\bsomebody\b", ("", "someone")),
    (r"\bsomeone\b", ("", "somebody")),
    (r"\beveryone\b", ("", "everybody")),
    (r"(?<!many )\bthanks\b(?! in| for)", ("", "", "thank you", "cheers")),
    (r"\bright now\b", ("", "at the moment", "now")),
    (r"\bhow do i\b", ("", "", "how can i", "what do i do to", "how am i supposed to")),
    (r"\bwhere do i\b", ("", "where can i")),
    (r"\bcan you\b", ("", "", "could you", "can somebody", "would you")),
    (r"\bcould you\b", ("", "", "can you", "would you please")),
    (r"\bcan i\b", ("", "", "could i", "may i", "am i able to")),
    (r"\bis it possible to\b", ("", "can i", "any way to")),
    (r"\bi want\b", ("", "i'd like", "i need")),
    (r"\bi'd like\b", ("", "i want", "i would like")),
    (r"\bplease\b", ("", "", "", "pls", "kindly")),
    (r"\bdoesn't work\b", ("", "isn't working", "won't work", "is not working")),
    (r"\bbecause\b", ("", "", "cos", "as", "since")),
    (r"\bmaybe\b", ("", "perhaps")),
    (r"\bbig\b", ("", "large", "huge")),
    (r"\btell me\b", ("", "let me know")),
    (r"\blet me know\b", ("", "tell me", "get back to me")),
    (r"\bhelp pages\b", ("FAQ", "help section", "help pages")),
    (r"\bwebsite\b", ("", "site", "web page")),
    (r"\byour site\b", ("", "your website", "the website", "the shop page")),
    (r"\bsold out\b", ("", "out of stock", "gone")),
    (r"\bcode\b", ("", "", "discount code", "voucher", "promo code")),
    (r"\bis there\b", ("", "", "is there actually", "would there be")),
    (r"\bdo you have\b", ("", "have you got", "do you guys have")),
    (r"\bdo you\b", ("", "", "do you guys", "do you people")),
    (r"\bi've got\b", ("", "i have", "ive")),
    (r"\bit's\b", ("", "", "it is", "its")),
    (r"\bi'm\b", ("", "", "i am", "im")),
    (r"\bi've\b", ("", "", "i have", "ive")),
    (r"\bdon't\b", ("", "", "do not", "dont")),
    (r"\bdidn't\b", ("", "did not", "didnt")),
    (r"\bisn't\b", ("", "is not", "isnt")),
    (r"\bwon't\b", ("", "will not", "wont")),
    (r"\bvery\b", ("", "really")),
    (r"\bsaid\b", ("", "told me", "claimed")),
    (r"\bsays\b", ("", "", "claims", "tells me")),
    (r"\bjust\b", ("", "", "only", "simply")),
    (r"\bonly\b", ("", "", "just")),
    (r"\bbroken\b", ("", "", "damaged", "in bits", "smashed")),
    (r"\bbefore\b", ("", "", "b4")),
    (r"\band\b", ("", "", "", "", "", "&", "n")),
    (r"\byou\b", ("", "", "", "", "", "", "", "", "", "u")),
    (r"\bpicture\b", ("", "photo", "pic")),
    (r"\bphotos\b", ("", "pics", "pictures")),
    (r"\bphone\b", ("", "mobile", "phone")),
    (r"\bwarranty\b", ("", "guarantee", "warranty")),
    (r"\bguarantee\b", ("", "warranty")),
    (r"\bdelivered\b", ("", "dropped off", "delivered")),
    (r"\bworked\b", ("", "was working")),
    (r"\blooks\b", ("", "seems")),
    (r"\bwhat happens\b", ("", "what do you do", "what happens then")),
    (r"\bexchange\b", ("", "swap", "change")),
    (r"\bswap\b", ("", "exchange", "change")),
)  # fmt: skip


def in_own_words(text: str, user_id: str) -> str:
    """English text with this person's choice of words; a hurried slip now and then is not here."""
    for pattern, word in _vocabulary(user_id):
        text = pattern.sub(lambda m, w=word: _cased(w, m.group()), text)
    return text


@cache
def _vocabulary(user_id: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    rng = Random(f"words of {user_id}")
    chosen = [(pattern, rng.choice(words)) for pattern, words in _CHOICES]
    return tuple((re.compile(p, re.IGNORECASE), word) for p, word in chosen if word)


def _cased(word: str, like: str) -> str:
    return word[0].upper() + word[1:] if like[0].isupper() else word
