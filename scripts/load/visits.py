"""Who comes, and what each of them does. A visit that has several steps asks the next when the last was answered."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from foldline.config import Settings
from foldline.server.demo.mailbox import read_mails
from foldline.signed import cookies, reader_pass
from foldline.signed.keys import Keyring
from foldline.signed.reader_pass import SESSION_SECONDS, PassFacts
from scripts.load.client import Answer, Web
from scripts.load.judge import Judge
from scripts.load.mix import Arrival, Day
from scripts.load.told import ACCESS, STORY, metered, slug

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
#: Where the verified crawler comes from, and where all others do.
CRAWLER = "127.9.9.9"
#: Kinds that open by a meter or sign in: how often one may is counted by network.
_COUNTED = ("metered", "sign-in", "payment")
_SCRIPT = {"Sec-Fetch-Site": "same-origin"}
#: Seconds until a mail must be there, and between two looks.
MAIL, LOOK = 10.0, 0.05


def subscriber(number: int) -> PassFacts:
    """What the store knows of a subscriber; reader and session have one name."""
    key = b"subscriber%06d" % number
    return PassFacts(key, key, {1: int(time.time()) + 30 * 86_400}, int(time.time()) + SESSION_SECONDS)


@dataclass(slots=True)
class Device:
    """Keeps cookies, and the token of the form that it was shown last."""

    source: str
    jar: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def headers(self, more: dict[str, str]) -> dict[str, str]:
        """The cookies, with what else is said."""
        held = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        return {**({"Cookie": held} if held else {}), **more}

    def keep(self, answer: Answer) -> Answer:
        """Take what an answer sets."""
        for line in answer.set_cookies:
            name, _, value = line.partition(";")[0].partition("=")
            self.jar[name] = value
        found = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', answer.text)
        self.token = found[1].decode() if found else self.token
        return answer


class Visits:
    """Each kind by its name."""

    def __init__(self, settings: Settings, web: Web, judge: Judge, day: Day) -> None:
        self._settings, self._web, self._judge, self._day = settings, web, judge, day
        self._keyring = Keyring(settings.secrets, settings.host)
        self._metered = metered(day.articles)
        self._gated = list(range(1, day.articles + 1))
        self.kinds: dict[str, Callable[[Arrival, float], Coroutine[Any, Any, None]]] = {
            "anonymous": self.anonymous, "subscriber": self.subscriber, "returning": self.returning,
            "metered": self.reads_four, "list": self.home, "feed": self.feed, "crawler": self.crawler,
            "claiming": self.claiming, "sign-in": self.sign_in, "payment": self.payment,
        }  # fmt: skip

    def _article(self, arrival: Arrival) -> int:
        return STORY if arrival.story else random.Random(arrival.number).choice(self._gated)  # noqa: S311

    async def _timed(self, due: float, asked: Awaitable[Answer]) -> tuple[Answer, float, float]:
        began = time.time()
        answer = await asked
        return answer, began, time.monotonic() - due

    async def anonymous(self, arrival: Arrival, due: float) -> None:
        article = self._article(arrival)
        answer, began, latency = await self._timed(due, self._web.ask("GET", f"/{slug(article)}", source=_of(arrival)))
        self._judge.preview(arrival.kind, article, answer, began, latency)

    async def subscriber(self, arrival: Arrival, due: float) -> None:
        await self._by_pass(arrival, due, 0)

    async def returning(self, arrival: Arrival, due: float) -> None:
        await self._by_pass(arrival, due, 86_400)

    async def _by_pass(self, arrival: Arrival, due: float, signed: int) -> None:
        article, number = self._article(arrival), random.Random(arrival.number).randrange(self._day.subscribers)  # noqa: S311
        held = reader_pass.from_facts(subscriber(number), int(time.time()) - signed)
        cookie = {"Cookie": f"{cookies.PASS}={reader_pass.issue(self._keyring, held)}"}
        asked = self._web.ask("GET", f"/{slug(article)}", cookie, source=_of(arrival))
        answer, began, latency = await self._timed(due, asked)
        self._judge.whole(arrival.kind, article, answer, began, latency)

    async def reads_four(self, arrival: Arrival, due: float) -> None:
        device = Device(_of(arrival))
        chosen = random.Random(arrival.number).sample(self._metered, 4)  # noqa: S311
        for count, article in enumerate(chosen):
            due = due if not count else time.monotonic()
            answer, began, latency = await self._timed(due, self._read(device, article))
            self._judge.opened(arrival.kind, article, answer, began, latency, opens=count < 3)

    async def _read(self, device: Device, article: int) -> Answer:
        number = await self._number(device.source, article)
        if not number:
            return Answer(text=b"the page has no number to ask with")
        form = urlencode({"article": number, "answer": "fragment"}).encode()
        return device.keep(await self._web.ask("POST", "/-/read", device.headers(_SCRIPT), form, source=device.source))

    async def _number(self, source: str, article: int) -> str:
        """What a form asks with. It stands in the preview for everybody; who has read enough is shown none."""
        page = await self._web.ask("GET", f"/{slug(article)}", source=source)
        found = re.search(rb'name="article" value="(\d+)"', page.text)
        return found[1].decode() if found else ""

    async def home(self, arrival: Arrival, due: float) -> None:
        answer, _, latency = await self._timed(due, self._web.ask("GET", "/", source=_of(arrival)))
        self._judge.closed(arrival.kind, answer, latency)

    async def feed(self, arrival: Arrival, due: float) -> None:
        answer, _, latency = await self._timed(due, self._web.ask("GET", "/feed.xml", source=_of(arrival)))
        self._judge.closed(arrival.kind, answer, latency)

    async def crawler(self, arrival: Arrival, due: float) -> None:
        await self._crawls(arrival, due, CRAWLER, verified=True)

    async def claiming(self, arrival: Arrival, due: float) -> None:
        await self._crawls(arrival, due, _of(arrival), verified=False)

    async def _crawls(self, arrival: Arrival, due: float, source: str, *, verified: bool) -> None:
        article = self._article(arrival)
        asked = self._web.ask("GET", f"/{slug(article)}", {"User-Agent": GOOGLEBOT}, source=source)
        answer, began, latency = await self._timed(due, asked)
        judged = self._judge.whole if verified else self._judge.preview
        judged(arrival.kind, article, answer, began, latency)

    async def sign_in(self, arrival: Arrival, due: float) -> None:
        device = Device(_of(arrival))
        if await self._signed_in(arrival, due, device, f"day-{arrival.number}@example.test"):
            article = self._metered[arrival.number % len(self._metered)]
            answer, began, latency = await self._timed(time.monotonic(), self._read(device, article))
            self._judge.opened("sign-in: reads", article, answer, began, latency, opens=True)

    async def _signed_in(self, arrival: Arrival, due: float, device: Device, address: str) -> bool:
        await self._get(device, "/-/sign-in?next=/")
        asked = await self._post(device, "/-/sign-in", {"email": address, "next": "/"})
        self._step(f"{arrival.kind}: asks for a code", asked, 303, due)
        due = time.monotonic()
        code = await self._code(address)
        await self._get(device, "/-/sign-in/code")
        due = max(due, time.monotonic() - 1.0)
        typed = await self._post(device, "/-/sign-in/code", {"code": code})
        return self._step(f"{arrival.kind}: types it", typed, 303, due) and cookies.PASS in device.jar

    async def payment(self, arrival: Arrival, due: float) -> None:
        device = Device(_of(arrival))
        if not await self._signed_in(arrival, due, device, f"payer-{arrival.number}@example.test"):
            return
        article = next(number for number in self._gated if ACCESS[number % len(ACCESS)] == "subscribers")
        path, due = f"/{slug(article)}", time.monotonic()
        page = await self._get(device, f"/-/subscribe?next={path}")
        named = re.findall(rb'<input type="hidden" name="(next|order|terms)" value="([^"]*)"', page.text)
        form = {name.decode(): value.decode() for name, value in named} | {"plan": "month", "agreed": "1"}
        begun = await self._post(device, "/-/subscribe", form)
        if not self._step("payment: orders", begun, 200, due):
            return
        paid = await self._at_till(begun.headers.get("refresh", "").removeprefix("0; url="), device.source)
        await self._get(device, urlsplit(paid)._replace(scheme="", netloc="").geturl())
        due = time.monotonic()
        answer, began, latency = await self._timed(due, self._get(device, path))
        self._judge.whole("payment: reads", article, answer, began, latency)

    async def _at_till(self, address: str, source: str) -> str:
        parts = urlsplit(address)
        till = Web(parts.port or 0, parts.netloc)
        try:
            answer = await till.ask("POST", parts.path, body=urlencode({"card": "works"}).encode(), source=source)
        finally:
            till.close()
        return answer.headers.get("location", "")

    async def _code(self, address: str) -> str:
        end = time.monotonic() + MAIL
        folder = Path(self._settings.home.mail)
        while time.monotonic() < end:
            mails = await asyncio.to_thread(read_mails, folder, self._settings.publication.url)
            for mail in mails:
                if mail.to == address and mail.code:
                    return mail.code
            await asyncio.sleep(LOOK)
        return ""

    async def _get(self, device: Device, path: str) -> Answer:
        return device.keep(await self._web.ask("GET", path, device.headers({}), source=device.source))

    async def _post(self, device: Device, path: str, form: dict[str, str]) -> Answer:
        body = urlencode({"csrfmiddlewaretoken": device.token, **form}).encode()
        same = {"Origin": self._settings.publication.url, **_SCRIPT}
        return device.keep(await self._web.ask("POST", path, device.headers(same), body, source=device.source))

    def _step(self, kind: str, answer: Answer, wanted: int, due: float) -> bool:
        latency = time.monotonic() - due
        if answer.status == wanted:
            self._judge.right(kind, latency)
        else:
            self._judge.failed(kind, answer, latency)
        return answer.status == wanted


def _of(arrival: Arrival) -> str:
    """An address of loopback. Who is counted has a network of their own; the many who are not share some."""
    number = arrival.number if arrival.kind in _COUNTED else arrival.number % 16
    kind = _COUNTED.index(arrival.kind) if arrival.kind in _COUNTED else len(_COUNTED)
    return f"127.{10 + kind + 10 * (number // 60_000)}.{number % 250}.{number // 250 % 240 + 1}"
