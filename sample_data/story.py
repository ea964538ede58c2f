"""Three weeks in March of a shop's support assistant, as traces."""

from dataclasses import dataclass, field
from random import Random

from sample_data import plot
from sample_data.answers import Assistant, Reply
from sample_data.people import Person, make_people
from sample_data.phrases import read_book
from sample_data.queries import Writer
from sample_data.sessions import Session, plan_sessions
from sample_data.slots import Slots
from sample_data.spans import Message, Span, Turn, build_spans

# Share of thumbs that point down after a right answer; 0.09 where not named.
_GRUMPY = {"complaints": 0.42, "delivery": 0.16, "refunds": 0.13, "recall": 0.42, "restock": 0.15}


@dataclass
class Trace:
    """One query with its answer: what the exports show and, apart from that, why it is so."""

    trace_id: str
    session_id: str
    person: Person
    day: int
    intent: str
    topic: str
    plant: str
    query: str
    slang: bool
    prompt_version: int
    wrong: bool = False
    stalled: bool = False
    spans: list[Span] = field(default_factory=list)
    thumb: int | None = None  # 1 up, 0 down
    comment: str = ""
    groundedness: float | None = None  # by a judge, on a sample

    @property
    def root(self) -> Span:
        """The span of the whole turn."""
        return self.spans[0]

    @property
    def blocked(self) -> bool:
        """Whether the guardrail stopped it."""
        return self.intent == "abuse"

    @property
    def release(self) -> str:
        """The app version of that day."""
        return "2026.9.0" if self.day < 5 else "2026.9.3" if self.day < 14 else "2026.11.0"

    @property
    def tags(self) -> list[str]:
        """What the app tags a trace with."""
        person = self.person
        return [f"plan:{person.plan}", f"platform:{person.platform}", f"store:{person.store}"]


def tell_story(seed: int) -> list[Trace]:
    """All traces in order of their start."""
    people = make_people(Random(f"{seed}:people"), tuple(plot.INTENTS))
    teller = _Teller(seed)
    planned = plan_sessions(people, Random(f"{seed}:sessions"))
    traces = [trace for session in planned for trace in teller.tell(session)]
    return sorted(traces, key=lambda trace: (trace.root.start, trace.trace_id))


class _Teller:
    """Writes session after session; what must spread evenly is kept as debts."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._told = 0
        self._voices: dict[str, tuple[Writer, Assistant]] = {}
        self._debts: dict[str, float] = {}

    def tell(self, session: Session) -> list[Trace]:
        rng = Random(f"{self._seed}:session:{self._told}")
        self._told += 1
        language = session.person.language
        if language != "en" and (session.intent == "abuse" or rng.random() < 0.1):
            language = "en"
        return list(_Conversation(self, session, self._voice(language), rng).traces())

    def owes(self, what: str, share: float) -> bool:
        """True for this share of calls, evenly spread and not by chance."""
        debt = self._debts.get(what, 0.5) + share
        self._debts[what] = debt - (debt >= 1)
        return debt >= 1

    def _voice(self, language: str) -> tuple[Writer, Assistant]:
        if language not in self._voices:
            writer = Writer(read_book(language))
            self._voices[language] = (writer, Assistant(writer))
        return self._voices[language]


class _Conversation:
    """The traces of one session, one after the other."""

    def __init__(
        self, teller: _Teller, session: Session, voice: tuple[Writer, Assistant], rng: Random
    ) -> None:
        self._teller, self._session, self._rng = teller, session, rng
        self._writer, self._assistant = voice
        today = plot.date_of(session.day)
        self._slots = Slots(self._writer.book, session.person, today, rng)
        self._session_id = f"chat_{rng.getrandbits(48):012x}"
        self._history: tuple[Message, ...] = ()
        self._said = ""  # the answer that a follow-up question comes with
        self._now = plot.moment(session.day, session.second)

    def traces(self) -> list[Trace]:
        told: list[Trace] = []
        slang = self._in_slang()
        for number in range(self._session.turns):
            trace = self._begin(number, slang=slang)
            self._play(trace)
            self._judge(trace)
            told.append(trace)
            if trace.root.error or trace.blocked or not self._goes_on():
                break
            self._history += (
                {"role": "user", "content": trace.query},
                {"role": "assistant", "content": trace.root.output},
            )
            self._now = trace.root.end + int((18 + 140 * self._rng.random()) * 1e6)
        return told

    def _in_slang(self) -> bool:
        session = self._session
        due = session.day >= plot.SLANG_FROM_DAY and session.person.turns_to_slang
        return due and session.plant != "paste" and self._rng.random() < plot.SLANG_SHARE

    def _goes_on(self) -> bool:
        return self._writer.has(self._session.intent, self._session.topic, "follow")

    def _begin(self, number: int, *, slang: bool) -> Trace:
        session, rng = self._session, self._rng
        about = (session.intent, session.topic, session.person, self._slots, rng)
        self._said = ""
        if session.plant == "paste":
            query = plot.PASTED
        elif number:
            query, self._said = self._writer.follow_up(*about, slang=slang)
        else:
            query = self._writer.query(*about, slang=slang)
        return Trace(
            trace_id=_time_ordered_id(self._now, rng),
            session_id=self._session_id,
            person=session.person,
            day=session.day,
            intent=session.intent,
            topic=session.topic,
            plant=session.plant,
            query=query,
            slang=slang,
            prompt_version=plot.prompt_version(session.day),
        )

    def _play(self, trace: Trace) -> None:
        reply = None if trace.blocked else self._reply(trace)
        tailed = trace.person.model == plot.TAIL_MODEL and trace.day >= plot.TAIL_FROM_DAY
        trace.stalled = tailed and not trace.blocked and self._teller.owes("tail", plot.TAIL_SHARE)
        turn = Turn(
            person=trace.person,
            query=trace.query,
            reply=reply,
            refusal=self._assistant.refusal(trace.topic, self._slots, self._rng)
            if trace.blocked
            else "",
            blocked_as="prompt_injection" if trace.topic == "inject" else "abusive_language",
            history=self._history,
            prompt_version=trace.prompt_version,
            start=self._now,
            stalls=trace.stalled,
            apology=self._assistant.without_tool(reply.core, self._rng) if reply else "",
        )
        trace.spans = build_spans(turn, self._rng)

    def _reply(self, trace: Trace) -> Reply:
        worsening = trace.intent == plot.WORSE_INTENT
        trace.wrong = worsening and self._teller.owes("wrong", plot.outdated_share(trace.day))
        about = (trace.intent, trace.topic, self._slots, self._rng)
        return self._assistant.reply(*about, wrong=trace.wrong, said=self._said)

    def _judge(self, trace: Trace) -> None:
        """A thumb from some customers, a score from the judge on a sample."""
        if trace.blocked or trace.root.error:
            return
        if trace.plant != "burst" and self._rng.random() < 0.2:
            trace.groundedness = round(1 - 0.35 * self._rng.random() ** 4, 2)
        down = 0.85 if trace.wrong else _GRUMPY.get(trace.intent, 0.09)
        asked = f"thumb {trace.wrong}" if trace.intent == plot.WORSE_INTENT else ""
        if asked:
            given = self._teller.owes(asked, 0.78 if trace.wrong else 0.5)
            is_down = given and self._teller.owes(f"{asked} down", down)
        else:
            given = self._rng.random() < 0.42
            is_down = self._rng.random() < down
        if given:
            trace.thumb = 0 if is_down else 1
            trace.comment = self._comment(trace) if self._rng.random() < 0.22 else ""

    def _comment(self, trace: Trace) -> str:
        kind = "good" if trace.thumb else "bad"
        if not trace.thumb and (trace.wrong or trace.intent == "recall"):
            kind = "wrong" if trace.wrong else "recall"
        return self._rng.choice(self._writer.book.frame(f"comment_{kind}"))


def _time_ordered_id(micros: int, rng: Random) -> str:
    """32 hexadecimal digits in the layout of a UUID of version 7."""
    return f"{micros // 1000:012x}7{rng.getrandbits(12):03x}8{rng.getrandbits(60):015x}"
