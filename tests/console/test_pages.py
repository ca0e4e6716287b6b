"""The console's pages in a browser: each page and each fault, by keyboard, narrow and wide, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from strata.console.server import ConsoleServer
from strata.errors import StrataError
from tests.console.browser import PAINT, TOOL, launch_options, within
from tests.console.recorded import BACKWARDS, IMAGE, LONG, MARKUP, Recorded

pytestmark = [pytest.mark.needs(TOOL), pytest.mark.one_worker("console")]

PAGES = {
    "#/flow": "S3 raw",
    "#/trace": "100 of 10,000",
    "#/trace/refused": "Clean failed",
    "#/trace/clean/duplicate": "not visited",
    "#/data": "Rows by outcome",
    "#/units": "live/dev/s3",
}
# The contrast of each visible text with what is behind it, where it is less than AA asks for.
CONTRAST = """() => {
  const channel = (value) => { const part = value / 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parts = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = parts(getComputedStyle(one).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.tagName === "OPTION" || element.tagName === "TITLE" || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const box = element.closest(".node")?.querySelector(".box");
    const back = box ? parts(getComputedStyle(box).fill) : behind(element);
    const [one, other] = [light(parts(box ? style.fill : style.color)), light(back)];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName} ${element.className} ${element.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@dataclass
class View:
    """One page of one browser on a server of this process."""

    page: Any
    server: ConsoleServer
    source: Recorded
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return self.server.url.partition("/?")[0]

    def open(self, place: str) -> None:
        """Go to a page and wait until it shows what it is known by."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.origin}/{place}")
        if place in PAGES:
            self.page.get_by_text(PAGES[place]).locator("visible=true").first.wait_for()


@pytest.fixture(scope="module")
def opened(recorded: Recorded) -> Iterator[View]:
    """The browser, for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, ConsoleServer(recorded) as server:
        browser = playwright.chromium.launch(**launch_options())
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(10_000)
        view = View(page, server, recorded)
        page.on("request", lambda request: view.requests.append(request.url))
        page.on("pageerror", lambda error: view.errors.append(str(error)))
        page.on("console", lambda said: view.errors.append(said.text) if said.type == "error" else None)
        page.goto(server.url)
        yield view
        page.close()
        browser.close()


@pytest.fixture
def view(opened: View, source: Recorded) -> Iterator[View]:
    """The browser as it was at first; after the test: nothing was asked of others, and no script failed."""
    opened.errors.clear()
    opened.page.set_viewport_size({"width": 1280, "height": 800})
    opened.page.emulate_media(color_scheme="light")
    yield opened
    assert [url for url in opened.requests if not url.startswith((opened.origin, "about:"))] == []
    assert opened.page.title() != "broken"
    assert opened.errors == []


def test_the_address_with_the_token_shows_the_platform(view: View) -> None:
    view.page.goto(view.server.url)
    view.page.get_by_text("S3 raw").locator("visible=true").first.wait_for()
    assert view.page.url == f"{view.origin}/"
    within(5, lambda: view.page.locator("#live").text_content() == "live")
    assert view.page.evaluate("document.cookie") == ""


def test_a_box_of_the_flow_by_keyboard(view: View) -> None:
    view.open("#/flow")
    node = view.page.get_by_role("button", name="<img src=x").locator("visible=true")
    node.focus()
    view.page.keyboard.press("Enter")
    panel = view.page.locator("section.panel", has=view.page.locator(".head"))
    assert panel.locator("h2").text_content() == MARKUP
    assert panel.locator("dd").text_content() == MARKUP
    assert panel.locator(".badge").text_content() == "needs attention"
    # It is drawn anew, and keeps the focus.
    assert view.page.evaluate("document.activeElement.dataset.key") == "node r"
    assert view.page.locator("main img, main script").count() == 0


def test_a_change_shows_within_a_second(view: View) -> None:
    view.open("#/flow")
    within(5, lambda: view.page.locator("#live").text_content() == "live")
    view.source.changes += 41
    wanted = f"{view.source.changes} objects"
    assert within(3, lambda: view.page.get_by_text(wanted).locator("visible=true").count() > 0) < 1


def test_a_slow_page_does_not_come_into_the_next_one(view: View) -> None:
    view.source.slow = 0.5
    view.page.goto("about:blank")
    view.page.goto(f"{view.origin}/#/flow")
    view.page.get_by_text("Loading…").wait_for()
    view.page.get_by_role("link", name="Units").click()
    view.page.get_by_text("live/dev/s3").locator("visible=true").first.wait_for()
    view.page.wait_for_timeout(700)
    assert view.page.locator("h1").all_text_contents() == ["Units"]


def test_ten_thousand_executions_are_there_at_once(view: View) -> None:
    view.open("#/trace")
    assert view.page.evaluate(PAINT) < 1
    assert view.page.get_by_role("button", name="all 10,000").is_visible()
    assert view.page.locator("table.runs tbody tr").count() == 100
    view.page.get_by_role("button", name="Show more").click()
    within(3, lambda: view.page.locator("table.runs tbody tr").count() == 200)
    view.page.get_by_role("button", name="failed 1,000").click()
    within(3, lambda: view.page.locator("table.runs .badge.ok").count() == 0)


def test_a_search_and_its_first_hit_by_keyboard(view: View) -> None:
    view.open("#/trace")
    view.page.get_by_role("searchbox").focus()
    view.page.keyboard.type("flights/05009")
    within(3, lambda: view.page.locator("table.runs tbody tr").count() == 1)
    assert view.page.evaluate("document.activeElement.type") == "search"
    view.page.locator("table.runs a").focus()
    view.page.keyboard.press("Enter")
    view.page.get_by_text("What each state did").wait_for()
    assert view.page.locator("h1").text_content() == "s3://raw/flights/05009.csv"
    view.page.go_back()
    view.page.get_by_role("searchbox").wait_for()
    view.page.get_by_role("searchbox").fill("nothing like it")
    view.page.get_by_text("Nothing matches.").wait_for()


def test_hostile_keys_are_text_in_the_list_and_in_a_trace(view: View) -> None:
    view.open("#/trace")
    shown = [view.page.locator("table.runs a").nth(place).text_content() for place in range(3)]
    assert shown == [MARKUP, BACKWARDS, LONG]
    for place, key in enumerate((MARKUP, BACKWARDS, LONG)):
        view.open("#/trace")
        view.page.locator("table.runs a").nth(place).click()
        view.page.get_by_text("What each state did").wait_for()
        assert view.page.locator("h1").text_content() == f"s3://raw/{key}"
        assert view.page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert view.page.locator("main img, main script").count() == 0


def test_a_failure_says_why_and_what_next(view: View) -> None:
    view.open("#/trace/refused")
    alert = view.page.get_by_role("alert")
    assert "other_columns: not the contract's header" in alert.inner_text()
    assert alert.locator("pre").text_content() == "strata put FILE --key 'flights/wrong header <b>x</b>.csv'"
    assert view.page.locator("details[open] > summary").first.inner_text().startswith("caught Clean")
    # A state of the graph leads to what it did.
    view.page.get_by_role("button", name="Notify").focus()
    view.page.keyboard.press(" ")
    assert "Notify" in view.page.evaluate("document.activeElement.textContent")
    assert view.page.locator("details", has_text="Notify").first.get_attribute("open") == ""
    before = view.page.locator(".graph .node").count()
    view.page.get_by_role("button", name="All states").click()
    assert view.page.locator(".graph .node").count() > before


def test_two_runs_of_an_object(view: View) -> None:
    view.open("#/trace/duplicate")
    other = view.page.get_by_label("Compare with").locator("option").nth(1).get_attribute("value")
    assert other
    view.source.traces[other] = view.source.traces["clean"]
    view.page.get_by_label("Compare with").select_option(other)
    view.page.get_by_text("not visited").first.wait_for()
    row = view.page.locator("tr", has=view.page.get_by_role("cell", name="Curate", exact=True))
    assert "not visited" in row.inner_text()
    assert "succeeded" in row.inner_text()


def test_the_stages_of_a_job(view: View) -> None:
    view.open("#/trace/clean")
    folded = view.page.locator("details", has_text="Spark stages, 1").first
    folded.locator("summary").click()
    cells = folded.locator("td").all_text_contents()
    assert cells == ["3", "complete", MARKUP, "4, 1 failed", "12,345", "7", "2.5 s"]


def test_a_statement_by_keyboard_and_its_history(view: View) -> None:
    view.open("#/data")
    box = view.page.get_by_label("SQL statement")
    assert box.input_value() == "SELECT * FROM FLIGHTS LIMIT 20"
    # Sample rows are there without a question.
    within(3, lambda: view.source.asked == ["SELECT * FROM FLIGHTS LIMIT 20"])
    box.fill("SELECT 1, NULL")
    view.page.keyboard.press("Control+Enter")
    within(3, lambda: view.source.asked[1:] == ["SELECT 1, NULL"])
    view.page.get_by_text("2 rows in 0.12 s").wait_for()
    cells = view.page.locator(".results").last.locator("td").all_text_contents()
    assert cells == ["1", "NULL", MARKUP, "2"]
    box.fill("SELECT * FROM nowhere")
    view.page.get_by_role("button", name="Run", exact=True).click()
    view.page.get_by_text("Object 'NOWHERE' does not exist").wait_for()
    view.errors.clear()  # The browser notes each answer that is an error.
    view.open("#/data")
    view.page.get_by_text("History, 2").click()
    assert view.page.locator("details .link").all_text_contents() == [
        "SELECT * FROM nowhere",
        "SELECT 1, NULL",
    ]


def test_the_quarantine_with_filter_and_download(view: View) -> None:
    view.open("#/data")
    panel = view.page.locator("section.panel", has_text="Download all")
    within(3, lambda: panel.locator("tbody tr").count() == 4)
    panel.get_by_label("Reason").select_option("bad_date")
    within(3, lambda: panel.locator("tbody tr").count() == 3)
    assert panel.locator("tbody td").nth(4).text_content() == MARKUP
    with view.page.expect_download() as download:
        view.page.get_by_text("Download all").click()
    assert download.value.suggested_filename == "quarantine.jsonl"
    assert len(download.value.path().read_text().splitlines()) == 4


def test_objects_are_processed_again_after_a_question(view: View) -> None:
    view.open("#/data")
    panel = view.page.locator("section.panel", has_text="Download all")
    button = panel.get_by_role("button", name="Process again…")
    button.focus()
    view.page.keyboard.press("Enter")
    panel.get_by_text("Process all objects of flights again?").wait_for()
    panel.get_by_role("button", name="Cancel").click()
    assert view.source.again == []
    assert view.page.evaluate("document.activeElement.dataset.key") == "again"
    panel.get_by_label("Reason").select_option("bad_date")
    button.click()
    panel.get_by_text("strata reprocess --dataset flights --reason bad_date").wait_for()
    # What is asked for has the focus.
    view.page.keyboard.press("Enter")
    panel.get_by_text("1 of 3 objects, 0 failed").wait_for()
    assert button.is_disabled()
    assert panel.locator("progress").get_attribute("max") == "3"
    panel.get_by_text("3 of 3 objects, 1 failed").wait_for()
    assert panel.get_by_text(f"execution {IMAGE}").count() == 1
    assert view.source.again == ["dev flights bad_date"]
    within(3, button.is_enabled)


def test_a_fault_of_processing_again_is_shown(view: View) -> None:
    view.open("#/data")
    panel = view.page.locator("section.panel", has_text="Download all")
    panel.get_by_role("button", name="Process again…").click()
    panel.get_by_role("button", name="Process again", exact=True).wait_for()
    view.source.fault = StrataError("live/dev/stepfunctions has no machine that reprocesses")
    panel.get_by_role("button", name="Process again", exact=True).click()
    panel.get_by_role("alert").get_by_text("has no machine that reprocesses").wait_for()
    view.errors.clear()


def test_the_last_plan_before_and_after(view: View) -> None:
    view.open("#/units")
    cells = view.page.locator("table.diff td").all_text_contents()
    assert cells == ["tags", '{"a": 1}', MARKUP, "key", "", "(sensitive value)"]
    view.page.get_by_role("button", name="glue, 3 resources").click()
    view.page.get_by_text("The last plan changes nothing here.").wait_for()


def test_environments_side_by_side(view: View) -> None:
    view.open("#/units")
    view.page.get_by_text("Environments side by side").focus()
    view.page.keyboard.press("Enter")
    panel = view.page.locator("section.panel", has_text="Environments side by side")
    within(3, lambda: panel.locator("tbody tr").count() == 2)
    assert panel.locator("th").all_text_contents() == ["unit", "dev", "staging"]
    assert panel.locator("tbody tr").first.inner_text().split() == ["s3", *["applied", "3", "resources"] * 2]


def test_a_platform_without_anything_says_what_to_do(view: View) -> None:
    view.source.empty = True
    for place, said in {
        "#/trace": "strata put FILE",
        "#/data": "strata contract draft FILE",
        "#/units": "strata plan dev",
    }.items():
        view.page.goto("about:blank")
        view.page.goto(f"{view.origin}/{place}")
        view.page.get_by_text(said).wait_for()


def test_a_platform_that_is_gone_and_comes_back(view: View) -> None:
    view.open("#/flow")
    view.source.fault = StrataError(
        "the embedded cloud does not answer", remedy="restart it with `strata up`"
    )
    within(3, lambda: view.page.locator("#live").text_content() == "platform is gone")
    for place in (*list(PAGES)[1:], "#/flow", "#/units"):
        view.page.evaluate(f"location.hash = {place!r}")
        within(3, lambda: "restart it with `strata up`" in (view.page.locator("main [role=alert]").all_text_contents() or [""])[0])  # fmt: skip
    assert "See docs/troubleshooting.md#the-platform" in view.page.locator("main [role=alert]").inner_text()
    view.source.fault = None
    view.source.changes += 1
    view.page.get_by_text("live/dev/s3").locator("visible=true").first.wait_for()
    view.errors.clear()


@pytest.mark.parametrize("place", PAGES)
def test_a_page_fits_each_window_and_can_be_read_by_day_and_night(view: View, place: str) -> None:
    view.open(place)
    for width in (1600, 1000, 700, 400):
        view.page.set_viewport_size({"width": width, "height": 800})
        assert view.page.evaluate("document.documentElement.scrollWidth") <= width
    for scheme in ("light", "dark"):
        view.page.emulate_media(color_scheme=scheme)
        for width in (400, 1280):
            view.page.set_viewport_size({"width": width, "height": 800})
            assert view.page.evaluate(CONTRAST) == [], scheme


def test_a_page_of_somebody_else_learns_nothing(view: View) -> None:
    view.page.goto("data:text/html,<title>other</title>")
    script = f"fetch('{view.origin}/api/environments', {{credentials: 'include'}}).then(() => 'read', () => 'refused')"
    assert view.page.evaluate(script) == "refused"
    view.errors.clear()
    view.page.goto(view.server.url)
