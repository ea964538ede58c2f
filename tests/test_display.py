"""Tables as text and as HTML."""

from dataclasses import dataclass
from html.parser import HTMLParser

import pytest

from llmops_lab._display import Cell, Shown, Table

ATTACK = "<img src=x onerror=alert(1)>'\"&"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append((tag, sorted(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_no_text_of_a_table_becomes_markup():
    table = Table(*[ATTACK] * 2, [ATTACK], [[Cell(ATTACK, ATTACK)], [ATTACK]], [ATTACK], [ATTACK])
    page = Tags()
    page.feed(table.html())
    assert page.open == []
    assert {tag for tag, _ in page.seen} == {
        "div", "table", "thead", "tbody", "tr", "th", "td", "span",
    }  # fmt: skip
    assert page.words.count(ATTACK) == 8
    assert all(set(names) <= {"class", "style", "scope", "role"} for _, names in page.seen)


def test_text_is_aligned_and_says_what_must_not_be_missed():
    table = Table(
        "Title", "sub", ["a", "n"], [["x", "1"], ["yy", Cell("22", "20–24")]], ["n"], ["!"]
    )
    assert table.text().splitlines() == [
        "Title",
        "sub",
        "a            n",
        "x            1",
        "yy  22 (20–24)",
        "! !",
        "n",
    ]


def test_a_table_below_stands_between_rows_and_notes_in_every_form():
    below = Table("Below", "", ["b"], [[ATTACK]])
    table = Table("Title", "sub", ["a"], [["x"]], ["note"], below=[below])
    assert table.text().split("\n") == ["Title", "sub", "a", "x", "", "Below", "b", ATTACK, "note"]
    page = Tags()
    page.feed(table.html())
    assert page.words == ["Title", "sub", "a", "x", "Below", "b", ATTACK, "note"]
    assert table.markdown().index("Below") < table.markdown().index("note")
    assert "| \\<img" in table.markdown()


def test_a_table_without_columns_is_its_title():
    assert Table("Title", "sub", [], []).text() == "Title\nsub"


@pytest.mark.parametrize(
    "number",
    ["1,234", "−7.3 points", "$0.01", "at least 2 s", "4% → 6%", "–", "", "up to 3 s", "none"],
)
def test_numbers_stand_to_the_right_whatever_is_around_them(number):
    table = Table("T", "s", ["a", "b"], [["x", number], ["y", "123,456,789 tokens"]])
    assert table.text().splitlines()[3] == f"x  {number:>18}".rstrip()


def test_words_stand_to_the_left():
    table = Table("T", "s", ["a", "b"], [["x", "long words"], ["y", "z"]])
    assert table.text().splitlines()[2:] == ["a  b", "x  long words", "y  z"]


@dataclass(frozen=True, repr=False)
class Guests(Shown):
    names: tuple[str, ...]

    def _table(self):
        return Table("Guests", f"{len(self.names)} of them", ["name"], [[n] for n in self.names])


def test_a_noun_shows_itself_alike_at_every_prompt():
    guests = Guests(("Ana", ATTACK))
    assert str(guests).splitlines() == ["Guests", "2 of them", "name", "Ana", ATTACK]
    assert repr(guests) == str(guests)
    assert guests._repr_html_() == guests._table().html()


def test_an_outcome_has_a_sign_that_needs_no_colour():
    table = Table("t", "s", ("check", "outcome"), [("cost", Cell("pass", sign="good"))])
    assert "✓ pass" in table.text()
    assert "✓ pass" in table.markdown()
    assert ">✓</span> pass" in table.html()
