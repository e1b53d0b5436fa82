"""What each reader sees, at every animation frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Route
from tests.browser.press_room import FREE, METERED, REGISTERED, SUBSCRIBERS, Demo, Reader

CHECKING = "You have a preview"
NotYet = Callable[..., Reader]


@pytest.fixture
def reader(chromium: Browser, demo: Demo) -> Iterator[NotYet]:
    opened: list[Reader] = []

    def make(kind: str = "anonymous", width: int = 1280, **options: object) -> Reader:
        opened.append(Reader(chromium, demo, kind, width, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.mark.parametrize("width", [320, 768, 1280])
@pytest.mark.parametrize(
    ("kind", "path", "whole", "sentence"),
    [
        ("anonymous", METERED, True, "You have read 1 of 3 free articles this month."),
        ("anonymous", REGISTERED, False, "with a free account"),
        ("anonymous", SUBSCRIBERS, False, "Subscribe"),
        ("registered", REGISTERED, True, ""),
        ("registered", SUBSCRIBERS, False, "You are signed in"),
        ("subscriber", SUBSCRIBERS, True, ""),
        ("subscriber", METERED, True, ""),
        ("lapsed", SUBSCRIBERS, False, "ended"),
        ("googlebot", SUBSCRIBERS, False, "Subscribe"),
        ("anonymous", FREE, False, ""),
    ],
)
def test_each_reader_gets_the_right_part_and_sentence_and_nothing_moves(
    reader: NotYet, kind: str, path: str, whole: bool, sentence: str, width: int
) -> None:
    one = reader(kind, width)
    one.open(path)
    one.settle()
    assert one.has_rest() is whole
    if sentence:
        assert sentence in one.gate_text()
    if kind in ("registered", "lapsed", "subscriber"):
        assert "Sign in" not in one.gate_text()
    assert one.at_once() <= 1
    assert one.shifts() == []
    assert CHECKING not in one.gate_text()
    assert not one.problems
    assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_rest_arrives_without_moving_focus_or_scroll(reader: NotYet, slow: Callable[[Reader, float], None]) -> None:
    one = reader()
    slow(one, 0.8)
    page = one.open(METERED)
    page.mouse.wheel(0, 700)
    page.wait_for_timeout(200)
    page.locator(".kicker a").focus()
    page.evaluate("window.scrollTo({top: 700, behavior: 'instant'})")
    before = page.evaluate("[scrollY, document.activeElement.outerHTML, location.href, history.length]")
    one.wait_for_rest()
    one.settle()
    assert page.evaluate("[scrollY, document.activeElement.outerHTML, location.href, history.length]") == before
    assert page.evaluate("document.querySelector('.rest').closest('article') !== null")
    assert page.evaluate("document.querySelectorAll('h1').length") == 1


@pytest.fixture
def slow() -> Callable[[Reader, float], None]:
    """Answers of `/-/read` that come late. The wait is the browser's own, so that nothing else is held up."""

    def slow_down(one: Reader, seconds: float) -> None:
        one.page.add_init_script(
            f"const real = window.fetch; window.fetch = async (...asked) => {{"
            f" if (String(asked[0]).includes('/-/read')) await new Promise(done => setTimeout(done, {seconds * 1000}));"
            " return real(...asked); };"
        )

    return slow_down


#: The page's timers up to a third of a second go off when the test says so: a busy machine can't make it longer.
TIMERS = """
window.timers_ = new Map();
const start = window.setTimeout, stop = window.clearTimeout;
window.setTimeout = (run, wait, ...rest) => {
  if (wait < 100 || wait > 333) return start(run, wait, ...rest);
  timers_.set(-wait, run);
  return -wait;
};
window.clearTimeout = (timer) => timers_.delete(timer) || stop(timer);
window.pass_ = (time) => [...timers_].forEach(([wait, run]) => -wait <= time && timers_.delete(wait) && run());
"""


def test_an_answer_within_three_tenths_of_a_second_brings_no_message(reader: NotYet) -> None:
    one = reader()
    held: list[Route] = []
    one.page.add_init_script(TIMERS)
    one.page.route("**/-/read", lambda route: held.append(route))
    with one.page.expect_request("**/-/read"):
        one.open(METERED, wait="domcontentloaded")
    one.page.evaluate("pass_(299)")
    assert one.page.locator("[data-state]").count() == 0
    held.pop().continue_()
    one.wait_for_rest()
    one.page.evaluate("pass_(1000)")
    one.settle()
    assert one.states() == ["open"]


def test_a_check_that_takes_longer_says_so_at_three_tenths_of_a_second(reader: NotYet) -> None:
    one = reader()
    one.page.add_init_script(TIMERS)
    one.page.route("**/-/read", lambda route: None)
    with one.page.expect_request("**/-/read"):
        one.open(METERED, wait="domcontentloaded")
    one.page.evaluate("pass_(300)")
    assert one.page.locator("[data-state=checking]").count() == 1


def test_after_two_seconds_there_was_one_message_and_it_is_gone(
    reader: NotYet, slow: Callable[[Reader, float], None]
) -> None:
    one = reader()
    slow(one, 2)
    page = one.open(METERED)
    page.wait_for_selector("[data-state=checking]")
    assert page.locator(f"text={CHECKING}").count() == 1
    assert page.locator("[role=status]").filter(has_text=CHECKING).count() == 1
    one.wait_for_rest()
    one.settle()
    assert page.locator(f"text={CHECKING}").count() == 0
    assert one.states() == ["checking", "open"]
    assert one.at_once() == 1
    assert one.shifts() == []


def test_a_check_that_hangs_ends_at_ten_seconds_and_try_again_works(reader: NotYet) -> None:
    one = reader()
    held: list[Route] = []
    one.page.route("**/-/read", lambda route: held.append(route))
    page = one.open(METERED, wait="domcontentloaded")
    page.wait_for_selector("[data-state=unreachable]", timeout=12_000)
    seconds = page.evaluate("performance.now()") / 1000
    assert 9.5 < seconds < 12
    assert "We could not check your access. Your subscription is not affected." in one.gate_text()
    assert one.states() == ["checking", "unreachable"]
    assert page.locator("aside.gate form[method=post]").count() == 1
    page.unroute("**/-/read")
    page.get_by_role("button", name="Try again").click()
    one.wait_for_rest()
    one.settle()
    assert one.states()[-1] == "open"
    assert one.at_once() == 1


@pytest.mark.parametrize("how", ["failed", "500"])
def test_a_check_that_fails_says_so_at_once(reader: NotYet, how: str) -> None:
    one = reader()
    one.page.route("**/-/read", lambda route: route.abort() if how == "failed" else route.fulfill(status=500))
    one.open(METERED)
    one.page.wait_for_selector("[data-state=unreachable]", timeout=1500)
    one.settle()
    assert one.at_once() == 1


def test_the_fourth_article_shows_when_the_next_ones_come(reader: NotYet, demo: Demo) -> None:
    one = reader()
    metered = [article["path"] for article in demo.facts["articles"] if article["access"] == "metered"]
    for path in metered[:3]:
        one.open(path)
        one.wait_for_rest()
    one.open(metered[3])
    one.page.wait_for_selector("[data-state=refused]")
    assert "With a free account you read 5 a month. Without one, the next come on 1 " in one.gate_text()
    assert not one.has_rest()
    one.open(metered[0])
    one.settle()
    assert one.has_rest()


def test_a_fragment_below_the_fold_is_scrolled_to_once_it_is_there(reader: NotYet) -> None:
    one = reader()
    page = one.open(METERED + "#continue")
    one.wait_for_rest()
    one.settle()
    top = page.evaluate("document.querySelector('#continue').getBoundingClientRect().top")
    assert -50 < top < 400


def test_a_prerendered_page_asks_nothing(reader: NotYet) -> None:
    one = reader()
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(request.url) if "/-/read" in request.url else None)
    one.page.add_init_script("Object.defineProperty(document, 'prerendering', {value: true, configurable: true})")
    page = one.open(METERED)
    page.wait_for_timeout(500)
    assert not asked
    page.evaluate("document.onprerenderingchange?.() ?? document.dispatchEvent(new Event('prerenderingchange'))")
    one.wait_for_rest()
    assert len(asked) == 1


def test_selection_copying_and_the_context_menu_are_left_alone(reader: NotYet) -> None:
    one = reader()
    page = one.open(SUBSCRIBERS)
    page.locator(".body p").first.select_text()
    assert len(page.evaluate("getSelection().toString()")) > 40
    assert page.evaluate(
        "['contextmenu', 'copy', 'selectstart'].every(name => document.body.dispatchEvent("
        "new Event(name, {bubbles: true, cancelable: true})))"
    )
    assert page.evaluate("getComputedStyle(document.documentElement).overflowY") in ("visible", "auto", "scroll")


def test_both_actions_of_a_wall_are_reached_by_the_tab_key(reader: NotYet) -> None:
    one = reader()
    page = one.open(SUBSCRIBERS)
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.closest('aside.gate') && document.activeElement.innerText"))
    assert {"Subscribe", "Sign in"} <= reached


def test_a_clean_browser_gets_only_declared_cookies_and_asks_no_third_party(reader: NotYet, demo: Demo) -> None:
    one = reader()
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(request.url))
    one.open(SUBSCRIBERS)
    one.settle()
    assert one.context.cookies() == []
    one.open(METERED)
    one.settle()
    assert {cookie["name"] for cookie in one.context.cookies()} == {
        "__Host-foldline-meter",
        "__Host-foldline-opening",
    }
    assert all(address.startswith(demo.url) for address in asked)
    assert one.page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_an_article_that_became_free_meanwhile_is_loaded_anew(reader: NotYet) -> None:
    one = reader()
    told = '<div class="answer" data-outcome="open" data-reason="article-is-free"><p>x</p>'
    told += '<meta http-equiv="refresh" content="0"></div><div class="answer-rest"></div>'
    one.page.route("**/-/read", lambda route: route.fulfill(body=told, content_type="text/html"), times=1)
    page = one.open(METERED)
    with page.expect_navigation():
        pass
    one.wait_for_rest()


@pytest.mark.parametrize("fragment", ["#%", "#100%", "#%E0%A4%A", "#nothing-of-this-name"])
def test_whatever_stands_behind_the_hash_the_rest_arrives(reader: NotYet, fragment: str) -> None:
    one = reader()
    one.open(METERED + fragment)
    one.wait_for_rest()
    one.settle()
    assert not one.problems
