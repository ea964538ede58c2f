"""Reading an eval and writing cases back, in a real JupyterLab."""

import json
import time

import pytest

pytestmark = pytest.mark.ui

RUN = """
from pathlib import Path
import llmops_lab as lab
from llmops_lab.golden import Case

questions = [
    "How long do refunds take?",
    "<img src=x onerror=\\"document.title='owned'\\"> <b>Where</b> is my parcel?",
    "مرحبا، أين طلبي رقم 4471؟ شكرا جزيلا",
    "Can I pay by invoice? 🙂👩🏽‍💻",
    "a" * 400,
    "Wie lange habe ich Zeit, um ein Paket zurückzuschicken, wenn es beschädigt ankam?",
    "Do you ship to Norway? I asked twice already and the answer was different each time.",
]
cases = [
    Case(
        input=questions[i %% 7],
        expected=f"Answer {i}: refunds take five working days.",
        id=f"case-{i:05}",
        tags=["returns", "billing"][: i %% 3],
    )
    for i in range(%d)
]
golden = lab.GoldenSet(tuple(cases)).save("golden.jsonl", drop=True)
wanted = {case.text + str(i): case for i, case in enumerate(cases)}
counter = iter(range(10**9))

def target(question):
    i = next(counter)
    if i %% 41 == 40:
        raise TimeoutError("the model did not answer within 30 s")
    right = f"Answer {i}: refunds take five working days."
    return right if i %% 4 else f"<script>document.title='owned'</script> Two weeks, says note {i}."

run = lab.evaluate(target, golden, scorers=["exact", "contains"], concurrency=1)
"""
EXPLORE = "lab.explore(run, golden=golden, by='ana')"


@pytest.fixture
def explorer(lab):
    """Open the widget on a run of so many cases: (lab, the widget's element)."""

    def show(n_cases):
        lab.write("eval.ipynb", [RUN % n_cases, EXPLORE])
        lab.open("eval.ipynb")
        lab.set_theme("Light")
        lab.run_all()
        widget = lab.page.locator(".llmops-run")
        widget.locator(".llmops-row").first.wait_for()
        widget.scroll_into_view_if_needed()
        return widget

    return show


def reads(widget, text):
    """Wait until the reading pane names this case."""
    widget.locator(".llmops-reader header strong", has_text=text).wait_for()


def test_a_failure_is_read_corrected_and_written_to_the_golden_set_by_keyboard(lab, explorer):
    widget = explorer(120)
    reads(widget, "case-00000")
    table = widget.locator(".llmops-table")
    table.focus()
    lab.page.keyboard.press("j")
    reads(widget, "case-00004")
    lab.page.keyboard.press("ArrowDown")
    reads(widget, "case-00008")
    lab.page.keyboard.press("k")
    reads(widget, "case-00004")
    lab.page.keyboard.press("m")
    widget.locator(".llmops-marked").wait_for()
    lab.page.keyboard.press("e")
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.insert_text("Five working days. <b>مرحبا</b>")
    lab.page.keyboard.press("Control+Enter")
    message = widget.locator(".llmops-message", has_text="Added case-00004-")
    message.wait_for()
    assert "golden.jsonl" in message.inner_text()

    lines = (lab.folder / "golden.jsonl").read_text().splitlines()
    case = json.loads(lines[-1])
    assert len(lines) == 121
    assert case["expected"] == "Five working days. <b>مرحبا</b>"
    assert case["source"]["kind"] == "failure"
    assert case["source"]["case_id"] == "case-00004"
    assert case["reviewed_by"] == "ana"
    assert f"id='{case['id']}'" in widget.locator(".llmops-code pre").inner_text()
    assert lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == 2


def test_keys_faster_than_the_kernel_act_on_the_case_they_moved_to(lab, explorer):
    widget = explorer(120)
    reads(widget, "case-00000")
    widget.locator(".llmops-table").focus()
    for key in "jjjjje":
        lab.page.keyboard.press(key)
    widget.locator("textarea:focus").wait_for()
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.insert_text("Six working days.")
    lab.page.keyboard.press("Control+Enter")
    widget.locator(".llmops-message", has_text="Added case-00020-").wait_for()


def test_texts_of_traces_are_shown_as_text(lab, explorer):
    widget = explorer(40)
    widget.get_by_role("button", name="All").click()
    widget.locator(".llmops-shown", has_text="40 of 40").wait_for()
    widget.locator(".llmops-table").focus()
    lab.page.keyboard.press("Home")
    lab.page.keyboard.press("j")
    reads(widget, "case-00001")
    asked = widget.locator(".llmops-block").first
    assert asked.inner_text().startswith("<img src=x onerror=")
    assert widget.locator("img, script, b, iframe").count() == 0
    assert lab.page.title() != "owned"
    sizes = "node => [node.scrollWidth, node.clientWidth]"
    for _ in range(4):
        lab.page.keyboard.press("j")
    scroll, client = widget.locator(".llmops-reader").evaluate(sizes)
    assert scroll <= client


def test_filters_search_tags_and_sorting_choose_what_is_shown(lab, explorer):
    widget = explorer(120)
    shown = widget.locator(".llmops-shown")
    widget.get_by_role("button", name="Errors").click()
    shown.filter(has_text="2 of 120").wait_for()
    widget.locator(".llmops-error", has_text="did not answer").wait_for()
    widget.get_by_role("button", name="All").click()
    shown.filter(has_text="120 of 120").wait_for()
    widget.get_by_role("searchbox").fill("norway")
    shown.filter(has_text="17 of 120").wait_for()
    widget.get_by_role("combobox").select_option("billing")
    shown.filter(has_text="5 of 120").wait_for()
    widget.get_by_role("searchbox").fill("")
    widget.get_by_role("combobox").select_option("")
    widget.get_by_role("columnheader", name="Case").get_by_role("button").click()
    widget.get_by_role("columnheader", name="Case").get_by_role("button").click()
    first = widget.locator(".llmops-row").first
    first.filter(has_text="case-00119").wait_for()


def test_ten_thousand_results_stay_quick(lab, explorer):
    widget = explorer(10_000)
    widget.get_by_role("button", name="All").click()
    widget.locator(".llmops-shown", has_text="10,000 of 10,000").wait_for()
    assert widget.locator(".llmops-row").count() < 60
    widget.locator(".llmops-table").focus()
    started = time.monotonic()
    lab.page.keyboard.press("End")
    reads(widget, "case-09999")
    widget.locator(".llmops-row[aria-selected=true]", has_text="case-09999").wait_for()
    assert time.monotonic() - started < 5


RESTART = """async () => {
  await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart();
}"""


def test_what_was_typed_and_marked_outlives_the_kernel(lab, explorer):
    widget = explorer(120)
    reads(widget, "case-00000")
    widget.locator(".llmops-table").focus()
    lab.page.keyboard.press("m")
    widget.locator(".llmops-marked").wait_for()
    lab.page.keyboard.press("j")
    reads(widget, "case-00004")
    lab.page.keyboard.press("e")
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.insert_text("Five working days.")
    widget.locator("h4", has_text="your draft, not written yet").wait_for()

    lab.page.evaluate(RESTART)
    lab.page.wait_for_timeout(5000)  # so long is nothing asked again
    lab.page.keyboard.press("Control+Enter")
    widget.locator(".llmops-away:visible", has_text="The kernel does not answer").wait_for()
    assert widget.locator("textarea").input_value() == "Five working days."

    lab.run_all()
    widget = lab.page.locator(".llmops-run[data-kernel=here]")
    widget.locator(".llmops-marked", has_text="case-00000").wait_for()
    widget.locator(".llmops-table").focus()
    lab.page.keyboard.press("j")
    reads(widget, "case-00004")
    assert widget.locator("textarea").input_value() == "Five working days."
    lab.page.keyboard.press("Control+Enter")
    widget.locator(".llmops-message", has_text="Added case-00004-").wait_for()
    assert widget.locator("h4", has_text="your draft").count() == 0


def test_a_double_click_writes_once_and_undo_gives_the_draft_back(lab, explorer):
    widget = explorer(120)
    reads(widget, "case-00000")
    there = (lab.folder / "golden.jsonl").read_bytes()
    widget.locator("textarea").fill("Five working days.")
    widget.get_by_role("button", name="Add case").dblclick()
    widget.locator(".llmops-message[data-kind=done]", has_text="Added case-00000-").wait_for()
    widget.get_by_role("button", name="Undo").wait_for()
    assert len((lab.folder / "golden.jsonl").read_text().splitlines()) == 121
    widget.locator(".llmops-table").focus()
    lab.page.keyboard.press("u")
    widget.locator(".llmops-message", has_text="Took case-00000-").wait_for()
    assert (lab.folder / "golden.jsonl").read_bytes() == there
    assert widget.locator("textarea").input_value() == "Five working days."
    widget.locator("h4", has_text="your draft, not written yet").wait_for()


CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .map(cell => `${cell.model.type} ${cell.model.executionCount}`)"""


@pytest.mark.parametrize(
    "place", [".llmops-table", ".llmops-filters button", ".llmops-actions button"]
)
def test_no_key_that_the_widget_leaves_unused_reaches_the_notebook(lab, explorer, place):
    widget = explorer(40)
    before = lab.page.evaluate(CELLS)
    widget.locator(place).first.focus()
    for key in ["d", "d", "a", "b", "x", "y", "r", "v", "c", "1", "0", "0", "i", "i", "Shift+M"]:
        lab.page.keyboard.press(key)
    lab.page.wait_for_timeout(500)
    assert lab.page.evaluate(CELLS) == before
    assert widget.locator(place).first.evaluate("node => node === document.activeElement")


def test_the_help_on_keys_opens_and_closes_by_keyboard(lab, explorer):
    widget = explorer(40)
    widget.locator(".llmops-help summary").focus()
    lab.page.keyboard.press("Enter")
    widget.get_by_text("undo what was written").wait_for()
    lab.page.keyboard.press("Escape")
    widget.get_by_text("undo what was written").wait_for(state="hidden")
    assert widget.locator(".llmops-help summary:focus").count() == 1
