"""Who opens the chat when, and about what."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from sample_data import plot
from sample_data.people import Person
from sample_data.phrases import read_book

_HOURS = (1, 0.5, 0.3, 0.2, 0.3, 0.8, 2, 4, 6, 8, 9, 9, 8, 7, 7, 7, 7, 8, 9, 10, 10, 8, 5, 2)
_TURNS = (0.77, 0.15, 0.06, 0.02)


@dataclass(frozen=True)
class Session:
    """A conversation before a word of it is written."""

    person: Person
    intent: str
    topic: str
    day: int
    second: float
    turns: int
    plant: str = ""  # recall, restock, paste or burst


def plan_sessions(people: list[Person], rng: Random) -> list[Session]:
    """All sessions in order of time. Each of the customers has at least one."""
    return _Planner(people, rng).plan()


class _Planner:
    """Draws the sessions of every day."""

    def __init__(self, people: list[Person], rng: Random) -> None:
        self._people, self._rng = people, rng
        self._weights = [person.weight for person in people]
        self._owners = self._in_turn([p for p in people if p.owns_kettle])
        self._fans = self._in_turn([p for p in people if p.wants_lamp])
        self._quiet = [p for p in people[120:] if p.language == "en"]
        self._paster = next(p for p in people[40:] if p.language == "en" and p.case == "tidy")

    def plan(self) -> list[Session]:
        planned = [self._ordinary(1 + int(self._rng.random() * plot.N_DAYS), person)
                   for person in self._people]  # fmt: skip
        for day in range(1, plot.N_DAYS + 1):
            share = plot.WEEKDAY[plot.date_of(day).weekday()] * (0.97 + 0.06 * self._rng.random())
            planned += [self._one(day) for _ in range(int(plot.SESSIONS_A_DAY * share))]
        planned += self._paste()
        planned += self._burst()
        return sorted(planned, key=lambda s: (s.day, s.second, s.person.user_id))

    def _one(self, day: int) -> Session:
        if self._rng.random() < 0.004:
            return self._session(day, self._rng.choice(self._quiet), "abuse")
        recall = plot.RECALL_SHARE * (0.6 if day == plot.RECALL_FROM_DAY else 1)
        if day >= plot.RECALL_FROM_DAY and self._rng.random() < recall:
            return self._session(day, next(self._owners), "recall", plant="recall")
        if day <= plot.RESTOCK_TO_DAY and self._rng.random() < plot.RESTOCK_SHARE:
            return self._session(day, next(self._fans), "restock", plant="restock")
        return self._ordinary(day, self._rng.choices(self._people, self._weights)[0])

    def _ordinary(self, day: int, person: Person) -> Session:
        weights = [share * person.taste[intent] for intent, share in plot.INTENTS.items()]
        return self._session(day, person, self._rng.choices(tuple(plot.INTENTS), weights)[0])

    def _session(self, day: int, person: Person, intent: str, *, plant: str = "") -> Session:
        topic = self._rng.choice(read_book("en").topics(intent))
        turns = self._rng.choices(range(1, len(_TURNS) + 1), _TURNS)[0]
        return Session(person, intent, topic, day, self._second(), turns, plant)

    def _second(self) -> float:
        """A second of the day, mostly between breakfast and bedtime."""
        hour = self._rng.choices(range(24), _HOURS)[0]
        return (hour + self._rng.random()) * 3600

    def _in_turn(self, people: list[Person]) -> Iterator[Person]:
        """Each in turn, in random order, so that a topic spreads over many."""
        while True:
            keyed = sorted((self._rng.random(), i) for i in range(len(people)))
            yield from (people[i] for _, i in keyed)

    def _paste(self) -> list[Session]:
        first, second = plot.PASTE_DAYS
        times = plot.PASTE_TIMES * 23 // 40
        days = [(first, i, 19.2) for i in range(times)]
        days += [(second, i, 8.4) for i in range(plot.PASTE_TIMES - times)]
        return [
            Session(self._paster, "payment", "declined", day,
                    hour * 3600 + i * 95 + 50 * self._rng.random(), 1, "paste")
            for day, i, hour in days
        ]  # fmt: skip

    def _burst(self) -> list[Session]:
        crowd = self._in_turn(self._quiet)
        gang = [next(crowd) for _ in range(plot.BURST_USERS)]
        return [
            Session(gang[i % len(gang)], "abuse",
                    "inject" if self._rng.random() < 0.7 else "insult", plot.BURST_DAY,
                    14.1 * 3600 + 9300 * self._rng.random(), 1, "burst")
            for i in range(plot.BURST_TIMES)
        ]  # fmt: skip
