"""The 400 customers: where they live, how often they write and how they type."""

from dataclasses import dataclass
from random import Random

N_USERS = 400

STORES = {
    # store: language, country, currency sign, share of users
    "uk": ("en", "GB", "£", 0.46),
    "ie": ("en", "IE", "€", 0.14),
    "de": ("de", "DE", "€", 0.16),
    "es": ("es", "ES", "€", 0.09),
    "fr": ("fr", "FR", "€", 0.08),
    "pl": ("pl", "PL", "zł", 0.07),
}
_KETTLES = {"en": 0.8, "de": 0.35}  # share of customers with the kettle; elsewhere few
PLATFORMS = ("web", "ios", "android")
PLANS = ("standard", "standard", "standard", "plus")


@dataclass(frozen=True)
class Person:
    """A customer and their habits at the keyboard."""

    user_id: str
    store: str
    language: str
    country: str
    currency: str
    plan: str
    platform: str
    model: str
    weight: float
    case: str  # tidy, lower or asis
    typo_rate: float  # per word
    apostrophes: bool
    wordiness: float  # 0 keywords … 1 letters
    greets: float
    emoji: bool
    turns_to_slang: bool
    owns_kettle: bool
    wants_lamp: bool
    taste: dict[str, float]  # weight of each intent


def make_people(rng: Random, intents: tuple[str, ...]) -> list[Person]:
    """All customers, heaviest writer first."""
    stores = _stores(rng)
    return [_person(rng, rank, store, intents) for rank, store in enumerate(stores)]


def _stores(rng: Random) -> list[str]:
    """Each store's exact share of users, in random order."""
    counts = {store: round(share * N_USERS) for store, (*_, share) in STORES.items()}
    counts["uk"] += N_USERS - sum(counts.values())
    names = [store for store, count in counts.items() for _ in range(count)]
    return [name for _, _, name in sorted((rng.random(), i, n) for i, n in enumerate(names))]


def _person(rng: Random, rank: int, store: str, intents: tuple[str, ...]) -> Person:
    language, country, currency, _ = STORES[store]
    draw = rng.random()
    return Person(
        user_id=f"usr_{rng.getrandbits(40):010x}",
        store=store,
        language=language,
        country=country,
        currency=currency,
        plan=rng.choice(PLANS),
        platform=rng.choice(PLATFORMS),
        model="claude-haiku-4-5" if rng.random() < 0.38 else "gpt-4.1-mini",
        weight=(rank + 5.0) ** -1.05 + 0.002,
        case="tidy" if draw < 0.42 else "lower" if draw < 0.76 else "asis",
        typo_rate=rng.choice((0.0, 0.0, 0.004, 0.008, 0.012, 0.02, 0.035, 0.055)),
        apostrophes=rng.random() < 0.7,
        wordiness=rng.random(),
        greets=rng.choice((0.05, 0.2, 0.35, 0.7)),
        emoji=rng.random() < 0.15,
        turns_to_slang=language == "en" and rng.random() < 0.5,
        owns_kettle=rng.random() < _KETTLES.get(language, 0.12),
        wants_lamp=rng.random() < (0.6 if language == "en" else 0.3),
        taste={intent: 0.25 + rng.expovariate(1.0) for intent in intents},
    )
