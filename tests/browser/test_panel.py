"""What a browser holds of an article that it may not read: in the document, in what came over the network, for screen
readers, and in its stores."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Page, Response
from tests.browser.press_room import METERED, REGISTERED, SUBSCRIBERS, Demo, Reader

from foldline.fold.prove import letters_of
from foldline.proof.shingles import Witness
from foldline.testing.answers import Answer

STORES = """async () => JSON.stringify([
  {...localStorage}, {...sessionStorage}, document.cookie, window.name, history.state,
  await caches.keys(), (await indexedDB.databases()).map(one => one.name),
  (await navigator.serviceWorker.getRegistrations()).length,
])"""
#: What a store of a browser may hold of ours: nothing.
EMPTY = [{}, {}, "", "", None, [], [], 0]


@pytest.fixture(scope="module")
def rests(chromium: Browser, demo: Demo) -> dict[str, str]:
    """What stands below the fold of each article, as a subscriber is sent it."""
    one = Reader(chromium, demo, "subscriber")
    found = {}
    for path in (METERED, SUBSCRIBERS, REGISTERED):
        one.open(path)
        found[path] = one.page.locator(".rest").inner_html()
        assert len(found[path]) > 1_000
    one.context.close()
    return found


def seen(witness: Witness, text: str | bytes) -> int:
    return witness.sees(Answer(200, (), text.encode() if isinstance(text, str) else text))


def spoken(page: Page) -> str:
    """Every name and value of the accessibility tree."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    nodes = [node for node in tree["nodes"] if not node.get("ignored")]
    values = [str(node.get(part, {}).get("value", "")) for node in nodes for part in ("name", "value", "description")]
    return " ".join(value for value in values if value)


def looked_through(page: Page) -> dict[str, str]:
    """Everything that a page holds, by where: text that the style hides is in the document all the same."""
    return {
        "document": page.content(),
        "text": str(page.evaluate("document.documentElement.textContent")),
        "accessibility tree": spoken(page),
        "stores": str(page.evaluate(STORES)),
    }


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("anonymous", SUBSCRIBERS),
        ("anonymous", REGISTERED),
        ("registered", SUBSCRIBERS),
        ("lapsed", SUBSCRIBERS),
    ],
)
def test_nothing_that_a_browser_holds_has_a_word_of_what_is_closed(
    chromium: Browser, demo: Demo, rests: dict[str, str], kind: str, path: str
) -> None:
    witness = Witness([rests[path]])
    one = Reader(chromium, demo, kind)
    came: list[Response] = []
    one.page.on("response", lambda answer: came.append(answer))
    page = one.open(path)
    one.settle()
    held = looked_through(page)
    assert {place: seen(witness, text) for place, text in held.items() if seen(witness, text)} == {}
    assert json.loads(held["stores"]) == EMPTY
    assert len(came) > 5
    bodies = {answer.url: answer.body() for answer in came if answer.status == 200}
    assert [url for url, body in bodies.items() if seen(witness, body)] == []
    # The panel sees: the same places hold the preview.
    preview = letters_of(page.locator(".body > p").first.inner_text())
    assert all(preview in letters_of(held[place]) for place in ("document", "text", "accessibility tree"))
    one.context.close()


def test_the_panel_finds_what_a_subscriber_holds(chromium: Browser, demo: Demo, rests: dict[str, str]) -> None:
    witness = Witness([rests[SUBSCRIBERS]])
    one = Reader(chromium, demo, "subscriber")
    page = one.open(SUBSCRIBERS)
    held = looked_through(page)
    assert all(seen(witness, held[place]) for place in ("document", "text", "accessibility tree"))
    assert json.loads(held["stores"]) == EMPTY
    one.context.close()
