"""Signs up in a browser, on the pages of a local stack: the API reference and the mailbox."""

import re
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

SIZES = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 375, "height": 800}}


def operation(page: Page, endpoint: str):
    """Returns the block of an operation that the page links to at its top, and that link."""
    link = page.locator("#begin a", has_text=endpoint).first
    return page.locator(f"[id$='-{link.get_attribute('href').rsplit('/', 1)[1]}']"), link


def execute(page: Page, endpoint: str, body: str | None = None) -> None:
    """Opens an operation by its link, tries it out, and waits for the response."""
    block, link = operation(page, endpoint)
    link.click()
    block.get_by_role("button", name="Try it out").click()
    if body is not None:
        block.locator("textarea.body-param__text").fill(body)
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table")).to_be_visible()


def response(page: Page, endpoint: str):
    """Returns the elements with the status and the body of an operation's response."""
    row = operation(page, endpoint)[0].locator(".live-responses-table .response")
    return row.locator(".response-col_status"), row.locator(".highlight-code").first


def journey(page: Page, api: str, alias: str, inspect) -> None:
    """Signs up, reads the code in the mailbox, verifies it, and checks the session."""
    page.goto(api)
    expect(operation(page, "POST /user")[0]).to_be_visible()
    inspect(page, "reference")
    expect(page.get_by_role("heading", name="Latchkey API reference")).to_be_visible()
    execute(page, "POST /user", f'{{"email": "{alias}@example.com", "fullName": "Ada Lovelace", "alias": "{alias}"}}')
    expect(response(page, "POST /user")[0]).to_contain_text("202")
    code_id = page.locator("#code-id").inner_text()

    with page.expect_popup() as popup:
        page.get_by_role("link", name="Open the mailbox").click()
    mailbox = popup.value
    mailbox.locator("#list button").first.click()
    expect(mailbox.locator("#facts")).to_contain_text(f"{alias}@example.com")
    code = re.sub(r"\s", "", mailbox.locator("#digits").inner_text())
    assert re.fullmatch(r"\d{6}", code), "the email has no code"
    inspect(mailbox, "mailbox")

    # The page sends the bearer token automatically, but it is inactive until the code is verified.
    execute(page, "GET /session")
    expect(response(page, "GET /session")[0]).to_contain_text("401")
    execute(page, "PUT /session/verification", f'{{"verificationCodeID": "{code_id}", "code": "{code}"}}')
    expect(response(page, "PUT /session/verification")[0]).to_contain_text("202")
    operation(page, "GET /session")[0].get_by_role("button", name="Execute").click()
    status, session = response(page, "GET /session")
    expect(status).to_contain_text("200")
    expect(session).to_contain_text(f'"alias": "{alias}"')
    expect(session).to_contain_text('"verified": true')
    status.scroll_into_view_if_needed()
    inspect(page, "session")


def main() -> None:
    api, folder = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for size, viewport in SIZES.items():
            for scheme in ("light", "dark"):
                context = browser.new_context(viewport=viewport, color_scheme=scheme)
                problems: list[str] = []
                context.on("request", lambda request: request.url.startswith((api, "data:")) or problems.append(request.url))
                context.on("weberror", lambda error: problems.append(str(error.error)))
                context.on("console", lambda message: message.type == "error" and problems.append(message.text))
                page = context.new_page()

                def inspect(page: Page, view: str) -> None:
                    """Takes a screenshot, and checks that the page does not scroll sideways."""
                    width = page.evaluate("document.documentElement.scrollWidth")
                    if folder:
                        page.screenshot(path=folder / f"{view}-{size}-{scheme}.png")
                    assert width <= viewport["width"], f"{view}: {width} pixels do not fit"

                journey(page, api, f"ada-{size}-{scheme}", inspect)
                # The browser also reports the 401 that the journey expects.
                problems = [problem for problem in problems if "401 (Unauthorized)" not in problem]
                assert not problems, problems
                context.close()
                print(f"signed up on a {size} {scheme} screen")


main()
