"""Signs somebody up on the pages of a local stack, without a terminal: the API reference, and the mailbox."""

import re
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

SIZES = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 375, "height": 800}}


def execute(page: Page, operation: str, body: str | None = None) -> None:
    """Opens an operation by its link at the top, tries it out, and waits for its answer."""
    block = page.locator(f"[id$='-{operation}']")
    page.locator(f"a[href$='/{operation}']").first.click()
    block.get_by_role("button", name="Try it out").click()
    if body is not None:
        block.locator("textarea.body-param__text").fill(body)
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table")).to_be_visible()


def answer(page: Page, operation: str):
    """The status and the body of an operation's answer."""
    row = page.locator(f"[id$='-{operation}'] .live-responses-table .response")
    return row.locator(".response-col_status"), row.locator(".highlight-code").first


def journey(page: Page, api: str, person: str, look) -> None:
    """Signs somebody up, reads his code in the mailbox, proves it, and sees the session."""
    page.goto(api)
    expect(page.locator("[id$='-create-user']")).to_be_visible()
    look(page, "reference")
    expect(page.get_by_role("heading", name="Latchkey API reference")).to_be_visible()
    execute(page, "create-user", f'{{"email": "{person}@example.com", "fullName": "Ada Lovelace", "alias": "{person}"}}')
    expect(answer(page, "create-user")[0]).to_contain_text("202")
    proof = page.locator("#code-id").inner_text()

    with page.expect_popup() as popup:
        page.get_by_role("link", name="Open the mailbox").click()
    mailbox = popup.value
    mailbox.locator("#list button").first.click()
    expect(mailbox.locator("#facts")).to_contain_text(f"{person}@example.com")
    code = re.sub(r"\s", "", mailbox.locator("#digits").inner_text())
    assert re.fullmatch(r"\d{6}", code), "the mail has no code"
    look(mailbox, "mailbox")

    # The bearer is sent by itself, but opens nothing yet.
    execute(page, "check-session")
    expect(answer(page, "check-session")[0]).to_contain_text("401")
    execute(page, "verify-session", f'{{"verificationCodeID": "{proof}", "code": "{code}"}}')
    expect(answer(page, "verify-session")[0]).to_contain_text("202")
    page.locator("[id$='-check-session']").get_by_role("button", name="Execute").click()
    status, session = answer(page, "check-session")
    expect(status).to_contain_text("200")
    expect(session).to_contain_text(f'"alias": "{person}"')
    expect(session).to_contain_text('"verified": true')
    status.scroll_into_view_if_needed()
    look(page, "session")


def main() -> None:
    api, folder = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for size, viewport in SIZES.items():
            for scheme in ("light", "dark"):
                context = browser.new_context(viewport=viewport, color_scheme=scheme)
                complaints: list[str] = []
                context.on("request", lambda request: request.url.startswith((api, "data:")) or complaints.append(request.url))
                context.on("weberror", lambda error: complaints.append(str(error.error)))
                context.on("console", lambda said: said.type == "error" and complaints.append(said.text))
                page = context.new_page()

                def look(page: Page, what: str) -> None:
                    """Nothing sticks out, and a picture of it for a person to look at."""
                    width = page.evaluate("document.documentElement.scrollWidth")
                    if folder:
                        page.screenshot(path=folder / f"{what}-{size}-{scheme}.png")
                    assert width <= viewport["width"], f"{what}: {width} pixels do not fit"

                journey(page, api, f"ada-{size}-{scheme}", look)
                # A browser reports each 401, here the one that was meant to come.
                complaints = [complaint for complaint in complaints if "401 (Unauthorized)" not in complaint]
                assert not complaints, complaints
                context.close()
                print(f"signed up on a {size} {scheme} screen")


main()
