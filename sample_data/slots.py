"""What a query talks about: one order, one thing, one date, the same wherever it is named."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from random import Random

from sample_data.people import Person
from sample_data.phrases import Book, choose

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia",
}


class Slots(Mapping[str, str]):
    """Values by slot name, drawn when first asked for and then kept."""

    def __init__(self, book: Book, person: Person, today: date, rng: Random) -> None:
        self._book, self._person, self._today, self._rng = book, person, today, rng
        self._values: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._values:
            self._values[name] = self._draw(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def put(self, name: str, value: str) -> None:
        """Fix a slot before it is drawn."""
        self._values[name] = value

    def _draw(self, name: str) -> str:
        number = getattr(self, f"_draw_{name}", None)
        if number is not None:
            return number()
        if name.startswith("bare_"):  # without its article
            return self[name.removeprefix("bare_")].split(" ", 1)[-1]
        values = self._book.slot(_BASE.get(name, name))
        taken = self._values.get(_BASE.get(name, ""), "")
        for _ in range(20):
            value = choose(self._rng.choice(values), self._rng)
            if value != taken:
                break
        return value

    def _number(self, low: int, high: int) -> int:
        return low + int(self._rng.random() * (high - low + 1))

    def _draw_n(self) -> str:
        return str(self._number(3, 6))

    def _draw_n1(self) -> str:
        return str(int(self["n"]) - 1)

    def _draw_n2(self) -> str:
        return str(self._number(11, 58))

    def _draw_order(self) -> str:
        """Printed with or without its prefix, but one number."""
        style = self._rng.choice(("LM{}", "LM-{}", "#{}", "{}", "LM{}", "lm{}"))
        return style.format(self["digits"])

    def _draw_digits(self) -> str:
        return str(self._number(402117, 689940))

    def _draw_serial(self) -> str:
        return f"KT-{self._number(24, 25)}{self._number(10, 52)}-{self._number(1000, 9999)}"

    def _draw_email(self) -> str:
        first = self["first"].lower().split()[0]
        return f"{_ascii(first)}.{_ascii(self['surname'].lower())}{self['n2']}@mail.example"

    def _draw_amount(self) -> str:
        return self._money(self._number(19, 240))

    def _draw_amount2(self) -> str:
        return self._money(self._number(8, 18))

    def _money(self, whole: int) -> str:
        cents = self._rng.choice(("00", "90", "95", "50", "99", ""))
        person = self._person
        if person.language == "en":
            return f"{person.currency}{whole}" + (f".{cents}" if cents else "")
        number = f"{whole}" + (f",{cents}" if cents else "")
        if person.currency == "zł":
            number = f"{whole * 4}" + (f",{cents}" if cents else "")
        return f"{number} {person.currency}" if self._rng.random() < 0.7 else number

    def _draw_date(self) -> str:
        return self._day_text(self._today - timedelta(days=self._number(4, 24)))

    def _draw_date2(self) -> str:
        return self._day_text(self._today + timedelta(days=self._number(3, 20)))

    def _draw_eta(self) -> str:
        return self._day_text(self._today + timedelta(days=self._number(1, 3)), plain=True)

    def _draw_ship_date(self) -> str:
        return self._day_text(self._today - timedelta(days=self._number(2, 5)), plain=True)

    def _day_text(self, day: date, *, plain: bool = False) -> str:
        language = self._person.language
        month = MONTHS[language].split()[day.month - 1]
        if language == "en":
            forms = (f"{day.day} {month}", f"{month} {day.day}", f"the {day.day}{_th(day.day)}")
        elif language == "de":
            forms = (f"{day.day}. {month}", f"{day.day}.{day.month}.", f"{day.day}. {month}")
        elif language == "es":
            forms = (f"{day.day} de {month}", f"{day.day}/{day.month}", f"{day.day} de {month}")
        else:
            forms = (f"{day.day} {month}", f"{day.day}.{day.month:02}", f"{day.day} {month}")
        return forms[0] if plain else self._rng.choice(forms)

    def _draw_nth(self) -> str:
        day = (self._today - timedelta(days=self._number(4, 20))).day
        return f"{day}{_th(day)}"

    def _draw_tall(self) -> str:
        return str(self._number(58, 92))

    def _draw_kilos(self) -> str:
        return str(self._number(52, 104))

    def _draw_size(self) -> str:
        """A size, and the next one up as `size2`."""
        pairs = _LETTERS if self._rng.random() < 0.6 else _NUMBERS[self._person.language == "en"]
        size, bigger = self._rng.choice(pairs)
        self._values["size2"] = bigger
        return size

    def _draw_size2(self) -> str:
        self._values["size"] = self._draw_size()
        return self._values["size2"]

    def _draw_eu(self) -> str:
        return str(self._number(37, 45))

    def _draw_uk(self) -> str:
        return str(int(self["eu"]) - 33)

    def _draw_code(self) -> str:
        stem = self._rng.choice(("SPRING", "HELLO", "MARCH", "WELCOME", "COSY", "PLUS", "BLOOM"))
        return f"{stem}{self._rng.choice(('10', '15', '20', '26'))}"

    def _draw_who_poss(self) -> str:
        return f"{self['who']}'s"

    def _draw_order_mention(self) -> str:
        return f"Order LM{self['digits']}"

    def _draw_wear_or(self) -> str:
        return self._rng.choice(("cut", "item", "model"))


_LETTERS = (("XS", "S"), ("S", "M"), ("M", "L"), ("L", "XL"), ("XL", "XXL"))
_NUMBERS = {
    True: (("8", "10"), ("10", "12"), ("12", "14"), ("14", "16")),
    False: (("36", "38"), ("38", "40"), ("40", "42"), ("42", "44")),
}
# A second value of the same list, unlike the first.
_BASE = {"item2": "item", "colour2": "colour"}


def _th(day: int) -> str:
    if 11 <= day <= 13:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _ascii(text: str) -> str:
    plain = str.maketrans("äöüßéèêçñáíóúłąęśżźćńô'", "aouseeecnaioulaeszzcno ")
    return text.translate(plain).replace(" ", "").replace("-", "")
