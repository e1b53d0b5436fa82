"""The two clocks of a pass, changes, and what happens while a store is down."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.gate.newspaper import READER, REST, SESSION, START, Newspaper, record

from foldline.gate.asgi import GateApp
from foldline.gate.visit import visit
from foldline.signed import cookies, reader_pass
from foldline.signed.reader_pass import PassFacts
from foldline.stores.records import RecordWriter

DAY = 86_400
YEAR = 365 * DAY


def opens(paper: Newspaper, path: str = "/subscribers") -> bool:
    return REST.encode() in paper.get(path).body


def test_a_fresh_pass_asks_nobody(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    paper.break_passes()
    assert opens(paper)


def test_a_stale_pass_is_renewed_from_the_store_and_set_again(paper: Newspaper) -> None:
    old = paper.sign_in({1: START + YEAR})
    token = paper.jar[cookies.PASS]
    paper.clock.time = old.fresh_until
    assert opens(paper)
    assert paper.jar[cookies.PASS] != token
    paper.break_passes()
    assert opens(paper)


def test_while_the_store_is_down_a_payer_reads_until_the_offline_end_and_not_longer(paper: Newspaper) -> None:
    held = paper.sign_in({1: START + YEAR})
    paper.break_passes()
    paper.clock.time = held.offline_until - 1
    assert opens(paper)
    paper.clock.time = held.offline_until
    answer = paper.get("/subscribers")
    assert REST.encode() not in answer.body
    assert b'data-reason="store-unreachable"' in answer.body


def test_the_offline_end_never_outlives_what_is_paid(paper: Newspaper) -> None:
    paper.sign_in({1: START + 600})
    paper.break_passes()
    paper.clock.time = START + 599
    assert opens(paper)
    paper.clock.time = START + 600
    assert not opens(paper)


def test_a_visit_without_a_pass_does_not_notice_that_the_store_is_down(paper: Newspaper) -> None:
    before = paper.get("/subscribers")
    paper.break_passes()
    assert paper.get("/subscribers") == before


def test_what_is_paid_ends_by_itself_while_the_store_answers(paper: Newspaper) -> None:
    paper.sign_in({1: START + 600})
    paper.clock.time = START + 600
    answer = paper.get("/subscribers")
    assert b'data-reason="subscription-ended"' in answer.body


def test_signing_out_elsewhere_closes_within_the_next_look_at_changes(paper: Newspaper) -> None:
    held = paper.sign_in({1: START + YEAR})
    paper.worker.hear()
    assert opens(paper)
    paper.store(PassFacts(READER, SESSION, {1: START + YEAR}, held.session_until, ended=True))
    paper.worker.hear()
    assert not opens(paper)


def test_an_ended_session_is_found_out_at_the_latest_when_the_pass_is_stale(paper: Newspaper) -> None:
    held = paper.sign_in({1: START + YEAR})
    paper.store(PassFacts(READER, SESSION, {1: START + YEAR}, held.session_until, ended=True), change=False)
    assert opens(paper)
    paper.clock.time = held.fresh_until
    assert not opens(paper)
    assert cookies.PASS not in paper.jar


def test_a_subscription_given_now_opens_at_the_next_look_at_changes(paper: Newspaper) -> None:
    held = paper.sign_in()
    paper.worker.hear()
    assert not opens(paper)
    paper.store(PassFacts(READER, SESSION, {1: START + YEAR}, held.session_until))
    paper.worker.hear()
    assert opens(paper)


def test_a_session_that_is_over_opens_nothing(paper: Newspaper) -> None:
    held = paper.sign_in({1: START + YEAR * 5})
    paper.clock.time = held.session_until
    assert not opens(paper)


def test_a_pass_of_another_publication_is_none(paper: Newspaper) -> None:
    held = paper.sign_in({1: START + YEAR})
    foreign = type(paper.worker.state.keyring)((b"z" * 40,), "127.0.0.1:8080")
    paper.jar[cookies.PASS] = reader_pass.issue(foreign, held)
    assert not opens(paper)


def test_a_pass_is_verified_anew_when_a_byte_of_it_changes(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    assert opens(paper)
    paper.jar[cookies.PASS] = paper.jar[cookies.PASS].swapcase()
    assert not opens(paper)


def test_a_new_version_is_served_after_its_change_was_heard(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    assert opens(paper)
    writer = RecordWriter(paper.home)
    changed = record(4, record(4, None).article.access, "/subscribers")
    changed = replace(changed, article=paper.worker.library.page(b"/subscribers").article)  # type: ignore[union-attr]
    writer.put_article(replace(changed, version=2, rest="<p>Corrected.</p>"))
    writer.close()
    assert opens(paper)
    paper.change("article", "/subscribers")
    paper.worker.hear()
    assert b"<p>Corrected.</p>" in paper.get("/subscribers").body


def test_a_whole_that_was_replaced_twice_before_its_change_was_heard_is_looked_up_again(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    paper.get("/metered-10")
    page = paper.worker.library.page(b"/metered-10")
    writer = RecordWriter(paper.home)
    for version in (2, 3):
        writer.put_article(replace(record(10, page.article.access, "/metered-10"), version=version))  # type: ignore[union-attr]
    writer.close()
    paper.worker.library._sealed.clear()
    assert opens(paper, "/metered-10")


def test_a_sealed_store_that_is_gone_means_a_preview_that_says_so(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    paper.break_records("sealed")
    answer = paper.get("/subscribers")
    assert answer.status == 503
    assert b'data-reason="store-unreachable"' in answer.body


def test_a_page_that_cannot_be_read_answers_503_and_says_when_to_try_again(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    assert opens(paper)
    paper.break_records("public")
    for path in ("/metered", "/", "/nowhere"):
        answer = paper.get(path)
        assert (answer.status, answer.body) == (503, b"This page can't be read now. Please try again.\n")
        assert (b"retry-after", b"5") in answer.headers
    assert opens(paper)


def test_without_rules_only_previews_are_served(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    paper.worker.state.rules = None
    answer = paper.get("/subscribers")
    assert b'data-reason="rules-are-missing"' in answer.body
    assert REST.encode() not in answer.body


@pytest.mark.parametrize("path", ["/-/account", "/-/sign-in", "/-/anything"])
def test_while_the_site_process_is_down_its_pages_say_so_and_articles_go_on(paper: Newspaper, path: str) -> None:
    assert paper.get(path).status == 502
    assert paper.get("/metered").status == 200


def test_a_broken_part_of_the_gate_answers_a_constant_and_opens_nothing(paper: Newspaper) -> None:
    import asyncio

    paper.sign_in({1: START + YEAR})
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        sent.append(dict(message))  # type: ignore[call-overload]

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    scope = {
        "type": "http", "method": "GET", "raw_path": b"/subscribers", "query_string": b"", "client": None,
        "headers": [(b"host", b"127.0.0.1:8080"), (b"cookie", f"{cookies.PASS}={paper.jar[cookies.PASS]}".encode())],
    }  # fmt: skip
    paper.worker.library.page = lambda path: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    asyncio.run(paper.worker.app(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 500
    assert sent[1]["body"] == b"Something went wrong on our side.\n"


@pytest.mark.parametrize("path", [b"/-/read", b"/-/billing/notice"])
def test_a_body_that_does_not_come_is_not_waited_for(
    paper: Newspaper, monkeypatch: pytest.MonkeyPatch, path: bytes
) -> None:
    import asyncio

    from foldline.gate import asgi

    monkeypatch.setattr(asgi, "PATIENCE", 0.02)
    sent: list[dict[str, object]] = []
    first = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def send(message: object) -> None:
        sent.append(dict(message))  # type: ignore[call-overload]

    async def receive() -> dict[str, object]:
        return first.pop() if first else await asyncio.Future()

    scope = {
        "type": "http", "method": "POST", "raw_path": path, "query_string": b"", "client": None,
        "headers": [(b"host", b"127.0.0.1:8080")],
    }  # fmt: skip
    asyncio.run(asyncio.wait_for(paper.worker.app(scope, receive, send), 10))  # type: ignore[arg-type]
    assert (sent[0]["status"], sent[1]["body"]) == (408, b"The request did not come.\n")


def test_a_visit_is_a_generator_that_does_no_io_itself(paper: Newspaper) -> None:
    from foldline.gate import needs
    from foldline.gate.request import Request

    steps = visit(Request("GET", b"/metered", b"", [(b"host", b"127.0.0.1:8080")]), paper.worker.state)
    need = next(steps)
    assert need == needs.Page(b"/metered")
    with pytest.raises(StopIteration) as end:
        steps.send(asyncio.run(paper.worker.library.reach(b"/metered")))
    assert end.value.value == paper.get("/metered")
    assert isinstance(paper.worker.app, GateApp)


def test_a_worker_that_starts_anew_still_knows_who_signed_out(paper: Newspaper) -> None:
    from tests.gate.newspaper import SECRET

    from foldline.config import load
    from foldline.server.worker import Worker

    held = paper.sign_in({1: START + YEAR})
    paper.store(PassFacts(READER, SESSION, {1: START + YEAR}, held.session_until, ended=True))
    paper.worker = Worker(load(paper.home, {"FOLDLINE_SECRET": SECRET}), 0, paper.clock)
    paper.worker.hear()
    assert not opens(paper)


def test_past_the_offline_end_being_signed_in_opens_nothing_either(paper: Newspaper) -> None:
    held = paper.sign_in()
    paper.break_passes()
    paper.clock.time = held.offline_until - 1
    assert opens(paper, "/registered")
    paper.clock.time = held.offline_until
    answer = paper.get("/registered")
    assert b'data-reason="store-unreachable"' in answer.body
    assert REST.encode() not in answer.body


@pytest.mark.parametrize("back", [60, 3600, 10 * 86_400])
@pytest.mark.parametrize("store", ["answers", "is away"])
def test_a_clock_that_is_set_back_refuses_no_payer_and_opens_nothing_for_others(
    paper: Newspaper, back: int, store: str
) -> None:
    paper.sign_in({1: START + 10**7})
    held = dict(paper.jar)
    assert opens(paper)
    if store == "is away":
        paper.break_passes()
    paper.clock.time = START - back
    assert opens(paper)
    paper.jar.clear()
    assert not opens(paper)
    assert paper.jar == {}
    paper.jar.update(held)
    paper.clock.time = START
    assert opens(paper)


def test_a_session_that_was_ended_stays_ended_when_the_clock_is_set_back(paper: Newspaper) -> None:
    paper.sign_in({1: START + 10**7})
    paper.store(PassFacts(READER, SESSION, {1: START + 10**7}, START + 10**7, ended=True))
    paper.worker.hear()
    paper.clock.time = START - 3600
    assert not opens(paper)
