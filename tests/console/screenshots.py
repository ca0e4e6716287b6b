"""Pictures of the console for the documents: `python -m tests.console.screenshots FOLDER`.

They show the platform that `strata up` runs; docs/console.md says what to put into it first.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.console.browser import launch_options

PAGES = {
    "flow": "#/flow",
    "trace": "#/trace",
    "failure": "#/trace",
    "data": "#/data",
    "units": "#/units",
}
SIZES = {1280: 720, 400: 720}


def main(url: str, folder: Path) -> None:
    """Take them.

    Args:
        url: the console's address.
        folder: where to write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        for width, height in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(url)
            for name, place in PAGES.items():
                page.goto(f"{url.partition('?')[0]}{place}")
                page.wait_for_selector("main .panel:visible")
                if name == "failure":
                    page.click("tr:has(.badge.bad) td.key a")
                    page.wait_for_selector("text=What each state did")
                page.wait_for_timeout(400)
                page.screenshot(path=folder / f"console-{name}-{width}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    from strata.cli.checkout import checkout_root
    from strata.cli.console_server import record
    from strata.console.server import recorded_url

    address = recorded_url(record(checkout_root()))
    if address is None:
        sys.exit("no console runs: start it with `strata up`")
    main(address, Path(sys.argv[1]))
